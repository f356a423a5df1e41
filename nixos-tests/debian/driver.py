"""Plays a scenario: its text, with `machine` and `subtest` in it, and what came of it."""

import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final, Protocol

from errors import CommandError, GuestError, TimeLimitError
from machine import Machine

#: What scenarios share, played before each of them.
LOOKS: Final = Path(__file__).resolve().parent.parent / "lib" / "looks.py"


@dataclass(frozen=True)
class Subtest:
    """A named part of a scenario that came true."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Failure:
    """Why a scenario ended early.

    Attributes:
        message: What is wrong, in a line or a few.
        subtest: Within which; null before the first one and between two.
        where: Lines of the scenario, outermost call first: number and text.
        output: What the failing command printed.
    """

    message: str
    subtest: Subtest | None = None
    where: tuple[tuple[int, str], ...] = ()
    output: str = ""


@dataclass
class Play:
    """A scenario that was played, or is being played."""

    scenario: str
    subtests: list[Subtest] = field(default_factory=list)
    failure: Failure | None = None
    seconds: float = 0.0


class Audience(Protocol):
    """Who is told while a scenario is played."""

    def passed(self, subtest: Subtest) -> None:
        """A subtest came true."""

    def entered(self, name: str) -> None:
        """A subtest begins."""


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise in the main thread when the body takes longer; limits do not nest.

    Raises:
        TimeLimitError: It took longer.
    """

    def over(_number: int, _frame: FrameType | None) -> None:
        raise TimeLimitError(f"{what} took longer than {seconds:.0f} seconds")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def play(path: Path, machine: Machine, audience: Audience, seconds: float) -> Play:
    """Run a scenario to its end or first failure; it never raises what the scenario raises."""
    stage = _Stage(path, audience)
    begun = time.monotonic()
    try:
        with time_limit(seconds, f"the scenario {path.stem}"):
            names = {"__name__": path.stem, "machine": machine, "subtest": stage.subtest}
            for part in (LOOKS, path):
                code = compile(part.read_text(encoding="utf-8"), str(part), "exec")
                exec(code, names)  # noqa: S102 -- a scenario is a program
    except Exception as error:  # noqa: BLE001 -- a scenario may fail in any way, and the next one is played
        stage.play.failure = stage.explain(error)
    stage.play.seconds = time.monotonic() - begun
    return stage.play


class _Stage:
    def __init__(self, path: Path, audience: Audience) -> None:
        self._path = path
        self._audience = audience
        self._failed: Subtest | None = None
        self.play = Play(path.stem)

    def subtest(self, name: str) -> AbstractContextManager[None]:
        """As scenarios call it."""
        return self._subtest(name)

    @contextmanager
    def _subtest(self, name: str) -> Iterator[None]:
        self._audience.entered(name)
        begun = time.monotonic()
        try:
            yield
        except BaseException:
            # Of subtests within each other, the innermost one.
            self._failed = self._failed or Subtest(name, time.monotonic() - begun)
            raise
        done = Subtest(name, time.monotonic() - begun)
        self.play.subtests.append(done)
        self._audience.passed(done)

    def explain(self, error: Exception) -> Failure:
        """What a scenario's exception says about it."""
        frames = [
            frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(self._path)
        ]
        lines = tuple((frame.lineno or 0, (frame.line or "").strip()) for frame in frames)
        output = error.output if isinstance(error, CommandError) else ""
        if isinstance(error, CommandError | GuestError | TimeLimitError):
            message = str(error)
        else:
            message = "".join(traceback.format_exception_only(error)).strip()
        return Failure(message, self._failed, lines, output)
