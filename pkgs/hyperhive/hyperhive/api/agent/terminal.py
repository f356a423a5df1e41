"""`GET /v1/terminals/{id}`: the socket that an agent's harness dials for each terminal it was asked for."""

import logging
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ValidationError

from hyperhive.api.cancellation import OpenCalls
from hyperhive.errors import HyperhiveError, InvalidRequestError
from hyperhive.protocol.terminal import (
    CLOSE_ENDED,
    CLOSE_LEFT,
    CLOSE_REPLACED,
    FRAME_BYTES,
    SHELL_FRAME,
    Ended,
    ShellFrame,
)
from hyperhive.services.terminal import Terminals
from hyperhive.services.terminal_ends import Host
from hyperhive.services.terminal_stream import Terminal
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

_HEARTBEAT_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 2.0
_REASON_BYTES: Final = 123


class TerminalApi:
    """Terminals of one agent, seen from its harness.

    Args:
        agent: Whose socket this is.
        terminals: Knows what the operator asked for.
        open_calls: Ends connections when the broker stops.
        tasks: For the writer of each connection, and what follows its end.
    """

    def __init__(self, agent: str, terminals: Terminals, open_calls: OpenCalls, tasks: Tasks) -> None:
        self._agent = agent
        self._terminals = terminals
        self._open_calls = open_calls
        self._tasks = tasks

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/v1/terminals/{id}", self.connect)]

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one connection until either side closes it."""
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_SECONDS, timeout=_CLOSE_SECONDS, max_msg_size=FRAME_BYTES, compress=False
        )
        if not socket.can_prepare(request):
            raise InvalidRequestError("this address is for a WebSocket")
        terminal, host = self._terminals.join(self._agent, request.match_info["id"])
        try:
            await socket.prepare(request)
            async with self._open_calls.hold():
                await self._serve(socket, terminal, host)
        except InvalidRequestError as error:
            log.warning("terminal of %s: %s", self._agent, error)
            await _close(socket, WSCloseCode.POLICY_VIOLATION, error)
        except HyperhiveError as error:
            await _close(socket, CLOSE_LEFT, error)
        except ConnectionError:
            log.debug("a terminal's connection to %s broke", self._agent)
        finally:
            left = self._terminals.left(self._agent, terminal, host)
            self._tasks.start(left, f"end of a terminal's connection to {self._agent}")
        return socket

    async def _serve(self, socket: web.WebSocketResponse, terminal: Terminal, host: Host) -> None:
        writer = self._tasks.start(_write(socket, host), f"terminal of {self._agent}")
        try:
            async for message in socket:
                if message.type is WSMsgType.BINARY:
                    terminal.take(message.data)
                elif message.type is WSMsgType.TEXT:
                    frame = _frame(message.data)
                    terminal.told(frame)
                    if isinstance(frame, Ended):
                        await socket.close(code=CLOSE_ENDED, message=b"the terminal has ended")
        finally:
            writer.cancel()


def _frame(text: str) -> ShellFrame:
    try:
        return SHELL_FRAME.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise InvalidRequestError(f"invalid frame: {place}: {first['msg']}") from error


async def _write(socket: web.WebSocketResponse, host: Host) -> None:
    try:
        while (frame := await host.next()) is not None:
            if isinstance(frame, BaseModel):
                await socket.send_str(frame.model_dump_json())
            else:
                await socket.send_bytes(frame)
        await socket.close(code=CLOSE_REPLACED, message=b"replaced by a newer connection")
    except ConnectionError:
        log.debug("a terminal's connection broke while it was written to")


async def _close(socket: web.WebSocketResponse, code: int, error: HyperhiveError) -> None:
    await socket.close(code=code, message=error.message.encode()[:_REASON_BYTES])
