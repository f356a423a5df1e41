"""Pseudo-terminals: a program as the leader of a session of its own, read and written without blocking."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import termios
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from hyperhive.errors import UnavailableError

#: The kernel hands out a page at a time; so many together are one chunk.
_READS: Final = 8
_PAGE: Final = 4096
#: Opens the program's end of a terminal, wherever its name may be (Linux).
_TIOCGPTPEER: Final = 0x5441
#: Longest pause between two looks at a process.
_LOOK_SECONDS: Final = 0.02
#: What the program must not ignore because this process does: started by nohup, or with `&` in a script, it
#: ignores some, and Ctrl-C would end nothing in the terminal.
_RESTORED: Final = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
#: How long a program may take to end after it closed its terminal, and what it leaves behind after SIGHUP.
_LINGER_SECONDS: Final = 2.0


class Pty:
    """A running program and the other end of its terminal.

    Args:
        process: The leader of a session of its own.
        fd: The end of the terminal that is not the program's; it is closed here.
        input_limit: Most bytes that wait for a program which does not read.
    """

    def __init__(self, process: subprocess.Popen[bytes], fd: int, input_limit: int) -> None:
        self._process = process
        self._fd = fd
        self._input_limit = input_limit
        self._input = bytearray()
        self._is_collected = False
        self._is_closed = False
        #: Called when the kernel took some of what waits.
        self.on_written: Callable[[], None] = lambda: None
        os.set_blocking(fd, False)

    @classmethod
    async def open(
        cls,
        command: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        *,
        cols: int,
        rows: int,
        input_limit: int,
    ) -> Self:
        """Start `command` in `directory` with exactly this environment.

        Raises:
            UnavailableError: It cannot be started.
        """
        try:
            process, fd = await asyncio.to_thread(_spawn, command, directory, environment, (rows, cols))
        except (OSError, termios.error) as error:
            raise UnavailableError(f"cannot start {command[0]}: {error}") from error
        return cls(process, fd, input_limit)

    @property
    def pid(self) -> int:
        """Of the program, which is also its session's number."""
        return self._process.pid

    @property
    def is_idle(self) -> bool:
        """Whether the program itself, and nothing that it started, has the terminal."""
        try:
            return self._is_closed or os.tcgetpgrp(self._fd) == self.pid
        except OSError:
            return True

    async def read(self, most: int) -> bytes:
        """What the program has written, `most` bytes at most; empty when there will be no more."""
        while True:
            parts, ended = self._read_now(most)
            if parts or ended:
                # A program that writes all the time must not keep everything else waiting.
                await asyncio.sleep(0)
                return b"".join(parts)
            await self._readable()

    @property
    def pending(self) -> int:
        """Bytes of input that the kernel has no room for yet."""
        return len(self._input)

    @property
    def reads_lines(self) -> bool:
        """Whether the program is given whole lines, which the kernel edits."""
        return bool(self._local_modes() & termios.ICANON)

    def is_interrupt(self, data: bytes) -> bool:
        """Whether this is a key that interrupts the program, and with it takes away what it has not read."""
        modes = self._local_modes()
        if len(data) != 1 or not modes & termios.ISIG or modes & termios.NOFLSH:
            return False
        keys = termios.tcgetattr(self._fd)[6]
        return data in {keys[termios.VINTR], keys[termios.VQUIT], keys[termios.VSUSP]}

    def discard(self) -> int:
        """Forget all input that the program has not read; returns how much of it the kernel did not have."""
        waiting = len(self._input)
        self._input.clear()
        if self._is_closed:
            return waiting
        with contextlib.suppress(OSError, termios.error):
            # First what the kernel keeps on its way, then what it has ready for the program.
            termios.tcflush(self._fd, termios.TCOFLUSH)
            theirs = fcntl.ioctl(self._fd, _TIOCGPTPEER, os.O_RDWR | os.O_NOCTTY)
            try:
                termios.tcflush(theirs, termios.TCIFLUSH)
            finally:
                os.close(theirs)
        return waiting

    def write(self, data: bytes) -> int:
        """Type `data`; returns how many bytes were dropped because too many wait already."""
        if self._is_closed:
            return len(data)
        taken = data[: max(0, self._input_limit - len(self._input))]
        waiting = bool(self._input)
        self._input += taken
        if not waiting:
            self._flush()
        return len(data) - len(taken)

    def resize(self, cols: int, rows: int) -> None:
        """Change the size; the kernel tells the program."""
        if not self._is_closed:
            with contextlib.suppress(OSError):
                termios.tcsetwinsize(self._fd, (rows, cols))

    async def terminate(self, grace: float) -> None:
        """End everything in the session: SIGHUP, and SIGKILL for what is left after `grace` seconds."""
        _signal(await self._members(), signal.SIGHUP)
        if not await self._deserted(grace, kill=False):
            # A killed process is there until it has run once more, and what was forked meanwhile comes late.
            await self._deserted(_LINGER_SECONDS, kill=True)

    async def wait(self) -> tuple[int | None, int | None]:
        """End what is left of the session when the output has ended, and close the terminal.

        Returns:
            Exit code and signal of the program; both null when that was told before.
        """
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LINGER_SECONDS):
                    await self._ended()
            # The program is a zombie until it is collected, so the session's number is still its own.
            if await self._members():
                await self.terminate(_LINGER_SECONDS)
            await self._ended()
            return self._collect()
        finally:
            self._close()

    def _close(self) -> None:
        if self._is_closed:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.remove_writer(self._fd)
        self._is_closed = True
        os.close(self._fd)

    def _local_modes(self) -> int:
        if self._is_closed:
            return 0
        try:
            modes: int = termios.tcgetattr(self._fd)[3]
        except termios.error:
            return 0
        return modes

    async def _members(self) -> list[int]:
        """Processes of the session; none once its number may have become another one's."""
        return [] if self._is_collected else await asyncio.to_thread(_session_members, self.pid)

    async def _deserted(self, seconds: float, *, kill: bool) -> bool:
        """Wait until the session has no process any more, at most so long; whether it has none."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while True:
                    members = await self._members()
                    if not members:
                        return True
                    if kill:
                        _signal(members, signal.SIGKILL)
                    await asyncio.sleep(_LOOK_SECONDS)
        return False

    async def _ended(self) -> None:
        delay = 0.001
        while not self._has_ended():
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LOOK_SECONDS)

    def _has_ended(self) -> bool:
        if self._is_collected:
            return True
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _collect(self) -> tuple[int | None, int | None]:
        if self._is_collected:
            return None, None
        self._is_collected = True
        code = self._process.wait()
        return (code, None) if code >= 0 else (None, -code)

    def _read_now(self, most: int) -> tuple[list[bytes], bool]:
        """What can be read without waiting, and whether that was the last of it."""
        parts: list[bytes] = []
        left = most
        while left and len(parts) < _READS:
            try:
                part = os.read(self._fd, min(left, _PAGE))
            except BlockingIOError:
                break
            except OSError:
                # Linux says EIO when no process has the other end open any more.
                return parts, True
            if not part:
                return parts, True
            parts.append(part)
            left -= len(part)
        return parts, False

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self._fd, _resolve, ready)
        try:
            await ready
        finally:
            if not self._is_closed:
                loop.remove_reader(self._fd)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._input:
                del self._input[: os.write(self._fd, self._input[:_PAGE])]
        except BlockingIOError:
            loop.add_writer(self._fd, self._on_room)
            return
        except OSError:
            # Nobody is left to read it; `read` says so.
            self._input.clear()
        loop.remove_writer(self._fd)

    def _on_room(self) -> None:
        self._flush()
        self.on_written()


def _spawn(
    command: Sequence[str], directory: Path, environment: Mapping[str, str], size: tuple[int, int]
) -> tuple[subprocess.Popen[bytes], int]:
    ours, theirs = os.openpty()
    try:
        termios.tcsetwinsize(theirs, size)
        with warnings.catch_warnings():
            # Python warns of threads: between fork and exec the child needs none of their locks.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = subprocess.Popen(  # noqa: S603 - the command is the caller's own
                command,
                cwd=directory,
                env=environment,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
                preexec_fn=_take_terminal,  # noqa: PLW1509 - it makes system calls alone
            )
    except BaseException:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    return process, ours


def _take_terminal() -> None:
    """Run in the child: have it controlled by its terminal, and signals do what they usually do."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in _RESTORED:
        signal.signal(number, signal.SIG_DFL)


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _session_members(session: int) -> list[int]:
    """Every process of a session that has not ended."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                # The second field is a name in parentheses that may hold anything.
                fields = (process / "stat").read_bytes().rpartition(b")")[2].split()
                if int(fields[3]) == session and fields[0] not in {b"Z", b"X"}:
                    found.append(int(process.name))
    return found
