"""The committed renderings of `nixos-tests/eval/expected`: how a hive becomes text, what has changed."""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.nixos import debian, nix

EXPECTED: Final = nix.EVAL / "expected"
#: The VM tests, their hives, and what evaluates their machines.
VM: Final = nix.ROOT / "nixos-tests" / "vm"
_HIVES: Final = nix.ROOT / "nixos-tests" / "lib" / "hives"
_OFFLINE: Final = nix.ROOT / "nixos-tests" / "lib" / "offline.nix"
#: A hive as well, although it stands elsewhere.
_TEMPLATE: Final = nix.ROOT / "templates" / "default" / "configuration.nix"

_STORE: Final = re.compile(r"/nix/store/[0-9a-z]{32}-([A-Za-z0-9+._?=-]+)")
_VERSION: Final = re.compile(r"-[^A-Za-z].*")
#: Lines that another tree has otherwise, or that only NixOS's switch reads.
_OF_THE_TREE: Final = re.compile(r'X-[A-Za-z-]+=|Environment="(LOCALE_ARCHIVE|TZDIR)=')


def names() -> list[str]:
    """Every hive of its own, that is, of no VM test."""
    found = [path.stem for path in (nix.EVAL / "hives").glob("*.nix")]
    return sorted([*found, *(["template"] if _TEMPLATE.is_file() else [])])


def tests() -> dict[str, list[str]]:
    """Every hive of VM tests, as its rendering is called -> the tests whose machine has it."""
    names = sorted(path.stem for path in VM.glob("*.nix"))
    return {
        hive: [name for name in names if debian.load("rendering").of_test(name) == hive]
        for hive in sorted(f"vm-{path.stem}" for path in _HIVES.glob("*.nix"))
    }


def rendered(hive: str) -> dict[str, str]:
    """Path -> text, as the modules are now; a hive of its own was evaluated as a whole system.

    Raises:
        EvaluationError: The hive does not evaluate.
    """
    users = tests().get(hive)
    evaluated = machine(users[0], without=["toplevel"]) if users else nix.hives(f"hives.{hive}")
    return texts(evaluated["files"])


def machine(test: str, *, without: Sequence[str] = ()) -> dict[str, Any]:
    """A VM test as `nixos-tests/lib/offline.nix` describes it, without some of its attributes.

    Raises:
        EvaluationError: Its machine does not evaluate.
    """
    described: dict[str, Any] = nix.evaluate(
        f"{{ nixpkgs, lib }}: removeAttrs (import {_OFFLINE} {{ inherit nixpkgs lib; }}).{test} "
        f"(builtins.fromJSON {json.dumps(json.dumps(without))})",
        nixpkgs=str(nix.tree()),
        lib=str(nix.library() / "lib"),
    )
    return described


def texts(files: Mapping[str, Any]) -> dict[str, str]:
    """Path -> text of files as they were evaluated, each a text or a value that is JSON there."""
    return {path: text(path, value) for path, value in files.items()}


def committed(hive: str) -> dict[str, str]:
    """Path -> text, as they are committed."""
    files: dict[str, str] = debian.load("rendering").load(hive)
    return files


def file(hive: str) -> Path:
    """Where the committed rendering of a hive is."""
    return EXPECTED / f"{hive}.json"


def difference(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """What changed from `old` to `new`, file by file; empty when nothing did."""
    lines: list[str] = []
    for path in sorted({*old, *new}):
        lines += difflib.unified_diff(
            old.get(path, "").splitlines(),
            new.get(path, "").splitlines(),
            f"{path} (committed)" if path in old else "(no such file)",
            f"{path} (evaluated)" if path in new else "(no such file)",
            lineterm="",
        )
    return "\n".join(lines)


def text(path: str, value: Any) -> str:
    """The text of a file: no hashes and versions, and nothing that only tells which nixpkgs it was."""
    whole = (
        value if isinstance(value, str) else json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    )
    whole = _STORE.sub(lambda found: f"/nix/store/{_VERSION.sub('', found[1])}", whole)
    lines = whole.splitlines()
    if "/units/" in path or path.endswith(".network"):
        lines = _sections(lines)
    elif path.endswith(".conf"):
        lines = sorted(line for line in lines if line.strip())
    return "\n".join(lines) + "\n"


def _sections(lines: list[str]) -> list[str]:
    """A unit with one blank line before each section but the first, and none elsewhere."""
    kept = [line for line in lines if line.strip() and not _OF_THE_TREE.match(line)]
    return [part for line in kept for part in (["", line] if line[0] == "[" and line != kept[0] else [line])]
