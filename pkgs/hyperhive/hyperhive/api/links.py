"""The links that are open now: one per agent, with what waits to be pushed to its harness."""

import asyncio
from collections.abc import Callable
from typing import Final

from aiohttp import WSCloseCode, web

from hyperhive.protocol.link import BrokerFrame, Cancel, OpenTerminal, Order, RunSelfTest, UseModel, Wake
from hyperhive.system.sockets import Peer

#: Close code of a link that a newer one of the same agent replaced.
REPLACED: Final = 4000

_REASON_BYTES: Final = 123


class Link:
    """One harness's connection. Pushing never waits: a newer wake takes the place of an older one.

    Attributes:
        peer: Who is at its other end, as the kernel said when it connected.
    """

    def __init__(self, socket: web.WebSocketResponse, peer: Peer | None = None) -> None:
        self._socket = socket
        self.peer = peer
        self._due = asyncio.Event()
        self._pending: int | None = None
        self._cancel = False
        self._orders: dict[str, Order] = {}
        self._self_test: RunSelfTest | None = None
        self._terminals: list[OpenTerminal] = []

    def wake(self, pending: int) -> None:
        """Tell the harness soon that `pending` messages are queued."""
        self._pending = pending
        self._due.set()

    def cancel(self) -> None:
        """Tell the harness soon to interrupt its turn."""
        self._cancel = True
        self._due.set()

    def order(self, order: Order) -> None:
        """Tell the harness soon what the operator wants; the same order again takes the older one's place."""
        self._orders.pop(order.type, None)
        self._orders[order.type] = order
        self._due.set()

    def self_test(self, frame: RunSelfTest) -> None:
        """Ask the harness soon for a self-test."""
        self._self_test = frame
        self._due.set()

    def open_terminal(self, frame: OpenTerminal) -> None:
        """Ask the harness soon for a terminal."""
        self._terminals.append(frame)
        self._due.set()

    async def push(self) -> None:
        """Send what is due, for as long as the link lives."""
        while True:
            await self._due.wait()
            self._due.clear()
            if self._cancel:
                self._cancel = False
                await self.send(Cancel())
            orders, self._orders = self._orders, {}
            for order in orders.values():
                await self.send(order)
            if self._self_test is not None:
                frame, self._self_test = self._self_test, None
                await self.send(frame)
            while self._terminals:
                await self.send(self._terminals.pop(0))
            if self._pending is not None:
                pending, self._pending = self._pending, None
                await self.send(Wake(pending=pending))

    async def send(self, frame: BrokerFrame) -> None:
        """Send one frame; a `ConnectionError` says that the harness is gone."""
        await self._socket.send_str(frame.model_dump_json())

    async def close(self, code: int, reason: str) -> None:
        """Close with a reason that the harness can log."""
        await self._socket.close(code=code, message=reason.encode()[:_REASON_BYTES])


class Links:
    """The current link of every agent."""

    def __init__(self) -> None:
        self._links: dict[str, Link] = {}
        self.stopping = False

    def join(self, agent: str, link: Link) -> Link | None:
        """Make `link` the agent's current one; returns the one it replaces."""
        replaced = self._links.get(agent)
        self._links[agent] = link
        return replaced

    def leave(self, agent: str, link: Link) -> bool:
        """Forget `link`; False when a newer one had replaced it."""
        if self._links.get(agent) is not link:
            return False
        del self._links[agent]
        return True

    def connected(self, agent: str) -> bool:
        """Whether the agent has a link."""
        return agent in self._links

    def wake(self, agent: str, pending: int) -> None:
        """Push a wake to the agent, if it has a link."""
        self._push(agent, lambda link: link.wake(pending))

    def cancel(self, agent: str) -> bool:
        """Push a cancel to the agent; False when it has no link."""
        return self._push(agent, Link.cancel)

    def order(self, agent: str, order: Order) -> bool:
        """Push an order to the agent; False when it has no link."""
        return self._push(agent, lambda link: link.order(order))

    def use_model(self, agent: str, model: str) -> None:
        """Push a model to the agent; without a link it hears of it in its next welcome."""
        self.order(agent, UseModel(model=model))

    def self_test(self, agent: str, frame: RunSelfTest) -> Peer | None:
        """Ask the agent for a self-test; says who was asked, null when it has no link."""
        link = self._links.get(agent)
        if link is None or link.peer is None:
            return None
        link.self_test(frame)
        return link.peer

    def open_terminal(self, agent: str, frame: OpenTerminal) -> bool:
        """Ask the agent for a terminal; False when it has no link."""
        return self._push(agent, lambda link: link.open_terminal(frame))

    async def close_all(self) -> None:
        """Close every link because the broker stops; leases stay, the harnesses come back to them."""
        self.stopping = True
        links = list(self._links.values())
        await asyncio.gather(*(link.close(WSCloseCode.GOING_AWAY, "the broker stops") for link in links))

    def _push(self, agent: str, action: Callable[[Link], None]) -> bool:
        link = self._links.get(agent)
        if link is None:
            return False
        action(link)
        return True
