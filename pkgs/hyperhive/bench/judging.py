"""How long the gate takes to judge a Bash line, and its parser alone in the same run."""

import asyncio
import contextlib
import time
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench.report import Section, Spread, ratio, rounded
from hyperhive.domain.bash import judge
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import RefusedError

PATTERNS: Final = [
    *(
        "g *",
        "git *",
        "env *",
        "xargs *",
        "find *",
        "bash *",
        "sh *",
        "timeout *",
        "nice *",
        "echo *",
        "cat *",
    ),
    *("*a*b*c*d*e", "git * --x=* -*", "X=* git *", "> out/*"),
]
#: Text that is laid end to end, with a head and a tail around it.
_REPEATED: Final = {
    "pipes": ("g", "|g", ""),
    "lists": ("g", ";g", ""),
    "conjunctions": ("g", "&&g", ""),
    "lines": ("", "g\n", ""),
    "words": ("git", " x", ""),
    "one word": ("git ", "x", ""),
    "single quotes": ("git ", "'x'", ""),
    "double quotes": ("git ", '"x"', ""),
    "escapes": ("git ", "\\x", ""),
    "joined lines": ("git ", "\\\n", "x"),
    "ansi quotes": ("git ", "$'\\n'", ""),
    "parameters": ("git ", "$x", ""),
    "quoted parameters": ('git "', "$x", '"'),
    "defaults": ("git ", "${x:-a}", ""),
    "nested defaults": ("git ", "${x:-", ""),
    "substitutions": ("git ", "$(g)", ""),
    "nested substitutions": ("git ", "$(g ", ""),
    "backticks": ("git ", "`g`", ""),
    "open backticks": ("git ", "`", ""),
    "backslashes in backticks": ("git `", "\\", "`"),
    "process substitutions": ("git", " <(g)", ""),
    "arithmetic": ("git $((", "1+", "1))"),
    "open arithmetic": ("git ", "$((", ""),
    "arithmetic parentheses": ("git $((", "(", ""),
    "braces": ("git ", "{a,b}", ""),
    "open braces": ("git ", "{a,", ""),
    "ranges": ("git ", "{1..3}", ""),
    "globs": ("git ", "[a", ""),
    "stars": ("git ", "*", ""),
    "tildes": ("git ", "~/x:", ""),
    "subshells": ("", "(g)\n", ""),
    "open subshells": ("", "(", ""),
    "open groups": ("", "{ ", ""),
    "conditionals": ("", "if g; then g; fi\n", ""),
    "open conditionals": ("", "if g; then ", ""),
    "loops": ("", "for x in a; do g; done\n", ""),
    "open loops": ("", "while ", ""),
    "cases": ("case x in ", "a) g;; ", "esac"),
    "case patterns": ("case x in ", "a|", "a) g;; esac"),
    "functions": ("", "f() { g; }\n", ""),
    "open functions": ("", "f() ", ""),
    "assignments": ("", "x=1\n", ""),
    "appended": ("", "x+=$x\n", ""),
    "arrays": ("x=(", "a ", ")"),
    "prefixes": ("", "X=1 ", "git"),
    "conditions": ("[[ a", " && a", " ]]"),
    "open conditions": ("[[ ", "( ", ""),
    "negations": ("", "! ", "git"),
    "tests": ("", "[ 1 -lt 2 ]\n", ""),
    "redirections": ("git", " >out/x", ""),
    "here-strings": ("git", " <<<x", ""),
    "here-documents": ("", "git <<A\nA\n", ""),
    "open here-documents": ("git", " <<A", ""),
    "here-document lines": ("git <<A\n", "x\n", "A"),
    "here-document without an end": ("git <<A\n", "A \n", ""),
    "expanding here-document": ("git <<A\n", "$x\n", "A"),
    "comments": ("", "#\n", ""),
    "blanks": ("git", " ", ""),
    "wrappers": ("", "env ", "git"),
    "scripts": ("", "bash -c 'g'\n", ""),
    "find": ("find .", " -exec g ;", ""),
    "find tests": ("find .", " -name x", ""),
    "evaluated": ("", "eval g\n", ""),
    "wildcards": ("a", "abcd", ""),
    "almost a pattern": ("git", " --x=", ""),
    "null": ("git ", "\0", ""),
    "unicode": ("git ", "é", ""),
    "carriage returns": ("git", " \r", ""),
}


def shape(name: str, size: int) -> str:
    """A line of a shape, of about so many characters."""
    head, repeated, tail = _REPEATED[name]
    return head + repeated * ((size - len(head) - len(tail)) // len(repeated)) + tail


def numbered(form: str, size: int) -> str:
    """Like a shape, with a number at each `N`: names that are all different."""
    count = size // (len(form) + 4)
    return "".join(form.replace("N", str(number)) for number in range(count))


NUMBERED: Final = {
    "many variables": "xN=1\n",
    "each from the one before": "xN=$((xN+1))\n",
    "many functions": "fN() { g; }\n",
    "many variables of programs": "git $xN\n",
    "many numbers": "xN=1; : $((xN))\n",
    "many loops": "for xN in 1 2; do [ $xN -lt 2 ]; done\n",
    "many here-documents": "git <<AN\nx\nAN\n",
}
SHAPES: Final[dict[str, Callable[[int], str]]] = {
    **{name: partial(shape, name) for name in _REPEATED},
    **{name: partial(numbered, form) for name, form in NUMBERED.items()},
}
SMALL: Final = 8 * 1024
LARGE: Final = 64 * 1024 - 64


async def measure(directory: Path, *, quick: bool) -> Section:  # noqa: ARG001 - nothing is written
    """Judge long pipelines, pathological lines and ordinary ones."""
    return await asyncio.to_thread(_measured, 1 if quick else 5, 1024 if quick else LARGE)


def _measured(rounds: int, large: int) -> Section:
    shapes = {name: _compared([make(large)], PATTERNS, rounds) for name, make in SHAPES.items()}
    slowest = max(shapes, key=lambda name: shapes[name]["judge_ms"]["p50"])
    lines, patterns = _ordinary()
    return {
        "pipes_8_kib": _compared([shape("pipes", SMALL)], PATTERNS, rounds),
        "ordinary_lines": {**_compared(lines, patterns, rounds), "lines": len(lines)},
        "slowest_of_64_kib": {"shape": slowest, **shapes[slowest]},
        "of_64_kib_judge_ms": {name: found["judge_ms"]["p50"] for name, found in shapes.items()},
        "of_64_kib_parse_ms": {name: found["parse_ms"]["p50"] for name, found in shapes.items()},
    }


def _ordinary() -> tuple[list[str], list[str]]:
    path = Path(__file__).parent.parent / "tests" / "domain" / "bash" / "ordinary.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return data["lines"], [*data["patterns"], *data["additions"]]


def _compared(lines: Sequence[str], patterns: list[str], rounds: int) -> Section:
    """Both in turns, so that a busy machine slows both."""
    judged, parsed = [], []
    for _ in range(rounds):
        judged.append(_milliseconds(lines, lambda line: judge(line, patterns)))
        parsed.append(_milliseconds(lines, _parsed))
    both = {"judge_ms": Spread(judged).summary(), "parse_ms": Spread(parsed).summary()}
    return {**both, "judge_per_parse": ratio(Spread(judged).median, Spread(parsed).median)}


def _milliseconds(lines: Sequence[str], work: Callable[[str], object]) -> float:
    began = time.perf_counter()
    for line in lines:
        work(line)
    return rounded((time.perf_counter() - began) * 1000)


def _parsed(line: str) -> None:
    with contextlib.suppress(RefusedError):
        parse(line)
