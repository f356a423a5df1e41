"""What the module renders a hive to: path -> text, kept as a JSON file of `nixos-tests/eval/expected`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_TESTS: Final = Path(__file__).resolve().parent.parent
EXPECTED: Final = _TESTS / "eval" / "expected"
_CONTRACT: Final = _TESTS.parent / "pkgs" / "hyperhive" / "contract"
_CONFIG: Final = re.compile(r".*/etc/hyperhive/(broker|harness)\.json")
_HIVE: Final = re.compile(r'^  hive = "(\w+)";$', re.MULTILINE)


def of_test(name: str) -> str:
    """Name of the rendering that a VM test's machine has: that of its hive."""
    (hive,) = _HIVE.findall((_TESTS / "vm" / f"{name}.nix").read_text(encoding="utf-8"))
    return f"vm-{hive}"


def load(name: str) -> dict[str, str]:
    """The committed rendering of this name."""
    stored = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    return {
        path: json_text(_settings(path, value, fill=True))
        if path.endswith(".json")
        else "".join(f"{line}\n" for line in value)
        for path, value in stored.items()
    }


def dump(rendering: Mapping[str, str]) -> str:
    """The text of a rendering's file: a JSON file is its value there, any other the list of its lines.

    Settings that are as the program's schema has them by default are left out; `load` fills them in.

    Raises:
        ValueError: A configuration file lacks a setting or has an unknown one, or a file ends within a line.
    """
    return json_text(
        {
            path: _settings(path, json.loads(text), fill=False)
            if path.endswith(".json")
            else _lines(path, text)
            for path, text in rendering.items()
        }
    )


def _lines(path: str, text: str) -> list[str]:
    *lines, rest = text.split("\n")
    if rest:
        raise ValueError(f"{path}: the last line has no end")
    return lines


def _settings(path: str, value: Any, *, fill: bool) -> Any:
    """The value of a JSON file; that of a configuration file with its defaults, or without them."""
    config = _CONFIG.fullmatch(path)
    if not config:
        return value
    schema = json.loads((_CONTRACT / f"{config[1]}.schema.json").read_text(encoding="utf-8"))

    def default(field: Any) -> Any:
        return field.get("default", {} if "$ref" in field else ...)

    def walk(inner: Any, field: Any) -> Any:
        match schema["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field:
            case {"anyOf": [kind, {"type": "null"}]} if inner is not None:
                return walk(inner, kind)
            case {"patternProperties": patterns}:
                (kind,) = patterns.values()
                return {name: walk(one, kind) for name, one in inner.items()}
            case {"properties": fields} if fill:
                return {name: walk(inner.get(name, default(one)), one) for name, one in fields.items()}
            case {"properties": fields}:
                if different := fields.keys() ^ inner.keys():
                    raise ValueError(f"{path}: has no or no known {', '.join(sorted(different))}")
                walked = {name: walk(inner[name], one) for name, one in fields.items()}
                return {name: one for name, one in walked.items() if one != default(fields[name])}
        return inner

    return walk(value, schema)


def json_text(value: object) -> str:
    """A value as all of our JSON is written."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def unpack(rendering: Mapping[str, str], directory: Path) -> None:
    """Write a rendering's files below a directory."""
    for name, text in rendering.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
