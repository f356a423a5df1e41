"""Plays scenarios on a Debian machine with the hives that the NixOS module rendered: `make vm-test`."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final

import evidence
import image
from cache import Key
from driver import Failure, Play, Subtest, play, time_limit
from errors import CommandError, GuestError, TimeLimitError
from hive import Hive, rendered, settle, start_model
from kept import kept, states
from machine import Machine, Patience
from qemu import OVERLAY, Qemu, version
from report import Report
from weakened import WEAKENINGS, Weakening

SCENARIOS: Final = Path(__file__).resolve().parent.parent / "scenarios"

#: Seconds for a scenario, for making its machine ready, and for everything once the disk is there.
_SCENARIO_SECONDS: Final = 300.0
_READY_SECONDS: Final = 240.0
_RUN_SECONDS: Final = 900.0
_BOOTED: Final = "booted"
_KEPT_LOGS: Final = 5


@dataclass(frozen=True)
class Part:
    """What is played in one go: a scenario, or one against a hive that it must find wanting.

    Attributes:
        name: Its own, also of its logs.
        scenario: Name of the scenario.
        weakening: What is taken away from its hive.
    """

    name: str
    scenario: str
    weakening: Weakening | None = None

    @property
    def path(self) -> Path:
        """The scenario's text."""
        return SCENARIOS / f"{self.scenario}.py"

    def about(self) -> str:
        """What it shows, in a line."""
        if self.weakening is not None:
            return f"{self.scenario} must fail at: {self.weakening.caught}"
        return self.path.read_text(encoding="utf-8").splitlines()[0].strip('"')


class Run:
    """One virtual computer on which parts are played one after the other, each from its own state.

    Args:
        computer: Off; whoever made it ends it.
        saved: States that its disk has.
        report: Told what happens.
        logs: Directory that keeps what is too long for the report.
        slow: Factor of all limits of time.
    """

    def __init__(self, computer: Qemu, saved: set[str], report: Report, logs: Path, slow: float) -> None:
        self._computer = computer
        self._saved = saved
        self._report = report
        self._logs = logs
        self._slow = slow
        self._end = time.monotonic() + _RUN_SECONDS * slow
        self._console_read = 0

    @property
    def seconds_left(self) -> float:
        """Until the run takes too long."""
        return self._end - time.monotonic()

    def play(self, part: Part) -> Play:
        """Play one, and report what is known when it fails."""
        directory = self._logs / part.name
        directory.mkdir()
        with (
            (directory / "commands.log").open("w", encoding="utf-8") as commands,
            tempfile.TemporaryDirectory() as scratch,
        ):
            machine = Machine(self._computer, _writer(commands.write), Patience().times(self._slow))
            begun = time.monotonic()
            try:
                rendering = _rendering(part, Path(scratch))
                with time_limit(self._limit(_READY_SECONDS), "making the machine ready"):
                    self._make_ready(machine, part.scenario, rendering)
            except (CommandError, GuestError, TimeLimitError) as error:
                output = error.output if isinstance(error, CommandError) else ""
                done = Play(part.name, failure=Failure(f"the machine is not ready: {error}", output=output))
            else:
                self._report.say(f"  ready after {time.monotonic() - begun:.1f} s")
                done = play(part.path, machine, self._report, self._limit(_SCENARIO_SECONDS))
                done = judge(part.name, part.weakening, done)
            self._report.end(done)
            if done.failure is not None:
                self._explain(machine, directory)
            self._keep_console(directory)
        return done

    def _limit(self, seconds: float) -> float:
        return min(seconds * self._slow, self.seconds_left)

    def _make_ready(self, machine: Machine, scenario: str, rendering: Path) -> None:
        """The scenario's hive, idle, with its model."""
        hive = Hive(rendering)
        state = f"hive-{hive.key()}"
        if state not in self._saved:
            self._switch_on(machine)
            hive.install(machine)
            self._save(state)
        else:
            self._load(machine, state)
        start_model(machine, scenario, rendering)

    def _switch_on(self, machine: Machine) -> None:
        """A machine without a hive."""
        if _BOOTED in self._saved:
            self._load(machine, _BOOTED)
        else:
            machine.start()
            settle(machine)
            self._save(_BOOTED)

    def _load(self, machine: Machine, state: str) -> None:
        self._computer.load(state)
        machine.connect()

    def _save(self, state: str) -> None:
        self._computer.save(state)
        self._saved.add(state)

    def _explain(self, machine: Machine, directory: Path) -> None:
        try:
            with time_limit(60.0, "reading the journals"):
                for title, text in evidence.collect(machine, directory).items():
                    self._report.excerpt(title, text)
        except (GuestError, TimeLimitError) as error:
            self._report.say(f"    the machine says no more: {error}")
        self._report.say(f"    more in {directory}")

    def _keep_console(self, directory: Path) -> None:
        if self._computer.console.exists():
            text = self._computer.console.read_bytes()
            (directory / "console.log").write_bytes(text[self._console_read :])
            self._console_read = len(text)


def main(arguments: Sequence[str]) -> int:
    """Play the named scenarios, or all; the exit code."""
    known = {part.name: part for part in parts()}
    parser = argparse.ArgumentParser(prog="vm-test", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="SCENARIO", help=", ".join(known))
    parser.add_argument("--slow", type=float, default=1.0, help="factor of all limits of time (default: 1)")
    options = parser.parse_args(arguments)
    names = options.parts or list(known)
    for name in names:
        if name not in known:
            parser.error(f"there is no scenario {name!r}: {', '.join(known)}")
    report = Report()
    begun = time.monotonic()
    logs = _new_logs(image.cache() / "logs")
    disk = image.build()
    plays: list[Play] = []
    machine = "a machine that never started"
    try:
        with _computer(disk) as (computer, saved):
            machine = computer.accelerator.upper()
            run = Run(computer, saved, report, logs, options.slow)
            for number, name in enumerate(names, start=1):
                if run.seconds_left <= 0:
                    report.say("\nthe run takes too long")
                    break
                report.begin(name, number, len(names), known[name].about())
                plays.append(run.play(known[name]))
    except KeyboardInterrupt:
        report.say("\ninterrupted")
    report.summary(plays, names[len(plays) :], time.monotonic() - begun, machine, logs)
    return 0 if len(plays) == len(names) and all(one.failure is None for one in plays) else 1


def parts() -> list[Part]:
    """Every scenario, and every hive that one must find wanting."""
    scenarios = [Part(path.stem, path.stem) for path in sorted(SCENARIOS.glob("*.py"))]
    return scenarios + [Part(f"weakened_{name}", one.scenario, one) for name, one in WEAKENINGS.items()]


def judge(name: str, weakening: Weakening | None, played: Play) -> Play:
    """The play as it is; of a weakened hive, whether the right subtest noticed."""
    if weakening is None:
        return played
    failed = played.failure
    if failed is None:
        failure = Failure(f"nobody noticed; this should have failed: {weakening.caught}")
        return Play(name, played.subtests, failure, played.seconds)
    if failed.subtest is None or failed.subtest.name != weakening.caught:
        message = f"{failed.message}\nthis should have failed instead: {weakening.caught}"
        return Play(name, played.subtests, replace(failed, message=message), played.seconds)
    noticed = Subtest(f"noticed: {weakening.caught}", failed.subtest.seconds)
    return Play(name, [*played.subtests, noticed], None, played.seconds)


def _rendering(part: Part, scratch: Path) -> Path:
    """Where the rendering of the part's machine is; a weakened one is made in the scratch directory."""
    whole = rendered(part.scenario)
    if part.weakening is None:
        return whole
    copy = scratch / part.name
    shutil.copytree(whole, copy)
    part.weakening.apply(copy)
    return copy


@contextmanager
def _computer(disk: image.Disk) -> Iterator[tuple[Qemu, set[str]]]:
    """A computer that is off, and the states that it knows; its processes are gone afterwards."""
    with image.scratch() as directory:
        computer = Qemu(disk, directory)
        overlay = directory / OVERLAY
        # A state fits the disk below it, and the program and processor that saved it.
        key = Key().text(disk.image.parent.name, version(), computer.accelerator).name()
        with kept(overlay, image.cache() / f"machine-{key}.qcow2"):
            try:
                yield computer, states(overlay)
            finally:
                computer.stop()


def _writer(write: Callable[[str], object]) -> Callable[[str], None]:
    begun = time.monotonic()

    def log(text: str) -> None:
        write(f"[{time.monotonic() - begun:7.2f}] {text}\n")

    return log


def _new_logs(directory: Path) -> Path:
    """An empty directory for this run; the oldest ones make room."""
    directory.mkdir(parents=True, exist_ok=True)
    for old in sorted(directory.iterdir())[: -_KEPT_LOGS + 1]:
        shutil.rmtree(old)
    new = directory / time.strftime("%Y%m%dT%H%M%S")
    new.mkdir()
    return new


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # Everything is put away, however it is told to end.
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    sys.exit(main(sys.argv[1:]))
