"""`/api/agents/{name}/terminals`: the operator's shells beside an agent, and the sockets of their windows."""

import asyncio
import logging
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ValidationError

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.json_io import Query, answer, read_body, read_query
from hyperhive.api.security import Gate
from hyperhive.errors import HyperhiveError, InvalidRequestError, UnauthorizedError
from hyperhive.protocol.terminal import (
    BEAT_SECONDS,
    BROWSER_FRAME,
    CLOSE_ENDED,
    CLOSE_LEFT,
    FRAME_BYTES,
    Beat,
    BrowserFrame,
    Offset,
    Size,
    ViewerFrame,
)
from hyperhive.services.terminal import Terminals
from hyperhive.services.terminal_ends import Viewer
from hyperhive.services.terminal_stream import Terminal
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS: Final = 20.0
_CLOSE_SECONDS: Final = 2.0
_REASON_BYTES: Final = 123


class _Attach(Query):
    """From which offset of the output on; without one, from the oldest that is kept."""

    have: Offset | None = None


class TerminalApi:
    """Opens, lists, shows and ends terminals. Without a gate (on the admin socket) no session is needed."""

    def __init__(self, terminals: Terminals, open_calls: OpenCalls, tasks: Tasks, gate: Gate | None) -> None:
        self._terminals = terminals
        self._open_calls = open_calls
        self._tasks = tasks
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/agents/{name}/terminals", self.list),
            web.post("/api/agents/{name}/terminals", self.open),
            web.post("/api/agents/{name}/terminals/{id}/kill", self.kill),
            web.get("/api/agents/{name}/terminals/{id}", self.attach),
        ]

    async def list(self, request: web.Request) -> web.Response:
        """The agent's terminals, and who is connected."""
        return answer(self._terminals.overview(request.match_info["name"]))

    async def open(self, request: web.Request) -> web.Response:
        """Start a shell in the agent's container."""
        size = await read_body(request, Size)
        return answer(await self._terminals.open(request.match_info["name"], size, _who(request)))

    async def kill(self, request: web.Request) -> web.Response:
        """End a shell and everything that was started in it; that it has ended comes with the list."""
        name, terminal = request.match_info["name"], request.match_info["id"]
        return answer(self._terminals.kill(name, terminal, _who(request)))

    async def attach(self, request: web.Request) -> web.WebSocketResponse:
        """Show a terminal until it ends, the window goes, or the operator logs out."""
        asked = read_query(request, _Attach)
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_SECONDS, timeout=_CLOSE_SECONDS, max_msg_size=FRAME_BYTES, compress=False
        )
        if not socket.can_prepare(request):
            raise InvalidRequestError("this address is for a WebSocket")
        name, who = request.match_info["name"], _who(request)
        terminal, viewer = self._terminals.attach(name, request.match_info["id"], who, asked.have)
        try:
            await socket.prepare(request)
            async with self._open_calls.hold(self._gate.session(request) if self._gate else None):
                await self._serve(request, socket, terminal, viewer)
        except InvalidRequestError as error:
            log.warning("a window of %s on a terminal of %s: %s", who, name, error)
            await _close(socket, WSCloseCode.POLICY_VIOLATION, error)
        except HyperhiveError as error:
            await _close(socket, CLOSE_LEFT, error)
        except ConnectionError:
            log.debug("a window of %s on a terminal of %s broke off", who, name)
        finally:
            terminal.detach(viewer)
        return socket

    async def _serve(
        self, request: web.Request, socket: web.WebSocketResponse, terminal: Terminal, viewer: Viewer
    ) -> None:
        writing = self._write(request, socket, viewer)
        writer = self._tasks.start(writing, f"terminal for {viewer.who}")
        try:
            async for message in socket:
                self._check(request)
                if message.type is WSMsgType.BINARY:
                    terminal.type(viewer, message.data)
                elif message.type is WSMsgType.TEXT:
                    terminal.hear(viewer, _frame(message.data))
        finally:
            writer.cancel()

    async def _write(self, request: web.Request, socket: web.WebSocketResponse, viewer: Viewer) -> None:
        try:
            while (frame := await _next(viewer)) is not None:
                if isinstance(frame, Beat):
                    self._check(request)
                if isinstance(frame, BaseModel):
                    await socket.send_str(frame.model_dump_json())
                else:
                    await socket.send_bytes(frame)
            await socket.close(code=CLOSE_ENDED, message=b"the terminal has ended")
        except UnauthorizedError as error:
            await _close(socket, CLOSE_LEFT, error)
        except ConnectionError:
            log.debug("a window broke off while it was written to")

    def _check(self, request: web.Request) -> None:
        """A session also ends when its time is over, which nobody tells the sockets."""
        if self._gate is not None and self._gate.session(request) is None:
            raise UnauthorizedError("the login has ended")


def _frame(text: str) -> BrowserFrame:
    try:
        return BROWSER_FRAME.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise InvalidRequestError(f"invalid frame: {place}: {first['msg']}") from error


async def _next(viewer: Viewer) -> bytes | ViewerFrame | None:
    wait = asyncio.timeout(BEAT_SECONDS)
    try:
        async with wait:
            return await viewer.next()
    except TimeoutError:
        if not wait.expired():
            raise
        return Beat()


async def _close(socket: web.WebSocketResponse, code: int, error: HyperhiveError) -> None:
    await socket.close(code=code, message=error.message.encode()[:_REASON_BYTES])


def _who(request: web.Request) -> str:
    """Where the operator calls from, for people."""
    return request.remote or "the command line"
