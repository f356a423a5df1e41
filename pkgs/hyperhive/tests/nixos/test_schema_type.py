import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from tests.nixos import nix

nix.need_library()

HERE: Final = Path(__file__).parent


def text_like(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


def object_of(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


UNKNOWN: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({}, "#: cannot translate {}"),
    ({"type": "number"}, '#: cannot translate {"type":"number"}'),
    ({"type": "string", "format": "uri"}, "#: format is not known"),
    ({"type": "integer", "exclusiveMinimum": 0}, "#: exclusiveMinimum is not known"),
    ({"type": "array"}, "#: items are missing"),
    ({"type": "array", "items": {"type": "null"}}, "#/items: cannot translate"),
    ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, "#: uniqueItems is not known"),
    ({"type": "object"}, '#: cannot translate {"type":"object"}'),
    ({"type": "object", "additionalProperties": True}, "#: cannot translate"),
    ({**object_of(), "additionalProperties": True}, "#: an object with properties must be closed"),
    ({**object_of(a={"type": "boolean"}), "required": []}, "#: a must be required"),
    (
        object_of(a=object_of(b={"type": "string", "not": {}})),
        "#/properties/a/properties/b: not is",
    ),
    (
        {"type": "object", "patternProperties": {"^a": {}, "^b": {}}},
        "#: an object must have properties,",
    ),
    ({"type": "object", "patternProperties": {"^a": {}}}, "#/patternProperties/^a: cannot translate {}"),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "#: anyOf must be one type"),
    (
        {"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "null"}]},
        "#: anyOf must be one type",
    ),
    ({"enum": [1, 2]}, "#: only strings can be chosen from"),
    ({"const": True}, "#: only strings can be chosen from"),
    ({"const": "a", "type": "boolean"}, "#: const is not known of type boolean"),
    ({"anyOf": [], "type": "string"}, "#: anyOf is not known of type string"),
    ({**object_of(), "type": "array"}, "#: properties is not known of type array"),
    ({"$ref": "#/$defs/A"}, "#: #/$defs/A is not among the definitions"),
    ({"$ref": "#/$defs/A", "$defs": {"A": {"oneOf": []}}}, "#/$defs/A: cannot translate"),
    ({"$ref": "#/$defs/A", "minimum": 1, "$defs": {"A": {"type": "integer"}}}, "#: minimum is not known"),
    (text_like(r"^\d+$"), r"pattern ^\d+$: `\' is not known"),
    (text_like("^a.b$"), "`.' is not known"),
    (text_like("^[^a]$"), "is not known"),
    (text_like(r"^[\w]$"), "is not known"),
    (text_like("^a|b$"), "an alternative is known between parentheses only"),
    (text_like("^(a|)$"), "an empty alternative is not known"),
    (text_like("^a+?$"), "a quantifier must follow what it repeats"),
    (text_like("^(?:a)$"), "a quantifier must follow what it repeats"),
    (text_like("^a$b"), "an anchor is known at either end only"),
    (text_like("^(a$"), "parentheses do not match"),
)


def test_what_has_no_type_is_refused_with_its_place_in_the_schema() -> None:
    def refusal(unknown: dict[str, Any]) -> str:
        with pytest.raises(nix.EvaluationError) as caught:
            describe(unknown)
        return str(caught.value)

    with ThreadPoolExecutor(max_workers=4) as pool:
        said = list(pool.map(refusal, [unknown for unknown, _ in UNKNOWN]))
    lacking = [
        (want, message)
        for (_, want), message in zip(UNKNOWN, said, strict=True)
        if want not in message or "JSON schema, #" not in message
    ]
    assert lacking == []


def describe(document: dict[str, Any]) -> Any:
    return nix.evaluate(
        HERE / "schema.nix",
        library=str(nix.library()),
        modules=str(nix.MODULES),
        schema=json.dumps(document, separators=(",", ":")),
    )


def test_descriptions_say_what_is_allowed() -> None:
    definitions = {"Port": {"type": "integer", "minimum": 0, "maximum": 65535}}
    described: dict[str, dict[str, Any]] = {
        "boolean": {"type": "boolean"},
        "integer": {"type": "integer"},
        "integer of at most 9": {"type": "integer", "maximum": 9},
        "integer of 0 to 65535": {"$ref": "#/$defs/Port", "$defs": definitions},
        "string that matches a": text_like("a"),
        'one of "a", "b"': {"enum": ["a", "b"], "type": "string"},
        'value "a" (singular enum)': {"const": "a", "type": "string"},
        "null or boolean": {"anyOf": [{"type": "boolean"}, {"type": "null"}]},
        "list of (null or boolean) with at least 2 of them": {
            "type": "array",
            "minItems": 2,
            "items": {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
        },
    }
    assert {text: describe(document) for text, document in described.items()} == {t: t for t in described}
