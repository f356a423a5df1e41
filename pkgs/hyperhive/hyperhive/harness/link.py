"""The link to the broker: one WebSocket that brings wakes and commands and takes events and status."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Final

import aiohttp
from pydantic import ValidationError

from hyperhive import __version__
from hyperhive.config.models import BrokerLimitsConfig
from hyperhive.domain.budgets import EVENT_FRAMES, bucket
from hyperhive.domain.events import EventAllowance
from hyperhive.domain.timing import Backoff
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.event_queue import EVENTS_PER_FRAME, EventQueue
from hyperhive.protocol.agents import AgentStatus, BudgetKind, McpServer
from hyperhive.protocol.events import NewEvent
from hyperhive.protocol.link import (
    BROKER_FRAME,
    Answer,
    BrokerFrame,
    HarnessFrame,
    Hello,
    Hold,
    Report,
    Welcome,
)
from hyperhive.protocol.terminal import TerminalView
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Longest wait between two attempts to connect, in seconds.
RECONNECT_CEILING: Final = 5.0
#: The part of the agent's budget that reports use; the rest is for holds, and for clocks that differ.
_SHARE: Final = 0.9
#: What a frame with as many events as go into one counts.
_LARGEST_FRAME: Final = 1 + EVENTS_PER_FRAME * EVENT_FRAMES
#: How long the broker has to take what was sent before the end.
_TIMEOUT: Final = aiohttp.ClientWSTimeout(ws_close=1.0)


class BrokerLink:
    """Keeps one connection alive and reports in order; nothing blocks while the broker is away."""

    def __init__(
        self,
        client: BrokerClient,
        leases: Callable[[], list[str]],
        on_frame: Callable[[BrokerFrame], None],
        limits: BrokerLimitsConfig,
    ) -> None:
        """Call `leases` at each hello and hold, and `on_frame` for every frame; neither must block.

        What the broker would slow or drop by `limits` waits here, where events that wait share frames.
        """
        self._client = client
        self._leases = leases
        self._on_frame = on_frame
        now = time.monotonic()
        self._frames = bucket(limits, BudgetKind.FRAMES, now, _SHARE)
        self._queue = EventQueue(EventAllowance(bucket(limits, BudgetKind.EVENTS, now, _SHARE)))
        self._state: dict[str, Any] = {}
        self._unsent: set[str] = set()
        self._answers: list[Answer] = []
        self._news = asyncio.Event()
        self._idle = asyncio.Event()

    def emit(self, event: NewEvent) -> None:
        self._queue.add(event)
        self._wake()

    def set_status(self, status: AgentStatus) -> None:
        """Replace the agent's status; the broker gets the newest one."""
        self._set("status", status)

    def set_servers(self, servers: list[McpServer]) -> None:
        """Replace what is known of the extra MCP servers; the broker gets the newest of it."""
        self._set("mcp_servers", servers)

    def set_terminals(self, terminals: list[TerminalView]) -> None:
        """Replace the list of terminals; the broker gets the newest one."""
        self._set("terminals", terminals)

    def answer(self, done: Answer) -> None:
        """Send what was asked for, to the broker that asked for it only."""
        self._answers.append(done)
        self._wake()

    async def flush(self, within_seconds: float) -> None:
        """Wait until everything was sent, at most so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._idle.wait()

    def _set(self, name: str, value: object) -> None:
        if self._state.get(name) != value:
            self._state[name] = value
            self._unsent.add(name)
            self._wake()

    def _wake(self) -> None:
        self._idle.clear()
        self._news.set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff = Backoff(0.05, RECONNECT_CEILING)
        while True:
            try:
                async with self._client.session.ws_connect(
                    "/v1/link", heartbeat=20, max_msg_size=0, timeout=_TIMEOUT
                ) as socket:
                    await self._converse(socket, backoff)
            except (aiohttp.ClientError, OSError, TimeoutError, TypeError, ValidationError) as error:
                # TypeError is how aiohttp says that a close came where a text was expected.
                log.debug("the broker is away: %s", error)
            await asyncio.sleep(backoff.next())

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse, backoff: Backoff) -> None:
        terminals = self._state.get("terminals", [])
        await _send(socket, Hello(version=__version__, turns=self._leases(), terminals=terminals))
        welcome = BROKER_FRAME.validate_json(await socket.receive_str(timeout=10))
        if not isinstance(welcome, Welcome):
            log.error("the broker did not welcome us: %r", welcome)
            return
        backoff.reset()
        self._answers.clear()
        self._unsent = set(self._state)
        self._wake()
        self._on_frame(welcome)
        background = Tasks()
        reporter = background.start(self._report(socket), "link-report")
        holder = background.start(self._hold(socket, welcome.lease_seconds / 3), "link-hold")
        try:
            listener = background.start(self._listen(socket), "link-listen")
            await asyncio.wait({listener, reporter, holder}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # While somebody listens, this waits until the broker has taken everything: when a connection
            # breaks, the broker drops what it is at.
            await socket.close()
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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._queue.wait(time.monotonic())):
                    await self._news.wait()
            self._news.clear()
            while self._answers:
                await _send(socket, self._answers.pop(0))
            while self._unsent or self._queue.wait(time.monotonic()) == 0:
                await self._report_batch(socket)
            if self._queue.dropped:
                log.warning("%d events were dropped while the broker was away", self._queue.dropped)
                self._queue.dropped = 0
            if not self._queue and not self._news.is_set():
                self._idle.set()

    async def _report_batch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        # Meanwhile what happens gathers, and goes in one frame.
        await asyncio.sleep(self._frames.wait(_LARGEST_FRAME, time.monotonic()))
        batch = self._queue.take(time.monotonic())
        changed = {name: self._state[name] for name in self._unsent}
        self._unsent.clear()
        try:
            await _send(socket, Report(**{"status": None, "events": batch} | changed))
        except BaseException:
            self._queue.put_back(batch)
            self._wake()
            raise
        self._frames.spend(1 + len(batch) * EVENT_FRAMES, time.monotonic())


async def _send(socket: aiohttp.ClientWebSocketResponse, frame: HarnessFrame) -> None:
    await socket.send_str(frame.model_dump_json())
