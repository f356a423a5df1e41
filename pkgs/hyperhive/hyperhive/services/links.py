"""The links that are open now: one per agent, with what waits to be pushed to its harness."""

import asyncio
from typing import Final, Protocol

from hyperhive.protocol.bus import QueueChanged
from hyperhive.protocol.link import BrokerFrame, TerminalOrder, Wake
from hyperhive.services.bus import Bus
from hyperhive.system.sockets import Peer

#: Close codes: a newer link of the same agent replaced it, the broker stops or the agent left.
REPLACED: Final = 4000
GOING_AWAY: Final = 1001

_REASON_BYTES: Final = 123
#: What goes first; the operator's commands are between a cancel and what an agent can wait for.
_RANKS: Final = {"cancel": 0, "use_model": 1, "compact": 1, "new_session": 1, "run_self_test": 2, "wake": 4}
_RANK_OF_TERMINALS: Final = 3


class Socket(Protocol):
    async def send_str(self, data: str) -> None:
        """A `ConnectionError` says that the other side is gone."""
        ...

    async def close(self, *, code: int, message: bytes) -> object:
        """`message` has at most 123 bytes."""
        ...


class Link:
    """One harness's connection, with what waits to be pushed. Pushing never waits."""

    def __init__(self, socket: Socket, peer: Peer | None = None) -> None:
        self._socket = socket
        self.peer = peer
        self._frames: list[BrokerFrame] = []
        self._due = asyncio.Event()

    def push(self, frame: BrokerFrame) -> None:
        """Send a frame soon, in place of one of its kind that waits; those about terminals are all sent."""
        if not isinstance(frame, TerminalOrder):
            self._frames = [other for other in self._frames if other.type != frame.type]
        self._frames.append(frame)
        self._frames.sort(key=lambda one: _RANKS.get(one.type, _RANK_OF_TERMINALS))
        self._due.set()

    async def write(self) -> None:
        while True:
            await self._due.wait()
            self._due.clear()
            while self._frames:
                await self.send(self._frames.pop(0))

    async def send(self, frame: BrokerFrame) -> None:
        """At once; a `ConnectionError` says that the harness is gone."""
        await self._socket.send_str(frame.model_dump_json())

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode()[:_REASON_BYTES])


class Links:
    def __init__(self, bus: Bus) -> None:
        self._links: dict[str, Link] = {}
        self.stopping = False
        bus.subscribe(QueueChanged, self._wake)

    def join(self, agent: str, link: Link) -> Link | None:
        """Make `link` the agent's current one; returns the one it replaces."""
        replaced = self._links.get(agent)
        self._links[agent] = link
        return replaced

    def leave(self, agent: str, link: Link) -> bool:
        """False when a newer one had replaced it."""
        if self._links.get(agent) is not link:
            return False
        del self._links[agent]
        return True

    def connected(self, agent: str) -> bool:
        return agent in self._links

    def peer(self, agent: str) -> Peer | None:
        """Who is at the other end, None without a link."""
        link = self._links.get(agent)
        return None if link is None else link.peer

    def push(self, agent: str, frame: BrokerFrame) -> bool:
        """Send soon; False when the agent has no link."""
        link = self._links.get(agent)
        if link is None:
            return False
        link.push(frame)
        return True

    async def close(self, agent: str, reason: str) -> None:
        link = self._links.get(agent)
        if link is not None:
            await link.close(GOING_AWAY, reason)

    async def close_all(self) -> None:
        """The broker stops: leases stay, the harnesses come back to them."""
        self.stopping = True
        links = list(self._links.values())
        await asyncio.gather(*(link.close(GOING_AWAY, "the broker stops") for link in links))

    def _wake(self, queue: QueueChanged) -> None:
        if queue.has_mail:
            self.push(queue.recipient, Wake(pending=queue.depth))
