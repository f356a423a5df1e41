"""What a run says while it runs, and at its end: it reads like that of any other test program."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TextIO

from driver import Failure, Play, Subtest

_WIDTH: Final = 110
_SHOWN_LINES: Final = 40
_GREEN: Final = "32"
_RED: Final = "31"
_BOLD: Final = "1"


class Report:
    """Writes to a terminal or a file as things happen.

    Args:
        output: Where to; coloured when it is a terminal and $NO_COLOR is not set.
    """

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._terminal = self._output.isatty()
        self._coloured = self._terminal and "NO_COLOR" not in os.environ
        self._pending = False

    def say(self, text: str) -> None:
        """A line about the run itself."""
        self._write(text)

    def begin(self, scenario: str, number: int, count: int, first_line: str) -> None:
        """A scenario's machine is made ready."""
        self._write(f"\n{self._in(_BOLD, scenario)} ({number} of {count}): {first_line}")

    def entered(self, name: str) -> None:
        """A subtest begins: shown until it has ended, where that can be taken back."""
        if self._terminal:
            self._output.write(f"\r\033[K  ...  {name[: _WIDTH - 20]}")
            self._output.flush()
            self._pending = True

    def passed(self, subtest: Subtest) -> None:
        """A subtest came true."""
        self._row("ok", _GREEN, subtest)

    def end(self, play: Play) -> None:
        """A scenario has ended."""
        if play.failure is not None:
            self._failed(play, play.failure)

    def excerpt(self, title: str, text: str) -> None:
        """The end of what else is known about a failure."""
        lines = text.rstrip().splitlines()
        left_out = len(lines) - _SHOWN_LINES
        self._write(f"    {self._in(_BOLD, title)}" + (f" (the last {_SHOWN_LINES} lines)" * (left_out > 0)))
        for line in lines[-_SHOWN_LINES:]:
            self._write(f"    | {line}")

    def summary(
        self, plays: Sequence[Play], missing: Sequence[str], seconds: float, machine: str, logs: Path
    ) -> None:
        """Every scenario in a line, and the whole."""
        self._write("")
        for play in plays:
            good = play.failure is None
            word = self._in(_GREEN, "passed") if good else self._in(_RED, "FAILED")
            shown = f"{len(play.subtests)} subtests"
            self._write(f"  {word}  {play.scenario:<20} {shown:>12} {play.seconds:>8.1f} s")
        for scenario in missing:
            self._write(f"  {self._in(_RED, 'not run')} {scenario}")
        passed = sum(play.failure is None for play in plays)
        count = len(plays) + len(missing)
        subtests = sum(len(play.subtests) for play in plays)
        text = f"{passed} of {count} scenarios passed, {subtests} subtests, {seconds:.0f} s on {machine}"
        self._write(f"\n{self._in(_GREEN if passed == count else _RED, text)}; logs in {logs}")

    def _failed(self, play: Play, failure: Failure) -> None:
        self._row("FAIL", _RED, failure.subtest or Subtest("(outside of any subtest)", play.seconds))
        for number, line in failure.where:
            self._write(f"    {play.scenario}.py:{number}: {line}")
        for line in failure.message.splitlines():
            self._write(f"    {self._in(_RED, line)}")
        if failure.output:
            self.excerpt("output", failure.output)

    def _row(self, word: str, colour: str, subtest: Subtest) -> None:
        name = f"{subtest.name} "
        self._write(f"  {self._in(colour, f'{word:<4}')} {name:.<{_WIDTH - 20}} {subtest.seconds:>6.1f} s")

    def _write(self, line: str) -> None:
        if self._pending:
            self._output.write("\r\033[K")
            self._pending = False
        self._output.write(f"{line}\n")
        # Seen in order with what other programs write to the same file.
        self._output.flush()

    def _in(self, colour: str, text: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._coloured else text
