"""A child process that is talked to line by line; when it ends, so does all that ever descended from it."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Self, TextIO

from hyperhive.system import subreaper

#: Longest line that is read, in bytes.
LINE_LIMIT: Final = 16 * 1024 * 1024
#: Bytes that may wait for a child that does not read.
UNREAD_LIMIT: Final = 16 * 1024 * 1024
_CHUNK: Final = 64 * 1024
#: Seconds between SIGTERM and SIGKILL.
_GRACE: Final = 1.0
#: How much longer the subreaper may take before it is killed itself.
_SUBREAPER_SECONDS: Final = 7.0
#: Longest line of a script that names its interpreter.
_INTERPRETER_LIMIT: Final = 256


class StdioProcess:
    """A running program; `stop` must be called, also when it has ended by itself."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        output: asyncio.StreamReader,
        given: asyncio.StreamWriter,
        control: socket.socket,
    ) -> None:
        """Use `start`."""
        self._process = process
        self._output = output
        self._given = given
        self._control = control

    @classmethod
    async def start(
        cls, command: Sequence[str], *, directory: str, environment: Mapping[str, str], errors: TextIO
    ) -> Self:
        """Run `command` with this environment alone and its standard error in `errors`; returns when it runs.

        Raises:
            OSError: It cannot be run. That a program is not there can also be said on its standard error.
        """
        control, held = socket.socketpair()
        arguments = ["-I", "-S", subreaper.__file__, str(_GRACE), "", str(held.fileno()), "--", *command]
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=directory,
                env=dict(environment),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                pass_fds=(held.fileno(),),
                start_new_session=True,
            )
            held.close()
            control.setblocking(False)
            # A byte when the program runs, the end when it does not.
            await asyncio.get_running_loop().sock_recv(control, 1)
        except BaseException:
            held.close()
            control.close()
            raise
        if process.stdout is None or process.stdin is None:
            raise OSError("the program was started without pipes")
        return cls(process, process.stdout, process.stdin, control)

    async def chunks(self) -> AsyncIterator[list[bytes | None]]:
        """The lines that came together, without their ends, until the output ends.

        None stands for a line over the limit.
        """
        rest = bytearray()
        skipping = False
        while chunk := await self._output.read(_CHUNK):
            lines: list[bytes | None] = []
            *ended, begun = chunk.split(b"\n")
            for part in ended:
                lines.append(None if skipping else bytes(rest + part))
                rest.clear()
                skipping = False
            rest += b"" if skipping else begun
            if len(rest) > LINE_LIMIT:
                rest.clear()
                skipping = True
            if lines:
                yield lines

    def write(self, line: bytes) -> None:
        """Give it a line, without waiting until it reads it; an `OSError` when it has long read none."""
        if self._given.is_closing():
            raise OSError("it has closed its standard input")
        if self._given.transport.get_write_buffer_size() > UNREAD_LIMIT:
            raise OSError("it does not read its standard input")
        self._given.write(line + b"\n")

    async def ended(self, within_seconds: float) -> int | None:
        """Its exit status, 128 + n for signal n; None while it runs on."""
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(self._process.wait(), within_seconds)
        return None

    async def stop(self, patience: float = 0) -> None:
        """Close its input, and end it after `patience` seconds with all that descended from it."""
        self._given.close()
        if patience:
            await self.ended(patience)
        self._control.close()
        if await self.ended(_GRACE + _SUBREAPER_SECONDS) is None:
            # The subreaper itself hangs: nothing else is left that could clean up.
            for pid in (*subreaper.descendants(self._process.pid), self._process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await self._process.wait()


def obstacle(program: str, directory: str, path: str) -> str | None:
    """Why `program` cannot be run from `directory` with this `PATH`; None if nothing speaks against it."""
    named = Path(directory, program) if "/" in program else None
    found = shutil.which(program, path=path) if named is None else str(named)
    if found is None:
        return f"{program}: No such file or directory in PATH"
    if named is not None and not named.exists():
        return f"{program}: No such file or directory"
    if named is not None and named.is_dir():
        return f"{program} is a directory, not a program"
    if not os.access(found, os.X_OK):
        return f"{program} is not executable: chmod +x {program}"
    return _without_interpreter(Path(found))


def _without_interpreter(script: Path) -> str | None:
    try:
        with script.open("rb") as file:
            first = file.readline(_INTERPRETER_LIMIT)
    except OSError:
        return None
    words = first.removeprefix(b"#!").split()
    if not first.startswith(b"#!") or not words:
        return None
    interpreter = os.fsdecode(words[0])
    if first.endswith(b"\r\n"):
        return f"the first line of {script} ends with a carriage return: save it with Unix line ends"
    return None if Path(interpreter).exists() else f"{script}: its interpreter {interpreter} does not exist"
