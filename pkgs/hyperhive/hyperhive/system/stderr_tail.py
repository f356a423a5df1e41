"""The standard error of a child process: passed on to our own, its last line kept for a reason."""

import asyncio
import contextlib
import os
import sys
from types import TracebackType
from typing import Final, Self, TextIO

#: Bytes of the end that are kept, and characters of a line.
_TAIL: Final = 4096
_LINE: Final = 300


class StderrTail:
    """`with StderrTail() as tail:`, then start a child with `tail.file` as its standard error."""

    file: TextIO

    def __init__(self) -> None:
        self._tail = b""
        self._read_end = -1

    def __enter__(self) -> Self:
        self._read_end, write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self.file = os.fdopen(write_end, "w")
        asyncio.get_running_loop().add_reader(self._read_end, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._take()
        asyncio.get_running_loop().remove_reader(self._read_end)
        self.file.close()
        os.close(self._read_end)

    def line(self) -> str:
        """The last line that says something, on one line of bounded length; empty when there is none."""
        self._take()
        lines = self._tail.decode(errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        return "".join(char if char.isprintable() else " " for char in last)[:_LINE]

    def _take(self) -> None:
        # We hold the other end ourselves, so that there is no end of file: only nothing more for now.
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._read_end, 65536):
                self._tail = (self._tail + data)[-_TAIL:]
                sys.stderr.write(data.decode(errors="replace"))
