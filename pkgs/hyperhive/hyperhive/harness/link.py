"""The link to the broker: one WebSocket that brings wakes and commands and takes events and status."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import aiohttp
from pydantic import ValidationError

from hyperhive import __version__
from hyperhive.domain.backoff import Backoff
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.event_queue import EventQueue
from hyperhive.protocol.agents import AgentStatus, McpServer
from hyperhive.protocol.events import NewEvent
from hyperhive.protocol.link import (
    BROKER_FRAME,
    BrokerFrame,
    HarnessFrame,
    Hello,
    Hold,
    Report,
    SelfTestDone,
    Welcome,
)
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Longest wait between two attempts to connect, in seconds.
RECONNECT_CEILING: Final = 5.0


class Link:
    """Keeps one connection alive and reports in order; nothing blocks while the broker is away."""

    def __init__(
        self,
        client: BrokerClient,
        leases: Callable[[], list[str]],
        on_frame: Callable[[BrokerFrame], None],
    ) -> None:
        """Dial through `client`.

        Args:
            client: The agent's client.
            leases: Gives the leases to hold, asked at each hello and hold.
            on_frame: Gets every frame of the broker; must not block.
        """
        self._client = client
        self._leases = leases
        self._on_frame = on_frame
        self._queue = EventQueue()
        self._status: AgentStatus | None = None
        self._status_sent = True
        self._servers: list[McpServer] = []
        self._servers_sent = True
        self._answers: list[SelfTestDone] = []
        self._news = asyncio.Event()

    def emit(self, event: NewEvent) -> None:
        """Queue one live event."""
        self._queue.add(event)
        self._news.set()

    def set_status(self, status: AgentStatus) -> None:
        """Replace the agent's status; the broker gets the newest one."""
        self._status = status
        self._status_sent = False
        self._news.set()

    def set_servers(self, servers: list[McpServer]) -> None:
        """Replace what is known of the extra MCP servers; the broker gets the newest of it."""
        if servers != self._servers:
            self._servers = servers
            self._servers_sent = False
            self._news.set()

    def answer(self, done: SelfTestDone) -> None:
        """Send the result of a self-test, to the broker that asked for it only."""
        self._answers.append(done)
        self._news.set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff = Backoff(0.05, RECONNECT_CEILING)
        while True:
            try:
                async with self._client.session.ws_connect(
                    "/v1/link", heartbeat=20, max_msg_size=0
                ) as socket:
                    await self._converse(socket, backoff)
            except (aiohttp.ClientError, OSError, TimeoutError, TypeError, ValidationError) as error:
                # TypeError is how aiohttp says that a close came where a text was expected.
                log.debug("the broker is away: %s", error)
            await asyncio.sleep(backoff.next())

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, backoff: Backoff) -> None:
        await _send(socket, Hello(version=__version__, turns=self._leases()))
        welcome = BROKER_FRAME.validate_json(await socket.receive_str(timeout=10))
        if not isinstance(welcome, Welcome):
            log.error("the broker did not welcome us: %r", welcome)
            return
        backoff.reset()
        self._answers.clear()
        self._status_sent = self._status is None
        self._servers_sent = not self._servers
        self._news.set()
        self._on_frame(welcome)
        background = Tasks()
        reporter = background.start(self._report(socket), "link-report")
        holder = background.start(self._hold(socket, welcome.lease_seconds / 3), "link-hold")
        try:
            listener = background.start(self._listen(socket), "link-listen")
            await asyncio.wait({listener, reporter, holder}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await background.cancel()

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            try:
                self._on_frame(BROKER_FRAME.validate_json(message.data))
            except ValidationError:
                log.warning("the broker sent a frame of a newer version: %.200s", message.data)

    async def _hold(self, socket: aiohttp.ClientWebSocketResponse, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            if leases := self._leases():
                await _send(socket, Hold(turns=leases))

    async def _report(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._answers:
                await _send(socket, self._answers.pop(0))
            while self._queue or not self._status_sent or not self._servers_sent:
                await self._report_batch(socket)
            if self._queue.dropped:
                log.warning("%d events were dropped while the broker was away", self._queue.dropped)
                self._queue.dropped = 0

    async def _report_batch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        batch = self._queue.take()
        status, self._status_sent = (None if self._status_sent else self._status), True
        servers, self._servers_sent = (None if self._servers_sent else self._servers), True
        try:
            await _send(socket, Report(status=status, events=batch, mcp_servers=servers))
        except BaseException:
            self._queue.put_back(batch)
            self._news.set()
            raise


async def _send(socket: aiohttp.ClientWebSocketResponse, frame: HarnessFrame) -> None:
    await socket.send_str(frame.model_dump_json())
