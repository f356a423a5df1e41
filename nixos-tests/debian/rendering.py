"""What the module renders a hive to: path -> text, kept as a JSON file of `nixos-tests/eval/expected`."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

_TESTS: Final = Path(__file__).resolve().parent.parent
EXPECTED: Final = _TESTS / "eval" / "expected"
_HIVE: Final = re.compile(r'^  hive = "(\w+)";$', re.MULTILINE)


def of_test(name: str) -> str:
    """Name of the rendering that a VM test's machine has: that of its hive."""
    (hive,) = _HIVE.findall((_TESTS / "vm" / f"{name}.nix").read_text(encoding="utf-8"))
    return f"vm-{hive}"


def load(name: str) -> dict[str, str]:
    """The committed rendering of this name."""
    stored = json.loads((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
    return {
        path: json_text(value) if path.endswith(".json") else "".join(f"{line}\n" for line in value)
        for path, value in stored.items()
    }


def dump(rendering: Mapping[str, str]) -> str:
    """The text of a rendering's file: a JSON file is its value there, any other the list of its lines."""
    return json_text(
        {
            path: json.loads(text) if path.endswith(".json") else text.splitlines()
            for path, text in rendering.items()
        }
    )


def json_text(value: object) -> str:
    """A value as all of our JSON is written."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def unpack(rendering: Mapping[str, str], directory: Path) -> None:
    """Write a rendering's files below a directory."""
    for name, text in rendering.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
