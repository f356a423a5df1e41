"""Listeners: one web application on one socket, with bounded connections and quiet client errors."""

import asyncio
import logging
import socket
import ssl
import time
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
#: Most bytes of one read. All that is in them is parsed before anything else goes on, and six bytes can be a
#: chunk of a body or a frame: asyncio's own 256 KiB of them hold the loop for more than 100 ms.
_READ_BYTES: Final = 32 * 1024
#: Most requests that a client sends before it has the answers; ours send one. aiohttp before 3.14 keeps any
#: number of them, and to collect the garbage of 100,000 takes 300 ms.
_AHEAD: Final = 1000

#: Most frames of one client that bring no message of their own (pings, pongs and pieces of a message) in so
#: many seconds. Ours send a ping in 20 s, and no pieces.
_SPARE_FRAMES: Final = 300
_SPARE_SECONDS: Final = 10.0
#: A frame with reserved bits, which every parser refuses with 1002.
_WRONG_FRAME: Final = b"\xf0\x80"

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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # What asyncio's transports over sockets ask for at a time.
        transport.max_size = _READ_BYTES  # type: ignore[attr-defined]
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self._messages) > _AHEAD and self.transport is not None:
            self.transport.abort()

    def set_parser(self, parser: Any, *args: Any, **kw: Any) -> None:
        """From here on the connection is a WebSocket."""
        super().set_parser(_ClientFrames(parser), *args, **kw)  # type: ignore[arg-type] # it acts as one

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


class _ClientFrames:
    """Passes on to aiohttp's parser what a WebSocket's client sends, up to a frame that none may send.

    That is one without a mask, which aiohttp reads although the protocol wants the connection closed (RFC
    6455, 5.1), and one too many that brings no message, of which whoever reads messages hears nothing. In
    place of it goes one that the parser refuses; everything else is the parser's to judge.
    """

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        #: The beginning of a header that has not come whole, and how much of its frame is still to come.
        self._begin = b""
        self._rest = 0
        self._spares = 0
        self._spares_until = 0.0

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        data, self._begin = self._begin + data, b""
        at, wrong = self._walk(data)
        if wrong:
            data = data[:at] + _WRONG_FRAME
        elif at < len(data):
            data, self._begin = data[:at], data[at:]
        passed: tuple[bool, bytes] = self._parser.feed_data(data)
        return passed

    def feed_eof(self) -> None:
        self._parser.feed_eof()

    def _walk(self, data: bytes) -> tuple[int, bool]:
        """Where the first wrong header begins, or the last, when it is not whole; else the end or more."""
        at, size = self._rest, len(data)
        while at + 2 <= size:
            opcode, length = data[at] & 0x0F, data[at + 1] & 0x7F
            begin = at + 2 + {126: 2, 127: 8}.get(length, 0)
            if not data[at + 1] & 0x80:
                return at, True
            if begin > size:
                break
            if (opcode == 0 or opcode & 0x8) and self._is_one_too_many():
                return at, True
            if length > 125:
                length = int.from_bytes(data[at + 2 : begin], "big")
            at = begin + 4 + length
        self._rest = max(0, at - size)
        return at, False

    def _is_one_too_many(self) -> bool:
        now = time.monotonic()
        if now > self._spares_until:
            self._spares, self._spares_until = 0, now + _SPARE_SECONDS
        self._spares += 1
        return self._spares > _SPARE_FRAMES


def socket_of(request: web.BaseRequest) -> socket.socket | None:
    if request.transport is None:
        return None
    found: socket.socket | None = request.transport.get_extra_info("socket")
    return found
