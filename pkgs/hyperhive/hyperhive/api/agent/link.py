"""`GET /v1/link`: the WebSocket on which a harness holds leases and reports, and the broker wakes it."""

import asyncio
import logging
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import ValidationError

from hyperhive.api.agent.budget import PacedSocket
from hyperhive.api.json_io import REPLACED_LIMIT
from hyperhive.errors import ConflictError, HyperhiveError, InvalidRequestError
from hyperhive.protocol.events import EVENT_SIZE_LIMIT, FRAME_VALUES
from hyperhive.protocol.link import (
    HARNESS_FRAME,
    HarnessFrame,
    Hello,
    Hold,
    Report,
    SelfTestDone,
    TerminalRefused,
    Wake,
    Welcome,
)
from hyperhive.services.composition import Services
from hyperhive.services.links import REPLACED, Link
from hyperhive.system.listeners import socket_of
from hyperhive.system.sockets import peer_of
from hyperhive.system.tasks import Tasks
from hyperhive.text import json_size, sound_json

log = logging.getLogger(__name__)

_HELLO_SECONDS: Final = 10.0
_HEARTBEAT_SECONDS: Final = 30.0
_CLOSE_SECONDS: Final = 2.0
#: One event of the largest size, and the rest of its frame.
_FRAME_BYTES: Final = EVENT_SIZE_LIMIT + 64 * 1024


class LinkApi:
    """The link of the agent whose socket this is; the newest wins."""

    def __init__(self, agent: str, services: Services, tasks: Tasks, *, lease_seconds: int) -> None:
        self._agent = agent
        self._services = services
        self._links = services.links
        self._tasks = tasks
        self._lease_seconds = lease_seconds
        # Joining and leaving both settle leases; one after the other, a new link's leases survive.
        self._settling = asyncio.Lock()
        #: Pid of the harness whose link ended last, 0 when that was no surprise.
        self._lost = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/link", self.connect)]

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one link until either side closes it."""
        if self._links.stopping:
            raise ConflictError("the broker is stopping")
        socket = web.WebSocketResponse(
            heartbeat=_HEARTBEAT_SECONDS,
            timeout=_CLOSE_SECONDS,
            max_msg_size=_FRAME_BYTES,
            compress=False,
        )
        connection = socket_of(request)
        link = Link(socket, None if connection is None else peer_of(connection))
        await socket.prepare(request)
        try:
            await self._serve(PacedSocket(socket, self._agent, self._services.budgets), link)
        except HyperhiveError as error:
            log.warning("link of %s closed: %s", self._agent, error)
            await link.close(WSCloseCode.POLICY_VIOLATION, str(error))
        except ConnectionError:
            log.debug("link of %s broke", self._agent)
        return socket

    async def _serve(self, socket: PacedSocket, link: Link) -> None:
        try:
            async with asyncio.timeout(_HELLO_SECONDS):
                hello = await _next(socket)
        except TimeoutError as error:
            raise InvalidRequestError(f"no hello within {_HELLO_SECONDS:.0f} seconds") from error
        if hello is None:
            return
        if not isinstance(hello, Hello):
            raise InvalidRequestError("the first frame must be a hello")
        writer: asyncio.Task[None] | None = None
        try:
            await self._join(link, hello)
            writer = self._tasks.start(_write(link), f"link {self._agent}")
            while (frame := await _next(socket)) is not None:
                await self._take(frame)
                if isinstance(frame, Report):
                    await socket.count(len(frame.events))
                # What has come already is given without a pause: between two frames everybody has a turn.
                await asyncio.sleep(0)
        finally:
            if writer is not None:
                writer.cancel()
            if self._links.leave(self._agent, link) and not self._links.stopping:
                self._lost = self._unasked(link)
                self._services.selftests.lost(self._agent)
                self._tasks.start(self._left(), f"leave {self._agent}")

    async def _join(self, link: Link, hello: Hello) -> None:
        replaced = self._links.join(self._agent, link)
        self._services.selftests.lost(self._agent)
        if replaced is not None:
            log.warning("a new link of %s replaces the one that was open", self._agent)
            self._tasks.start(replaced.close(REPLACED, "replaced by a newer link"), f"replace {self._agent}")
        before = self._lost if replaced is None else self._unasked(replaced)
        self._lost = 0
        # A harness that only lost its link comes back as the same process.
        vanished = link.peer is not None and before not in {0, link.peer.pid}
        messages = self._services.messages
        async with self._settling:
            await messages.keep_only(self._agent, hello.turns, vanished=vanished)
            self._services.agents.connected(self._agent)
            await self._services.terminals.report(self._agent, hello.terminals)
            await link.send(self._welcome())
        if pending := messages.pending(self._agent):
            link.push(Wake(pending=pending))

    def _unasked(self, link: Link) -> int:
        """Pid of the harness at the other end, 0 if it is unknown or the agent is being stopped from here."""
        if link.peer is None or self._services.lifecycle.acts(self._agent):
            return 0
        return link.peer.pid

    def _welcome(self) -> Welcome:
        view = self._services.agents.view(self._agent)
        return Welcome(
            lease_seconds=self._lease_seconds,
            pending=self._services.messages.pending(self._agent),
            turns_today=view.turns_today,
            cost_today_usd=view.cost_today_usd,
            model=self._services.agents.next_model(self._agent),
        )

    async def _left(self) -> None:
        async with self._settling:
            if self._links.connected(self._agent) or self._services.agents.status(self._agent) is None:
                # The hello of the newer link has said, or will say, which leases stay; an agent that left
                # the hive has none.
                return
            self._services.agents.disconnected(self._agent)
            self._services.terminals.disconnected(self._agent)
            await self._services.messages.keep_only(self._agent, [])

    async def _take(self, frame: HarnessFrame) -> None:
        match frame:
            case Hello():
                raise InvalidRequestError("only the first frame is a hello")
            case Hold():
                await self._services.messages.hold(self._agent, frame.turns)
            case SelfTestDone():
                self._services.selftests.answered(self._agent, frame)
            case TerminalRefused():
                self._services.terminals.refused(self._agent, frame)
            case Report():
                if frame.events:
                    await self._services.events.append(self._agent, frame.events)
                if frame.status is not None:
                    self._services.agents.report(self._agent, frame.status)
                if frame.mcp_servers is not None:
                    self._services.agents.report_servers(self._agent, frame.mcp_servers)
                if frame.terminals is not None:
                    await self._services.terminals.report(self._agent, frame.terminals)


async def _write(link: Link) -> None:
    try:
        await link.write()
    except ConnectionError:
        log.debug("a link broke while it was written to")


async def _next(socket: PacedSocket) -> HarnessFrame | None:
    """The next frame, or None when the link is closed."""
    message = await socket.receive()
    if message.type is WSMsgType.BINARY:
        raise InvalidRequestError("frames are text")
    if message.type is not WSMsgType.TEXT:
        return None
    if json_size(message.data.encode(), FRAME_VALUES).values > FRAME_VALUES:
        raise InvalidRequestError(f"invalid frame: it has more than {FRAME_VALUES} values")
    try:
        source = sound_json(message.data, most=REPLACED_LIMIT)
    except ValueError as error:
        raise InvalidRequestError(f"invalid frame: {error}") from error
    try:
        return HARNESS_FRAME.validate_json(source.text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise InvalidRequestError(f"invalid frame: {place}: {first['msg']}") from error
