"""Plays scenarios on a Debian machine with the hives that the NixOS module rendered: `make vm-test`."""

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

import evidence
import image
from accelerator import Accelerator, choose
from cache import Key
from crew import grouped, play_at_once
from driver import Failure, Play, play, time_limit
from errors import CommandError, GuestError, TimeLimitError
from hive import Hive, settle
from kept import kept, states
from machine import Machine, Patience
from parts import Part, arranged, deal, judge, parts
from qemu import OVERLAY, Qemu, version
from report import Report

#: Seconds for a scenario, for making its machine ready, and for everything once the disk is there.
_SCENARIO_SECONDS: Final = 450.0
_READY_SECONDS: Final = 600.0
_RUN_SECONDS: Final = 2100.0
#: What makes a computer what it is.
_COMPUTER: Final = tuple(Path(__file__).with_name(name) for name in ("accelerator.py", "qemu.py"))
_BOOTED: Final = "booted"
_KEPT_LOGS: Final = 5
#: Computers at a time: what is played is mostly one program after the other, which keeps one processor busy.
_COMPUTERS: Final = min(2, os.cpu_count() or 1)


class Run:
    """One virtual computer on which parts are played one after the other.

    A hive goes on from part to part as long as all goes well: an emulated processor is quick only at what it
    has done before. After a failure, and after what leaves no hive behind, a part begins with the hive as it
    was when it had come up, and so does one that tells of that.

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
        #: State that was taken for the hive that runs; null when the next part must not go on with it.
        self._playing: str | None = None

    @property
    def seconds_left(self) -> float:
        """Until the run takes too long."""
        return self._end - time.monotonic()

    def play(self, part: Part) -> Play:
        """Play one, and report what is known when it fails."""
        directory = self._logs / part.name
        directory.mkdir()
        hive = part.hive()
        with (directory / "commands.log").open("w", buffering=1, encoding="utf-8") as commands:
            machine = Machine(self._computer, _writer(commands.write), Patience().times(self._slow))
            begun = time.monotonic()
            state, goes_on = f"hive-{hive.key()}", self._playing
            self._playing = None
            try:
                with time_limit(self._limit(_READY_SECONDS), "making the machine ready"):
                    if state == goes_on and not part.needs_fresh:
                        machine.connect()
                    else:
                        self._make_ready(machine, hive, state)
                    hive.play(machine)
            except (CommandError, GuestError, TimeLimitError) as error:
                output = error.output if isinstance(error, CommandError) else ""
                done = Play(part.name, failure=Failure(f"the machine is not ready: {error}", output=output))
            else:
                self._report.say(f"  ready after {time.monotonic() - begun:.1f} s")
                done = play(part.path, machine, self._report, self._limit(_SCENARIO_SECONDS))
                done = judge(part.name, part.weakening, done)
            self._report.end(done)
            if done.failure is None and not part.is_ruinous:
                self._playing = state
            if done.failure is not None:
                self._explain(machine, directory)
            self._keep_console(directory)
        return done

    def _limit(self, seconds: float) -> float:
        return min(seconds * self._slow, self.seconds_left)

    def _make_ready(self, machine: Machine, hive: Hive, state: str) -> None:
        """The scenario's hive, idle."""
        if state not in self._saved:
            self._switch_on(machine)
            hive.install(machine)
            self._save(state)
        else:
            self._load(machine, state)

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


@dataclass(frozen=True)
class Studio:
    """Where parts are played: what all computers share.

    Attributes:
        disk: Below each computer's own.
        accelerator: How their processors run.
        logs: Directory that keeps what is too long for the report.
        slow: Factor of all limits of time.
        names: Of all that is to be played, in order.
    """

    disk: image.Disk
    accelerator: Accelerator
    logs: Path
    slow: float
    names: list[str]

    def play(self, number: int, share: Sequence[Part], report: Report) -> Iterator[Play]:
        """Play parts on the computer of that number, which keeps its hives ready for the next time."""
        with self._computer(number) as (computer, saved):
            run = Run(computer, saved, report, self.logs, self.slow)
            for part in share:
                if run.seconds_left <= 0:
                    report.say("\nthe run takes too long")
                    return
                report.begin(part.name, self.names.index(part.name) + 1, len(self.names), part.about())
                yield run.play(part)

    @contextmanager
    def _computer(self, number: int) -> Iterator[tuple[Qemu, set[str]]]:
        """A computer that is off, and the states that it knows; its processes are gone afterwards."""
        with image.scratch() as directory:
            computer = Qemu(self.disk, directory, accelerator=self.accelerator)
            overlay = directory / OVERLAY
            # A state fits the disk below it, and the program and computer that saved it.
            key = (
                Key().text(self.disk.image.parent.name, version(), self.accelerator).files(*_COMPUTER).name()
            )
            with kept(overlay, image.cache() / f"machine-{key}-{number}.qcow2"):
                try:
                    yield computer, states(overlay)
                finally:
                    computer.stop()


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
    studio = Studio(disk, choose(disk.kernel), logs, options.slow, names)
    plays: list[Play] = []
    try:
        plays.extend(_plays(studio, [known[name] for name in names], report))
    except KeyboardInterrupt:
        report.say("\ninterrupted")
    ended = {one.scenario for one in plays}
    missing = [name for name in names if name not in ended]
    report.summary(plays, missing, time.monotonic() - begun, studio.accelerator.upper(), logs)
    return 0 if not missing and all(one.failure is None for one in plays) else 1


def _plays(studio: Studio, chosen: Sequence[Part], report: Report) -> Iterator[Play]:
    """What came of each part; where one computer plays alone, it is told while it happens."""
    hives = [(part.name, part.hive().key()) for part in parts()]
    shares = grouped(deal(hives, _COMPUTERS), arranged(chosen, hives))
    if len(shares) == 1:
        ((number, share),) = shares.items()
        yield from studio.play(number, share, report)
        return
    for said, played in play_at_once(shares, studio.play):
        report.say(said.rstrip("\n"))
        yield played


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
