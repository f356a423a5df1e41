"""Listeners: one web application on one socket, with bounded connections and quiet client errors."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from hyperhive.errors import UnavailableError
from hyperhive.system.sockets import listen_unix, remove_own
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)
access_log = logging.getLogger(f"{__name__}.access")
# A line per request would be most of the log and say nothing that the hive's own history does not.
access_log.setLevel(logging.WARNING)

_SHUTDOWN_SECONDS: Final = 1.0
_OPENING_SECONDS: Final = 5.0
_LINGER_SECONDS: Final = 2.0
_KEEPALIVE_SECONDS: Final = 75.0
_HEADERS: Final = 64
#: Half of what a connection holds of a body that nobody has read, in bytes: aiohttp's own is 256 KiB.
_READ_AHEAD: Final = 32 * 1024

#: Makes the answer to a request that is no HTTP, or that failed outside of the application.
FailureAnswer = Callable[[int], web.Response]


class Listener:
    """Serves `app`, once, on a TCP port or a Unix socket.

    Args:
        failure: Answers what never reaches the application.
        connections: Most connections at a time; one more is closed at once.
    """

    def __init__(self, app: web.Application, *, failure: FailureAnswer, connections: int) -> None:
        # A handler is cancelled when its client goes, so that no wait outlives the one who waits.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS)
        self._failure = failure
        self._connections = connections
        self._tasks = Tasks()
        self._bound: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._socket: tuple[Path, int] | None = None

    async def start_tcp(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen on a port, 0 for a free one, and return it."""
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                self._connection, host, port, ssl=tls, start_serving=False
            )
            await self._server.start_serving()
        except OSError as error:
            raise UnavailableError(f"cannot listen on {host} port {port}: {error}") from error
        return int(self._server.sockets[0].getsockname()[1])

    async def start_unix(self, path: Path, mode: int) -> None:
        """`mode` is the socket's permission bits; errors as in `listen_unix`."""
        await self._runner.setup()
        listener = await self._tasks.complete(self._bind(path, mode), f"opening {path.name}")
        loop = asyncio.get_running_loop()
        # Serving starts apart: cancelled in the middle of both, the server would be lost with its socket.
        self._server = await loop.create_unix_server(self._connection, sock=listener, start_serving=False)
        await self._server.start_serving()

    async def stop(self) -> None:
        """Accept nothing more, let running requests end within a second, cut the rest."""
        await self._tasks.finish(_OPENING_SECONDS)
        if self._server is not None:
            self._server.close()
        elif self._bound is not None:
            self._bound.close()
        await self._runner.cleanup()
        if self._socket is not None:
            await asyncio.to_thread(remove_own, *self._socket)

    async def _bind(self, path: Path, mode: int) -> socket.socket:
        """To its end also when nobody waits for it any more: `stop` closes what its thread has made."""
        listener, inode = await asyncio.to_thread(listen_unix, path, mode)
        self._bound, self._socket = listener, (path, inode)
        return listener

    def _connection(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) >= self._connections:
            return _Refusal()
        return _Connection(server, self._failure)


class _Refusal(asyncio.Protocol):
    """Ends a connection at once; without a bound one client could use up every file descriptor."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _Connection(web.RequestHandler):
    """One HTTP connection. What a client does wrong is one log line at most, never a traceback."""

    __slots__ = ("_failure",)

    def __init__(self, server: web.Server, failure: FailureAnswer) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=access_log,
            keepalive_timeout=_KEEPALIVE_SECONDS,
            lingering_time=_LINGER_SECONDS,
            max_headers=_HEADERS,
            read_bufsize=_READ_AHEAD,
            # A body is read with a limit, which a compressed one would go around.
            auto_decompress=False,
        )
        self._failure = failure

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= 500 and not isinstance(exc, ConnectionError):
            log.error("a request failed outside of its handler", exc_info=exc)
        else:
            log.debug("refused a malformed request: %s", message or exc)
        if request.writer.output_size > 0:
            raise ConnectionResetError("the answer had begun")
        response = self._failure(status)
        response.force_close()
        return response

    def log_exception(self, *args: Any, **kw: Any) -> None:
        """What aiohttp itself could not handle; a client that went away is not worth a traceback."""
        if not isinstance(kw.get("exc_info"), ConnectionError):
            super().log_exception(*args, **kw)


def socket_of(request: web.BaseRequest) -> socket.socket | None:
    if request.transport is None:
        return None
    found: socket.socket | None = request.transport.get_extra_info("socket")
    return found
