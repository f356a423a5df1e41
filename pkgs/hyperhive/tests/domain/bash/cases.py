"""The lines of the case files."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_LONG: Final = 300


@dataclass(frozen=True)
class Attempt:
    theme: str
    patterns: tuple[str, ...]
    line: str
    #: A script that plants what it needs.
    setup: str | None


@dataclass(frozen=True)
class Ordinary:
    patterns: tuple[str, ...]
    #: Patterns that some of the lines need by their nature.
    additions: tuple[str, ...]
    lines: tuple[str, ...]


def attempts() -> list[Attempt]:
    data = _data("attempts.toml")
    return [
        Attempt(theme, tuple(data["lists"][entry["patterns"]]), _whole(entry), entry.get("setup"))
        for theme, entries in data["themes"].items()
        for entry in entries
    ]


@cache
def ordinary() -> Ordinary:
    data = _data("ordinary.toml")
    return Ordinary(*(tuple(data[name]) for name in ("patterns", "additions", "lines")))


@cache
def known_lines() -> list[str]:
    """All of them that are not long, for others to be made of."""
    themes = _data("corpus.toml")["themes"]
    judged = [entry["line"] for entries in themes.values() for entry in entries]
    lines = [*judged, *(attempt.line for attempt in attempts()), *ordinary().lines]
    return sorted({line for line in lines if len(line) < _LONG})


def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def _whole(entry: dict[str, Any]) -> str:
    text, times = entry.get("repeat", ("…", 1))
    return str(entry["line"]).replace("…", text * times)
