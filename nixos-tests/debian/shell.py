"""The root shell of a machine at the other end of a socket: commands in, output and exit codes out.

The shell reads lines and echoes nothing. An answer stands between marks that no other answer has, so what an
earlier command left in the channel is skipped.
"""

import base64
import binascii
import secrets
import select
import shlex
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from errors import GuestError

#: Exit code of a command that took too long: that of timeout(1).
TOO_LONG: Final = 124

_KILL_SECONDS: Final = 5
#: How much longer than the command the guest may take to hand its output back.
_GRACE_SECONDS: Final = 30.0
_LOOK_SECONDS: Final = 0.5
_HELLO_SECONDS: Final = 1.0
#: Bytes: what one argument of a program may have on Linux, less some for `set`.
_LONGEST_COMMAND: Final = 120_000
_SHOWN_ERRORS: Final = 65_536


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    output: str
    errors: str


class Shell:
    """A connected shell.

    Args:
        connection: The channel; stays the caller's.
        dead: Why the guest cannot answer any more, as a reason to give up early; null as long as it may.
        scratch: Directory of the guest for a file in between; one shell word.
    """

    def __init__(self, connection: socket.socket, dead: Callable[[], str | None], scratch: str) -> None:
        self._connection = connection
        self._dead = dead
        self._errors = f"{scratch}/driver-stderr"
        self._received = b""

    def greet(self, seconds: float) -> None:
        """Wait until the shell answers; what is sent before it is there may be lost, so this asks again.

        Raises:
            GuestError: It did not, within these seconds.
        """
        deadline = time.monotonic() + seconds
        while True:
            mark = secrets.token_hex(8)
            # What bash itself has to say would stand in the middle of answers.
            self._send(f"\nexec 2>/dev/null; echo {mark}\n".encode())
            try:
                self._read_to(f"{mark}\n".encode(), min(deadline, time.monotonic() + _HELLO_SECONDS))
            except TimeoutError as error:
                if time.monotonic() > deadline:
                    raise GuestError(f"no shell answered within {seconds:.0f} seconds") from error
            else:
                return

    def run(self, command: str, seconds: float) -> Outcome:
        """Run a command of bash with `set -euo pipefail` and no input; waits until its output is closed.

        Output that is not UTF-8 comes with replacement characters; of the errors the end is kept. A command
        that takes longer than `seconds` is ended, with code 124.

        Raises:
            GuestError: The guest does not answer.
        """
        whole = f"set -euo pipefail; {command}"
        if len(whole.encode()) > _LONGEST_COMMAND:
            raise ValueError("the command is too long, copy it to the machine as a file")
        limit = max(1, round(seconds))
        mark = secrets.token_hex(8)
        # Of few programs: on an emulated processor starting one takes longer than most of them run.
        words = (
            f"printf '%s<' {mark};"
            f" timeout --kill-after={_KILL_SECONDS} {limit} bash -c {shlex.quote(whole)}"
            f" </dev/null 2>{self._errors} | timeout {limit + _KILL_SECONDS + 1} base64 --wrap=0;"
            f" code=${{PIPESTATUS[0]}}; printf ':';"
            f" [[ ! -s {self._errors} ]] || tail --bytes={_SHOWN_ERRORS} {self._errors} | base64 --wrap=0;"
            f" printf ':%s>{mark}\\n' $code\n"
        )
        self._send(words.encode())
        answer = self._answer(mark, limit + _KILL_SECONDS + _GRACE_SECONDS)
        output, errors, code = answer.split(b":")
        return Outcome(int(code), _decode(output), _decode(errors))

    def send(self, command: str) -> None:
        """Run a command of which no answer is wanted, or none can come."""
        self._send(f"{command}\n".encode())

    def write(self, data: bytes, target: str, seconds: float) -> None:
        """Write bytes to a file of the guest; `target` is one shell word.

        Raises:
            GuestError: The guest does not answer, or did not take all of it.
        """
        mark = secrets.token_hex(8)
        self._send(f"head --bytes={len(data)} >{target}; printf '{mark}<%s>{mark}\\n' $?\n".encode())
        self._send(data, seconds)
        code = self._answer(mark, seconds)
        if code != b"0":
            raise GuestError(f"writing {target} ended with {code.decode(errors='replace')}")

    def _answer(self, mark: str, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        try:
            self._read_to(f"{mark}<".encode(), deadline)
            return self._read_to(f">{mark}\n".encode(), deadline)
        except TimeoutError as error:
            raise GuestError(f"the guest did not answer within {seconds:.0f} seconds") from error

    def _send(self, data: bytes, seconds: float = _GRACE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        rest = memoryview(data)
        while rest:
            _, writable, _ = select.select([], [self._connection], [], _LOOK_SECONDS)
            if writable:
                try:
                    rest = rest[self._connection.send(rest, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
                except OSError as error:
                    raise GuestError(f"the shell is gone: {error}") from error
                continue
            self._give_up_when_dead()
            if time.monotonic() > deadline:
                raise GuestError(f"the guest has read nothing for {seconds:.0f} seconds")

    def _read_to(self, end: bytes, deadline: float) -> bytes:
        """What comes before `end`; both are taken.

        Raises:
            TimeoutError: It has not come.
        """
        looked = 0
        while (found := self._received.find(end, looked)) < 0:
            looked = max(0, len(self._received) - len(end))
            self._received += self._receive(deadline)
        before, self._received = self._received[:found], self._received[found + len(end) :]
        return before

    def _receive(self, deadline: float) -> bytes:
        while True:
            readable, _, _ = select.select([self._connection], [], [], _LOOK_SECONDS)
            if readable:
                try:
                    data = self._connection.recv(65_536)
                except OSError as error:
                    raise GuestError(f"the shell is gone: {error}") from error
                if not data:
                    raise GuestError("the machine has ended")
                return data
            self._give_up_when_dead()
            if time.monotonic() > deadline:
                raise TimeoutError

    def _give_up_when_dead(self) -> None:
        reason = self._dead()
        if reason is not None:
            raise GuestError(reason)


def _decode(encoded: bytes) -> str:
    try:
        return base64.b64decode(encoded).decode(errors="replace")
    except binascii.Error:
        # The encoder was ended in the middle of a group.
        return base64.b64decode(encoded[: len(encoded) // 4 * 4]).decode(errors="replace")
