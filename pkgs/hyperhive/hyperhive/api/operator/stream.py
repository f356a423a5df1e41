"""The hive's frames and one agent's log to browsers that keep up: server-sent events, or one WebSocket."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSMessage, WSMsgType, web
from pydantic import ValidationError

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.security import Gate, secure
from hyperhive.api.sockets import close, new_socket
from hyperhive.errors import (
    HyperhiveError,
    InvalidRequestError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)
from hyperhive.protocol.base import BEAT_SECONDS, CLOSE_LEFT, Beat, ProblemDetail
from hyperhive.protocol.stream import (
    REQUEST_BYTES,
    STREAM_LIMIT,
    STREAM_REQUEST,
    Close,
    Ended,
    Open,
    Opened,
    item,
)
from hyperhive.services.bus import Backlog, StreamItem, Subscription
from hyperhive.services.composition import Services
from hyperhive.system.tasks import Tasks

#: A browser that takes nothing for so long is dropped.
WRITE_SECONDS: Final = 10.0
_RETRY_MILLISECONDS: Final = 1000

_HIVE_PATH: Final = "/messages/stream"
_AGENT_PATH: Final = re.compile("/api/agents/([^/]+)/stream")


class StreamApi:
    """The streams. Without a gate (on the admin socket) they belong to no session."""

    def __init__(self, services: Services, open_calls: OpenCalls, gate: Gate | None) -> None:
        self._services = services
        self._open_calls = open_calls
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(_HIVE_PATH, self.hive),
            web.get("/api/agents/{name}/stream", self.agent),
            web.get("/api/streams", self.socket),
        ]

    async def hive(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, self._services.hive.watch())

    async def agent(self, request: web.Request) -> web.StreamResponse:
        name = self._services.agents.config(request.match_info["name"]).name
        return await self._send(request, self._services.events.watch(name))

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Any number of streams over one connection, until the browser goes or the operator logs out."""
        session = self._gate.session(request) if self._gate else None
        socket = new_socket(request, REQUEST_BYTES)
        # Before anything is refused: a page is told the reason of a close, not that of a refused handshake.
        await socket.prepare(request)
        streams = _Streams(request, socket, self._subscribe, lambda: self._ended(request))
        reason = "it was closed"
        try:
            async with self._open_calls.hold(session):
                await streams.serve()
        except HyperhiveError as error:
            reason = error.message
        await close(socket, CLOSE_LEFT, reason)
        return socket

    def _subscribe(self, path: str, backlog: Backlog) -> Subscription:
        if path == _HIVE_PATH:
            return self._services.hive.watch(backlog)
        agent = _AGENT_PATH.fullmatch(path)
        if agent is None:
            raise NotFoundError(f"there is no stream {path}")
        return self._services.events.watch(self._services.agents.config(agent[1]).name, backlog)

    async def _send(self, request: web.Request, subscription: Subscription) -> web.StreamResponse:
        session = self._gate.session(request) if self._gate else None
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        secure(response)
        if request.method == "HEAD":
            return response
        async with subscription as items:
            try:
                async with self._open_calls.hold(session):
                    await response.prepare(request)
                    await _write(request, response, b"retry: %d\n\n" % _RETRY_MILLISECONDS)
                    while (text := await _next(items)) is not None:
                        if self._ended(request):
                            break
                        await _write(request, response, text)
                    if items.fell_behind:
                        ended = _problem(_fell_behind()).model_dump_json().encode()
                        await _write(request, response, b"event: ended\ndata: %b\n\n" % ended)
            except UnavailableError:
                # Ended from outside; the browser connects again and learns why.
                if not response.prepared:
                    raise
        return response

    def _ended(self, request: web.Request) -> bool:
        return self._gate is not None and self._gate.session(request) is None


class _Streams:
    """The streams that one WebSocket has open, each by the id that the browser gave it.

    Args:
        subscribe: The stream of a path; a `NotFoundError` when there is none.
        ended: Whether the session is over.
    """

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        subscribe: Callable[[str, Backlog], Subscription],
        ended: Callable[[], bool],
    ) -> None:
        self._request = request
        self._socket = socket
        self._subscribe = subscribe
        self._ended = ended
        self._tasks = Tasks()
        self._open: dict[int, asyncio.Task[None]] = {}
        self._backlog = Backlog()
        # One frame at a time: what is written waits in the socket's buffer, which nobody else bounds.
        self._turn = asyncio.Lock()

    async def serve(self) -> None:
        """Do what the browser asks until it goes; an `InvalidRequestError` for what it must not send."""
        self._tasks.start(self._beat(), "beat of a page's streams")
        try:
            async for message in self._socket:
                self._check()
                self._take(message)
                # What has come already is given without a pause: between two frames everybody has a turn.
                await asyncio.sleep(0)
        finally:
            await self._tasks.cancel()

    def _take(self, message: WSMessage) -> None:
        try:
            asked = STREAM_REQUEST.validate_json(message.data if message.type is WSMsgType.TEXT else b"")
        except ValidationError as error:
            raise InvalidRequestError("the page sent a frame that it must not send") from error
        match asked:
            case Open(id=stream, path=path):
                if stream in self._open:
                    raise InvalidRequestError(f"stream {stream} is open already")
                self._open[stream] = self._tasks.start(self._send(stream, path), f"stream {path}")
            case Close(id=stream):
                task = self._open.pop(stream, None)
                if task is not None:
                    task.cancel()

    async def _send(self, stream: int, path: str) -> None:
        try:
            if len(self._open) > STREAM_LIMIT:
                raise TooManyRequestsError(
                    f"this browser has {STREAM_LIMIT} streams open, no more are possible: close some tabs"
                )
            async with self._subscribe(path, self._backlog) as items:
                await self._say(Opened(id=stream))
                while await items.waits():
                    async with self._turn:
                        if (one := items.take()) is not None:
                            await self._write(item(stream, one.data))
            raise _fell_behind() if items.fell_behind else UnavailableError("the agent has left the hive")
        except HyperhiveError as error:
            self._open.pop(stream, None)
            await self._say(Ended(id=stream, status=error.status, error=_problem(error)))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if self._ended():
                await close(self._socket, CLOSE_LEFT, "the login has ended")
                return
            await self._say(Beat())

    async def _say(self, frame: Opened | Ended | Beat) -> None:
        async with self._turn:
            await self._write(frame.model_dump_json().encode())

    async def _write(self, frame: bytes) -> None:
        await _in_time(self._request, self._socket.send_frame(frame, WSMsgType.TEXT))

    def _check(self) -> None:
        if self._ended():
            raise UnauthorizedError("the login has ended")


_HEARTBEAT: Final = b":\n\n"


async def _next(items: Subscription) -> bytes | None:
    """The next item, None at the end; a comment before proxies take a quiet stream for dead."""
    wait = asyncio.timeout(BEAT_SECONDS)
    try:
        async with wait:
            return _event(await anext(items))
    except StopAsyncIteration:
        return None
    except TimeoutError:
        if not wait.expired():
            raise
        return _HEARTBEAT


def _event(item: StreamItem) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (item.id, item.event.encode(), item.data)


async def _write(request: web.Request, response: web.StreamResponse, text: bytes) -> None:
    await _in_time(request, response.write(text))


async def _in_time(request: web.Request, sending: Awaitable[None]) -> None:
    """Send something; a browser that does not take it in `WRITE_SECONDS` is dropped."""
    wait = asyncio.timeout(WRITE_SECONDS)
    try:
        async with wait:
            await sending
    except TimeoutError as error:
        if not wait.expired():
            raise
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the browser does not keep up") from error


def _fell_behind() -> UnavailableError:
    return UnavailableError("the browser does not keep up: load again what this stream goes on from")


def _problem(error: HyperhiveError) -> ProblemDetail:
    return ProblemDetail(key=error.key, message=error.message)
