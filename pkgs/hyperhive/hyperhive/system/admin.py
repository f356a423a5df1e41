"""Calls of the operator API over the admin socket, which needs no login; quick to import."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any, ClassVar, Final

from hyperhive.errors import RemoteError, UnavailableError

_SECONDS: Final = 30.0


class BrokerUnreachableError(UnavailableError):
    """Nobody answers on the admin socket; the message names it."""

    #: Tells the command line which exit code this is without importing this module.
    unreachable: ClassVar[bool] = True


class AdminClient:
    """Calls on the admin socket at `path`, one connection each."""

    def __init__(self, path: Path, seconds: float = _SECONDS) -> None:
        self._path = path
        self._seconds = seconds

    def get(self, route: str) -> Any:
        """Errors as in `post`."""
        return self._call("GET", route, None)

    def post(self, route: str, body: dict[str, Any]) -> Any:
        """A `BrokerUnreachableError` when no answer comes, a `RemoteError` when the broker refuses."""
        return self._call("POST", route, json.dumps(body).encode())

    def _call(self, method: str, route: str, body: bytes | None) -> Any:
        connection = _UnixConnection(self._path, self._seconds)
        try:
            connection.request(method, route, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            reason = (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__
            raise BrokerUnreachableError(f"no broker answers on {self._path}: {reason}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise RemoteError.from_answer("the broker", response.status, answer)
        try:
            return json.loads(answer)
        except ValueError:
            raise RemoteError(
                RemoteError.key, f"the broker answered {response.status} with no JSON"
            ) from None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
