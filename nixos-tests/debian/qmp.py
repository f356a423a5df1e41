"""QEMU's control channel."""

import json
import socket
from types import TracebackType
from typing import Any, Final, Self

_ANSWER_SECONDS: Final = 120.0


class QmpError(Exception):
    """QEMU refused a command, or answers no more."""


class Qmp:
    """Sends commands and waits for their answers; events are skipped.

    Args:
        connection: Closed with this object.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(_ANSWER_SECONDS)
        self._connection = connection
        self._lines = connection.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def greet(self) -> None:
        """Wait until QEMU is there.

        Raises:
            QmpError: It is not.
        """
        self._read()
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: Any) -> Any:
        """What the command returns.

        Raises:
            QmpError: It failed.
        """
        message = json.dumps({"execute": name, "arguments": arguments})
        try:
            self._connection.sendall(message.encode() + b"\n")
        except OSError as error:
            raise QmpError(f"{name}: {error}") from error
        while True:
            answer = self._read()
            if "error" in answer:
                raise QmpError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def monitor(self, line: str) -> None:
        """Run a command of the monitor for people that prints only what went wrong.

        Raises:
            QmpError: It printed something.
        """
        printed = self.command("human-monitor-command", **{"command-line": line})
        if printed:
            raise QmpError(f"{line}: {printed.strip()}")

    def close(self) -> None:
        """Close the channel; QEMU goes on."""
        self._lines.close()
        self._connection.close()

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except ConnectionResetError:
            line = b""
        except OSError as error:
            raise QmpError(f"QEMU does not answer: {error}") from error
        if not line:
            raise QmpError("QEMU has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer
