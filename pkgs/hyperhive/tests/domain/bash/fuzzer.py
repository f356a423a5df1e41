"""A differential fuzzer: what the gate allows is played in a real Bash.

Nothing may start, be written or stay behind that the patterns do not speak of, and where Bash itself can read
the line, the print does the same. `python -m tests.domain.bash.fuzzer --lines N --seed S` plays any number.
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from hyperhive.domain.bash import Verdict, judge
from tests.domain.bash.cases import known_lines, ordinary
from tests.domain.bash.grammar import Grammar
from tests.domain.bash.oracle import uncovered
from tests.domain.bash.shells import Call, Outcome, Shell, shells

Judge = Callable[..., Verdict]

#: By name: the patterns, and commands that the grammar does not have by itself.
_LISTS: Final = tomllib.loads(Path(__file__).with_name("lists.toml").read_text(encoding="utf-8"))
LISTS: Final[dict[str, Sequence[str]]] = {
    **{name: found["patterns"] for name, found in _LISTS.items()},
    "ordinary": [*ordinary().patterns, *ordinary().additions],
}
#: Bash cannot read the line itself.
_SYNTAX: Final = re.compile(r"syntax error|unexpected EOF|bad substitution|here-document at line")
#: An error in an expansion ends the rest of its line; the print has the rest on other lines.
_CUT_SHORT: Final = re.compile(
    r"error token is|invalid (?:indirect|variable)|bad array subscript|unbound variable"
)
#: Bash prints and reads again what is in `$(…)`, and loses a `;` behind a here-document there.
_REPRINTED: Final = re.compile(r"[$<>]\(.*<<.*\n.*[;&]", re.DOTALL)
#: They hold the text of the line, or of the command before; a static Bash crashes on the home of a user.
_TELLING: Final = re.compile(r"BASH_COMMAND|BASH_EXECUTION_STRING|LINENO|\$\{?_\b|~\\?\n?[^/\s:;&|)\"']")
#: Programs whose arguments hold a script, which is printed anew.
_SCRIPTED: Final = frozenset({"bash", "sh", "watch", "flock", "script", "busybox"})
#: What Bash says of itself: the print has other lines.
_OWN: Final = re.compile(r"(?<=/dev/fd/)\d+|(?<=: line )\d+|(?<=\(wd: )[^)]*")


@dataclass(frozen=True)
class Finding:
    """`escape`: something ran that no pattern covers; `difference`: the print does something else."""

    kind: str
    patterns: str
    line: str
    #: Tells it from others of its kind, without what chance chose.
    detail: str
    runs: str = ""
    origin: str = ""


@dataclass
class Tally:
    lines: int = 0
    allowed: int = 0
    #: Allowed, and Bash could not read the line itself.
    unread: int = 0
    findings: int = 0


class Player:
    """Judges lines and plays those that are allowed."""

    def __init__(self, shell: Shell, gate: Judge = judge) -> None:
        self.tally = Tally()
        self._shell = shell
        self._gate = gate

    def findings(self, line: str, list_name: str) -> Iterator[Finding]:
        patterns = LISTS[list_name]
        line = line.replace("DIR/", f"{self._shell.work}/")
        verdict = self._gate(line, patterns, directory=str(self._shell.work), cwd=str(self._shell.work))
        self.tally.lines += 1
        if not verdict.allowed:
            return
        self.tally.allowed += 1
        runs = verdict.runs
        if runs is None:
            yield Finding("escape", list_name, line, "allowed without a text to run")
            return
        printed = self._shell.run(runs)
        for problem in uncovered(printed, patterns):
            yield Finding("escape", list_name, line, problem, runs)
        yield from self._differences(line, list_name, runs, printed)

    def _differences(self, line: str, list_name: str, runs: str, printed: Outcome) -> Iterator[Finding]:
        if line == runs or _REPRINTED.search(line) or _TELLING.search(line):
            return
        original = self._shell.run(line)
        if _SYNTAX.search(original.errors) or _CUT_SHORT.search(original.errors):
            self.tally.unread += 1
            return
        found = difference(original, printed)
        # What depends on time, on chance or on the order of processes is not the print's doing.
        if found and all(self._steadily_different(line, runs) for _ in range(3)):
            yield Finding("difference", list_name, line, found, runs)

    def _steadily_different(self, line: str, runs: str) -> bool:
        first, second, printed = (self._shell.run(text) for text in (line, line, runs))
        return not difference(first, second) and bool(difference(first, printed))


def difference(original: Outcome, printed: Outcome) -> str:
    """How two outcomes differ, in a few words."""
    if original.status is None or printed.status is None:
        return "" if original.status == printed.status else "only one of them ends"
    sides = [
        ("calls", sorted(map(_comparable, original.calls)), sorted(map(_comparable, printed.calls))),
        ("output", _sorted(original.output), _sorted(printed.output)),
        ("status", original.status, printed.status),
        ("files", original.changed, printed.changed),
    ]
    for name, one, other in sides:
        if one != other:
            return f"{name}: {one!r} became {other!r}"
    return ""


def _comparable(call: Call) -> tuple[tuple[str, ...], str, str]:
    """Without the variables: those that the line sets are kept from programs."""
    return (
        tuple(_OWN.sub("N", word) for word in _unscripted(call.argv)),
        call.directory,
        call.read,
    )


def _unscripted(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words before a script, which shows in what it starts."""
    shell = next((index for index, word in enumerate(argv) if word in _SCRIPTED), None)
    return argv if shell is None else argv[: shell + 1]


def _sorted(output: str) -> list[str]:
    return sorted(_OWN.sub("N", output).split("\n"))


def lines(seed: int, count: int) -> Iterator[tuple[str, str]]:
    """Lines and the lists to hold them against; some are known lines, broken."""
    chance = random.Random(seed)
    grammars = {name: Grammar(chance, found["starts"]) for name, found in _LISTS.items()}
    names = list(grammars)
    for _ in range(count):
        name = chance.choice(names)
        kind = chance.random()
        if kind < 0.1:
            yield name, grammars[name].broken(chance.choice(known_lines()))
        elif kind < 0.2:
            yield "ordinary", grammars[name].broken(chance.choice(ordinary().lines))
        else:
            yield name, grammars[name].line()


def shrunk(finding: Finding, player: Player) -> Finding:
    """The shortest line that was found to show the same thing."""
    kind = _kind(finding)

    def same(text: str) -> Finding | None:
        try:
            return next(
                (found for found in player.findings(text, finding.patterns) if _kind(found) == kind), None
            )
        except ValueError:
            return None

    size = max(1, len(finding.line) // 2)
    while size:
        position = 0
        while position < len(finding.line):
            shorter = finding.line[:position] + finding.line[position + size :]
            if found := same(shorter):
                finding = replace(found, origin=finding.origin)
            else:
                position += size
        size //= 2
    return finding


def _kind(finding: Finding) -> tuple[str, str]:
    return finding.kind, " ".join(finding.detail.split()[:2])


def kept() -> list[tuple[str, str]]:
    """Lists and lines that have found something once."""
    entries = tomllib.loads(Path(__file__).with_name("found.toml").read_text(encoding="utf-8"))["found"]
    return [(entry["patterns"], entry["line"]) for entry in entries]


def play(
    seed: int, count: int, *, bash: Path | None = None, gate: Judge = judge, shrink: bool = True
) -> tuple[Tally, list[Finding]]:
    """Play so many lines; the findings come shrunk."""
    player = Player(Shell(bash or shells()["bash"]), gate)
    found: list[Finding] = []
    for number, (name, line) in enumerate(lines(seed, count)):
        for finding in player.findings(line, name):
            named = replace(finding, origin=f"seed {seed}, line {number}")
            found.append(shrunk(named, player) if shrink else named)
            break
    tally = replace(player.tally, findings=len(found))
    return tally, found


def _chunk(arguments: tuple[int, int, str | None]) -> tuple[Tally, list[Finding]]:
    seed, count, bash = arguments
    return play(seed, count, bash=None if bash is None else Path(bash))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.domain.bash.fuzzer", description=__doc__)
    parser.add_argument("--lines", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1, help="of the first chunk; each chunk has the next")
    parser.add_argument("--chunk", type=int, default=500, help="lines that share a seed (default: 500)")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--bash", help="the Bash to play them in (default: the one of this machine)")
    options = parser.parse_args(arguments)
    chunks = [
        (options.seed + number, min(options.chunk, options.lines - start), options.bash)
        for number, start in enumerate(range(0, options.lines, options.chunk))
    ]
    began = time.monotonic()
    total: Counter[str] = Counter()
    seen: set[tuple[str, str]] = set()
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for tally, findings in pool.imap_unordered(_chunk, chunks):
            total.update(vars(tally))
            for finding in findings:
                if (finding.patterns, finding.line) not in seen:
                    seen.add((finding.patterns, finding.line))
                    sys.stdout.write(f"{json.dumps(vars(finding), ensure_ascii=False)}\n")
                    sys.stdout.flush()
    sys.stderr.write(f"{dict(total)} in {time.monotonic() - began:.0f} s\n")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
