"""Child processes: each in a session of its own, restarted with back-off, ended with all their children."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from hyperhive.errors import UnavailableError
from hyperhive.system import subreaper
from hyperhive.system.tasks import Tasks

_LINE_LIMIT: Final = 64 * 1024
#: How much longer than the child's grace its subreaper may take before it is killed itself.
_SUBREAPER_SECONDS: Final = 7.0


class ChildState(StrEnum):
    STARTED = "started"
    EXITED = "exited"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True)
class ChildEvent:
    name: str
    state: ChildState
    #: Of the subreaper, whose only child the program is; None while none runs.
    pid: int | None = None
    #: With `exited`: 128 + n when signal n ended it.
    code: int | None = None
    #: Seconds until the next start, with `restarting`.
    delay: float | None = None


@dataclass(frozen=True)
class Program:
    #: Prefix of its output.
    name: str
    command: Sequence[str]
    directory: Path
    #: All of it.
    environment: Mapping[str, str]
    #: Called before every start.
    prepare: Callable[[], object] = field(default=lambda: None)
    #: A directory that `prepare` makes and that is removed when the program has ended, also when this process
    #: was killed meanwhile.
    secrets: Path | None = None


@dataclass(frozen=True)
class Patience:
    """All in seconds."""

    #: Wait before the first restart; every further one waits twice as long.
    first: float = 1.0
    #: Longest wait before a restart.
    ceiling: float = 30.0
    #: A program that ran this long starts again with the first wait.
    healthy: float = 60.0
    #: How long it may take to end before it is killed.
    grace: float = 10.0


class Child:
    """One program that is kept running until `stop`; `on_line` gets each line of its output."""

    def __init__(
        self,
        program: Program,
        patience: Patience,
        *,
        on_event: Callable[[ChildEvent], None],
        on_line: Callable[[str, str], None],
    ) -> None:
        self._program = program
        self._patience = patience
        self._on_event = on_event
        self._on_line = on_line
        self._tasks = Tasks()
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()

    @property
    def name(self) -> str:
        return self._program.name

    @property
    def pid(self) -> int | None:
        """Of the program itself, not of its subreaper; None while it does not run."""
        if self._process is None or self._process.returncode is not None:
            return None
        below = subreaper.descendants(self._process.pid)
        return below[0] if below else None

    async def start(self) -> None:
        """An `UnavailableError` when the program cannot be started at all; later failures are retried."""
        self._stopping.clear()
        process = await self._spawn()
        self._tasks.start(self._supervise(process), f"child {self.name}")

    async def stop(self) -> None:
        """Returns when nothing is left of the program and of all below it."""
        self._stopping.set()
        if self._process is not None:
            await self._end(self._process)
        await self._tasks.finish(within_seconds=1.0)
        self._on_event(ChildEvent(self.name, ChildState.STOPPED))

    async def _spawn(self) -> asyncio.subprocess.Process:
        self._program.prepare()
        secrets = str(self._program.secrets or "")
        grace = str(self._patience.grace)
        command = [sys.executable, "-I", "-S", subreaper.__file__, grace, secrets, "0", "--"]
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                *self._program.command,
                cwd=self._program.directory,
                env=dict(self._program.environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                limit=_LINE_LIMIT,
                # A Ctrl-C in the terminal is for us alone; we end the children in order.
                start_new_session=True,
            )
        except OSError as error:
            raise UnavailableError(f"cannot start {self.name}: {error}") from error
        self._process = process
        self._on_event(ChildEvent(self.name, ChildState.STARTED, process.pid))
        return process

    async def _supervise(self, process: asyncio.subprocess.Process) -> None:
        delay = self._patience.first
        while True:
            began = time.monotonic()
            await self._read_output(process)
            code = await process.wait()
            self._on_event(ChildEvent(self.name, ChildState.EXITED, code=code))
            if time.monotonic() - began >= self._patience.healthy:
                delay = self._patience.first
            restarted = await self._restart(delay)
            if restarted is None:
                return
            process = restarted
            delay = min(delay * 2, self._patience.ceiling)

    async def _restart(self, delay: float) -> asyncio.subprocess.Process | None:
        """The next process, after `delay` seconds or, when it cannot be started, more; None once stopping."""
        while not self._stopping.is_set():
            self._on_event(ChildEvent(self.name, ChildState.RESTARTING, delay=delay))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return None
            try:
                process = await self._spawn()
            except UnavailableError as error:
                self._on_line(self.name, error.message)
                delay = min(delay * 2, self._patience.ceiling)
                continue
            if self._stopping.is_set():
                # `stop` came while the process was being made and has not seen it.
                await self._end(process)
                return None
            return process
        return None

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        rest = b""
        while chunk := await process.stdout.read(_LINE_LIMIT):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > _LINE_LIMIT:
                lines.append(rest)
                rest = b""
            for line in lines:
                self._on_line(self.name, line.decode(errors="replace"))
        if rest:
            self._on_line(self.name, rest.decode(errors="replace"))

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is not None:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), self._patience.grace + _SUBREAPER_SECONDS)
        except TimeoutError:
            # The subreaper itself hangs: nothing else is left that could clean up.
            for pid in (*subreaper.descendants(process.pid), process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await process.wait()
