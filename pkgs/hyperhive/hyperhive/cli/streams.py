"""Standard input, output and error as a command gets them: also closed, full, or with bytes of no text."""

import contextlib
import errno
import io
import os
import sys
from typing import Any, Final

from hyperhive.errors import HyperhiveError, InvalidRequestError
from hyperhive.text import decoded, replaced_note, sound_text

#: How a closed stream is opened, on nothing: it fails as a closed one does, and no file or socket that comes
#: later gets the number 0, 1 or 2, so that nothing is ever written into it by mistake.
_CLOSED: Final = {0: os.O_WRONLY, 1: os.O_RDONLY, 2: os.O_WRONLY}


class OutputError(HyperhiveError):
    """Standard output is closed, or what it leads to takes no more."""

    key = "output_failed"


class _Input(io.FileIO):
    """Standard input, whose failures are told from every other `OSError`."""

    def readinto(self, buffer: Any) -> int:
        try:
            return super().readinto(buffer)
        except OSError as error:
            raise InvalidRequestError(f"standard input cannot be read: {_reason(error)}") from error

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as error:
            raise InvalidRequestError(f"standard input cannot be read: {_reason(error)}") from error


class _Output(io.FileIO):
    """Standard output, likewise."""

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputError(f"standard output cannot be written: {_reason(error)}") from error


def take_streams() -> None:
    """Prepare the three streams of this process; to be called before anything is opened."""
    for number, flags in _CLOSED.items():
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)
    reader = io.BufferedReader(_Input(0, closefd=False))
    sys.stdin = io.TextIOWrapper(reader, encoding="utf-8", errors="surrogateescape")
    if sys.stderr is None:
        # Open to the end of the process.
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    old = sys.stdout
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(_Output(1, "w", closefd=False)),
        encoding="utf-8" if old is None else old.encoding,
        # A name of a file may be no text, and a terminal may not know every character.
        errors="backslashreplace",
        line_buffering=old is not None and bool(old.line_buffering),
    )


def flush_output() -> None:
    """Write what was printed; a `BrokenPipeError` or `OutputError` when nobody gets it."""
    if not sys.stdout.closed:
        sys.stdout.flush()


def drop_output() -> None:
    """Let the interpreter write what is left into nothing: it must not complain at its end."""
    _drop(1)


def say(line: str) -> None:
    """Print a line for a person on standard error, where there still is one."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _drop(2)


def input_bytes(*, line: bool = False) -> bytes:
    """All of standard input, or its first line; an `InvalidRequestError` when it cannot be read."""
    # A test, or a program that calls us, may have put a text in its place.
    stream = getattr(sys.stdin, "buffer", sys.stdin)
    given: bytes | str = stream.readline() if line else stream.read()
    return given if isinstance(given, bytes) else given.encode(errors="surrogateescape")


def read_input() -> str:
    """All of standard input as text; what was no text is replaced, and said. Errors as in `input_bytes`."""
    text, replaced = decoded(input_bytes())
    if replaced:
        say(f"hyperhive: warning: in standard input, {replaced_note(replaced, 'byte')}")
    text, replaced = sound_text(text, nul=True)
    if replaced:
        say(f"hyperhive: warning: in standard input, {replaced_note(replaced)}")
    return text


def text_argument(given: str) -> str:
    """An argument that is a text, and not the name of a file: the `type` of an argument of argparse."""
    # The interpreter makes half a character of each byte that is no text.
    text, replaced = sound_text(given)
    if replaced:
        say(f"hyperhive: warning: in an argument, {replaced_note(replaced, 'byte')}")
    return text


def _reason(error: OSError) -> str:
    return "it is closed" if error.errno == errno.EBADF else str(error.strerror)


def _drop(number: int) -> None:
    with contextlib.suppress(OSError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, number)
        os.close(nothing)
