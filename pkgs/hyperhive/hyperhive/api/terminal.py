"""The operator's shells beside an agent: every window's socket, joined to one that the harness dials."""

import asyncio
import contextlib
import logging
from typing import Final

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web
from pydantic import ValidationError

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.json_io import Query, answer, read_body, read_query
from hyperhive.api.security import Gate
from hyperhive.api.sockets import close, new_socket
from hyperhive.errors import HyperhiveError, UnauthorizedError
from hyperhive.protocol.base import BEAT_SECONDS, CLOSE_LEFT, Beat
from hyperhive.protocol.terminal import (
    CLOSE_ENDED,
    FRAME_BYTES,
    VIEWER_FRAME,
    Offset,
    Size,
    TerminalId,
)
from hyperhive.services.terminal import HarnessSocket, TerminalRelay
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Close codes of a harness that are meant for the browser.
_REASONS: Final = {
    CLOSE_ENDED: "the terminal has ended",
    WSCloseCode.POLICY_VIOLATION: "the window sent a frame that it must not send",
}


class _Attach(Query):
    """From which offset of the output on; without one, from the oldest that is kept."""

    have: Offset | None = None
    #: The window's own name, the same over all its connections.
    window: TerminalId | None = None


class ViewerApi:
    """`GET /v1/terminals/{viewer}`: an agent's harness dials for a window that it was asked to serve."""

    def __init__(self, agent: str, terminals: TerminalRelay) -> None:
        self._agent = agent
        self._terminals = terminals

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/terminals/{viewer}", self.dial)]

    async def dial(self, request: web.Request) -> web.WebSocketResponse:
        """Keep the socket open for the window, which reads and writes it."""
        socket = new_socket(request, FRAME_BYTES)
        viewer = self._terminals.viewer(self._agent, request.match_info["viewer"])
        await socket.prepare(request)
        if request.transport is not None and not viewer.harness.done():
            viewer.harness.set_result(HarnessSocket(socket, request.transport))
            await viewer.over.wait()
        # Here, so that no window waits until a harness says that it has closed.
        await socket.close(code=CLOSE_LEFT)
        return socket


class TerminalApi:
    """Opens, lists, shows and ends terminals. Without a gate (on the admin socket) no session is needed."""

    def __init__(self, terminals: TerminalRelay, open_calls: OpenCalls, gate: Gate | None) -> None:
        self._terminals = terminals
        self._open_calls = open_calls
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/agents/{name}/terminals", self.list),
            web.post("/api/agents/{name}/terminals", self.open),
            web.post("/api/agents/{name}/terminals/{id}/kill", self.kill),
            web.get("/api/agents/{name}/terminals/{id}", self.attach),
        ]

    async def list(self, request: web.Request) -> web.Response:
        return answer(self._terminals.overview(request.match_info["name"]))

    async def open(self, request: web.Request) -> web.Response:
        size = await read_body(request, Size)
        return answer(await self._terminals.open(request.match_info["name"], size, _who(request)))

    async def kill(self, request: web.Request) -> web.Response:
        """End a shell and everything that was started in it; that it has ended comes with the list."""
        name, terminal = request.match_info["name"], request.match_info["id"]
        return answer(self._terminals.kill(name, terminal, _who(request)))

    async def attach(self, request: web.Request) -> web.WebSocketResponse:
        """Show a terminal until it ends, the window or the harness goes, or the operator logs out."""
        query = read_query(request, _Attach)
        socket = new_socket(request, FRAME_BYTES)
        agent, terminal, who = request.match_info["name"], request.match_info["id"], _who(request)
        session = self._gate.session(request) if self._gate else None
        try:
            async with (
                self._open_calls.hold(session),
                self._terminals.attach(agent, terminal, who, query.have, query.window) as harness,
            ):
                await socket.prepare(request)
                code, reason = await self._relay(request, socket, harness)
        except HyperhiveError as error:
            if not socket.prepared:
                raise
            code, reason = CLOSE_LEFT, error.message
        except ConnectionError:
            code, reason = CLOSE_LEFT, "the connection broke"
        log.info("a window of %s on terminal %s of %s closed: %s", who, terminal[:8], agent, reason)
        await close(socket, code, reason)
        return socket

    async def _relay(
        self, request: web.Request, browser: web.WebSocketResponse, harness: HarnessSocket | None
    ) -> tuple[int, str]:
        """Pass frames both ways until either side ends; with which code and reason to close the browser's."""
        if harness is None:
            return CLOSE_ENDED, "the terminal has ended"
        running = Tasks()
        ways = (
            running.start(_from_harness(harness, browser), "output of a terminal"),
            running.start(self._from_browser(request, browser, harness.frames), "input of a terminal"),
            running.start(self._beat(request, browser), "beat of a terminal"),
        )
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            return next(way.result() for way in ways if way in done)
        finally:
            await running.cancel()

    async def _from_browser(
        self, request: web.Request, browser: web.WebSocketResponse, harness: web.WebSocketResponse
    ) -> tuple[int, str]:
        async for message in browser:
            self._check(request)
            # That the harness has closed comes the other way, behind its last output.
            with contextlib.suppress(ConnectionError):
                await _pass_on(message, harness)
            # What has come already is given without a pause: between two frames everybody has a turn.
            await asyncio.sleep(0)
        return WSCloseCode.OK, "it was closed"

    async def _beat(self, request: web.Request, browser: web.WebSocketResponse) -> tuple[int, str]:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self._check(request)
            await browser.send_str(Beat().model_dump_json())

    def _check(self, request: web.Request) -> None:
        """End with the session: when its time is over, nothing else closes the socket."""
        if self._gate is not None and self._gate.session(request) is None:
            raise UnauthorizedError("the login has ended")


async def _from_harness(harness: HarnessSocket, browser: web.WebSocketResponse) -> tuple[int, str]:
    async for message in harness.frames:
        if message.type is WSMsgType.TEXT:
            try:
                VIEWER_FRAME.validate_json(message.data)
            except ValidationError:
                await harness.frames.close(code=WSCloseCode.POLICY_VIOLATION)
                return CLOSE_LEFT, "the agent's harness sent a frame that it must not send"
        harness.transport.pause_reading()
        try:
            await _pass_on(message, browser)
        finally:
            harness.transport.resume_reading()
        await asyncio.sleep(0)
    code = harness.frames.close_code or CLOSE_LEFT
    if code in _REASONS:
        return code, _REASONS[code]
    return CLOSE_LEFT, "the agent's harness went away"


async def _pass_on(message: WSMessage, target: web.WebSocketResponse) -> None:
    if message.type is WSMsgType.BINARY:
        await target.send_bytes(message.data)
    elif message.type is WSMsgType.TEXT:
        await target.send_str(message.data)


def _who(request: web.Request) -> str:
    """Where the operator calls from, for people."""
    return request.remote or "the command line"
