"""`modules/OPTIONS.md`: one page from the evaluated declarations of all options."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from hyperhive.config import schema
from tests.nixos import nix

PAGE: Final = nix.MODULES / "OPTIONS.md"

HIVE: Final = "services.hyperhive."
AGENT: Final = f"{HIVE}agents.<name>."
MANAGER: Final = f"{HIVE}manager."
INSIDE: Final = "hyperhive."
#: Options that fill a configuration file key by key, and the kind of file.
SETTINGS: Final = {f"{HIVE}settings": "broker", f"{INSIDE}settings": "harness"}

_INTRODUCTION: Final = """\
# Options

What a hive can be told in `configuration.nix`. `make golden` makes this page from the options themselves.

- [The hive](#the-hive): `services.hyperhive.*`
- [An agent](#an-agent): `services.hyperhive.agents.<name>.*`, `services.hyperhive.manager.*`, and
  `hyperhive.*` inside of an agent's container
- [The manager alone](#the-manager-alone), [inside of a container alone](#inside-of-a-container-alone)
- [Keys of broker.json](#keys-of-brokerjson), [keys of harness.json](#keys-of-harnessjson)
"""

_AGENT: Final = """\
The same options stand in three places: below `services.hyperhive.agents.<name>` for a declared agent, below
`services.hyperhive.manager` for the manager, and below `hyperhive` in the NixOS module of one agent (a file
`agent.nix`, or whatever `config` holds). Say each option in one of them: two different values are a conflict.
"""

_HOST_ONLY: Final = "Not inside of a container."

_KEYS: Final = """\
`{settings}` is this file, key by key. Most keys are filled from the options above; set here what has no
option of its own. While the system builds the program refuses an unknown key or a wrong value.
"""


@dataclass(frozen=True)
class Option:
    """One option as NixOS documents it; texts are Nix, but the description, which is Markdown."""

    name: str
    type: str
    description: str | None
    default: str | None
    example: str | None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """The option of a JSON object."""
        return cls(**fields)


@dataclass(frozen=True)
class Declared:
    """Every option, by the name that it has in its place."""

    host: Mapping[str, Option]
    inside: Mapping[str, Option]

    def below(self, prefix: str) -> dict[str, Option]:
        """Options below `prefix` by the rest of their name."""
        where = self.inside if prefix == INSIDE else self.host
        return {name.removeprefix(prefix): one for name, one in where.items() if name.startswith(prefix)}


def declared() -> Declared:
    """What the modules declare now.

    Raises:
        EvaluationError: The modules do not evaluate.
    """
    found = nix.hives("options")
    return Declared(*({one["name"]: Option.of(one) for one in found[part]} for part in ("host", "inside")))


def render(options: Declared) -> str:
    """The page."""
    agent, manager, inside = (options.below(prefix) for prefix in (AGENT, MANAGER, INSIDE))

    def is_hive(name: str) -> bool:
        return not name.startswith(("agents.<name>.", "manager."))

    parts = [
        _INTRODUCTION,
        "## The hive\n",
        *_entries(options.below(HIVE), HIVE, is_hive),
        "## An agent\n",
        _AGENT,
        *_entries(
            agent, "", lambda _: True, notes={name: _HOST_ONLY for name in agent if name not in inside}
        ),
        "## The manager alone\n",
        *_entries(manager, MANAGER, lambda name: name not in agent),
        "## Inside of a container alone\n",
        *_entries(inside, INSIDE, lambda name: name not in agent),
    ]
    for settings, kind in SETTINGS.items():
        parts += [f"## Keys of {kind}.json\n", _KEYS.format(settings=settings), _table(kind)]
    return "\n".join(parts)


def _entries(
    options: Mapping[str, Option],
    prefix: str,
    wanted: Callable[[str], bool],
    notes: Mapping[str, str] | None = None,
) -> Iterable[str]:
    for name, option in sorted(options.items()):
        if wanted(name):
            yield _entry(f"{prefix}{name}", option, (notes or {}).get(name))


def _entry(name: str, option: Option, note: str | None) -> str:
    facts = [f"- Type: {_one_line(option.type)}"]
    facts += _fact("Default", option.default) + _fact("Example", option.example)
    description = "\n\n".join(filter(None, (_markdown(option.description or ""), note)))
    return "\n".join([f"### `{name}`", "", description, "", *facts, ""])


def _fact(title: str, value: str | None) -> list[str]:
    if value is None:
        return []
    lines = value.strip().splitlines()
    if len(lines) > 1:
        return [f"- {title}:", "", "  ```nix", *(f"  {line}".rstrip() for line in lines), "  ```"]
    is_prose = "{option}" in value or "`" in value
    return [f"- {title}: {_markdown(value) if is_prose else f'`{value.strip()}`'}"]


def _table(kind: str) -> str:
    whole = json.loads(schema.render(kind))
    rows = _rows(whole, whole["$defs"], "")
    return "\n".join(["| key | type | default | meaning |", "|---|---|---|---|", *rows, ""])


def _rows(model: dict[str, Any], models: dict[str, Any], prefix: str) -> Iterator[str]:
    for key, field in sorted(model["properties"].items()):
        name, kind = f"{prefix}{key}", _kind(field)
        inner = models.get(kind.rpartition(" ")[2], {"properties": {}})
        default = f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else ""
        meaning = (field.get("description") or inner.get("description", "")).partition("\n\n")[0]
        cells = (f"`{name}`", _one_line(re.sub(r"\w+Config", "table", kind)), default, _markdown(meaning))
        yield f"| {' | '.join(map(_cell, cells))} |"
        yield from _rows(inner, models, f"{name}.<name>." if "attribute set" in kind else f"{name}.")


def _kind(field: dict[str, Any]) -> str:
    """What the field takes, in words; the last one is its model's name where it has one."""
    match field:
        case {"$ref": str(reference)}:
            words = reference.rpartition("/")[2]
        case {"anyOf": [inner, {"type": "null"}]}:
            words = f"null or {_kind(inner)}"
        case {"patternProperties": patterns}:
            ((names, inner),) = patterns.items()
            words = f"attribute set, under names that match {names}, of {_kind(inner)}"
        case {"items": items}:
            words = f"{'non-empty ' if 'minItems' in field else ''}list of {_kind(items)}"
        case {"enum": values}:
            words = " or ".join(map(json.dumps, values))
        case {"type": "string"}:
            most = f" of at most {field['maxLength']} characters" if "maxLength" in field else ""
            pattern = f" that matches {field['pattern']}" if "pattern" in field else ""
            words = f"{'non-empty ' if 'minLength' in field else ''}string{most}{pattern}"
        case _:
            bounds = [f" {side} {field[side]}" for side in ("minimum", "maximum") if side in field]
            words = field["type"] + ",".join(bounds)
    return words


def _markdown(description: str) -> str:
    """The description without the roles that only NixOS's manual knows."""
    return re.sub(r"\{(option|file|command|env|var|manpage)\}(?=`)", "", description).strip()


def _one_line(words: str) -> str:
    """A type, where a pipe, an asterisk or a bracket means itself."""
    return re.sub(r"([\\*_|<>\[\]])", r"\\\1", " ".join(words.split()))


def _cell(words: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", " ".join(words.split()))
