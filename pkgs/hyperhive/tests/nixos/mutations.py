"""Small changes of a configuration file: what a person gets wrong, one mistake at a time."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

#: Objects whose keys are names that the writer chooses.
MAPS: Final = frozenset({"agents", "mcp_servers", "env", "credentials"})

_VALUES: Final[tuple[Any, ...]] = (
    None,
    True,
    -1,
    0,
    1,
    15,
    63,
    96,
    3601,
    65536,
    100_001,
    1.5,
    7000.0,
    "",
    "text",
    "/path",
    "/two\nlines",
    "Bad name!",
    "manager",
    "nixos",
    "*",
    "é" * 200,
    "é" * 201,
    "a" * 255,
    "a" * 256,
    [],
    ["text"],
    [""],
    [1],
    [None],
    {},
    {"key": "text"},
    {"key": 1},
)
_NAMES: Final = (
    "",
    "1x",
    "Upper",
    "with space",
    "under_score",
    "dot.ted",
    "a" * 31,
    "a" * 32,
    "x-",
    "line\n",
    "é",
)


@dataclass(frozen=True)
class Mutant:
    """One changed file; `change` says what was done and where."""

    change: str
    value: Any


def objects(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every object in `value` with its path; lists hold no objects in a contract."""
    if isinstance(value, dict):
        yield path, value
        for key, inner in value.items():
            yield from objects(inner, (*path, key))


def is_map(path: tuple[str, ...]) -> bool:
    """Whether the object at `path` takes keys of the writer's choice."""
    return bool(path) and path[-1] in MAPS


def mutants(
    value: dict[str, Any], changing: Iterable[tuple[tuple[str, ...], dict[str, Any]]]
) -> Iterator[Mutant]:
    """Each object of `changing` with a key dropped, added or renamed, or a value replaced by another."""
    for path, table in changing:
        for key, inner in table.items():
            where = ".".join((*path, key))
            yield Mutant(f"without {where}", changed(value, path, drop=key))
            for other in _VALUES:
                yield Mutant(f"{where} = {other!r:.40}", changed(value, path, add={key: other}))
            if is_map(path):
                for name in _NAMES:
                    renamed = changed(value, path, drop=key, add={name: inner})
                    yield Mutant(f"{where} is called {name!r}", renamed)
        if not is_map(path):
            yield Mutant(f"surprise in {'.'.join(path)}", changed(value, path, add={"surprise": 1}))


def changed(
    value: dict[str, Any], path: tuple[str, ...], *, drop: str = "", add: dict[str, Any] | None = None
) -> dict[str, Any]:
    """A copy of `value` whose object at `path` lacks `drop` and has `add`."""
    copied = copy.deepcopy(value)
    table = copied
    for key in path:
        table = table[key]
    table.pop(drop, None)
    table.update(add or {})
    return copied
