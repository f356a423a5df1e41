"""The bus: what happened, told to every subscriber without ever waiting for one."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Generic, Literal, Self, TypeVar

from hyperhive.protocol.agents import AgentView
from hyperhive.protocol.events import (
    AgentEvent,
    AgentFrame,
    HiveFrame,
    MessageFrame,
    NoticeFrame,
    QuestionFrame,
)
from hyperhive.protocol.messages import Message
from hyperhive.protocol.questions import Question

#: Most items that wait in one subscription; one more ends it.
QUEUE_LIMIT: Final = 1024

Item = TypeVar("Item")


class Subscription(Generic[Item]):
    """One listener: `async with bus.subscribe() as frames: async for frame in frames: ...`.

    Items published between entering and leaving arrive in order. A listener that falls more than
    `QUEUE_LIMIT` items behind gets what was queued and then the iteration ends.
    """

    def __init__(self, group: "set[Subscription[Item]]") -> None:
        self._group = group
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue()
        self._ended = False
        self.overflowed = False

    async def __aenter__(self) -> Self:
        self._group.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.discard(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        item = None if self._ended and self._queue.empty() else await self._queue.get()
        if item is None:
            raise StopAsyncIteration
        return item

    def close(self) -> None:
        """End the iteration after what is queued already; for a broker that shuts down."""
        self._group.discard(self)
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    def offer(self, item: Item) -> None:
        """Queue one item, or end the subscription when it is too far behind."""
        if self._queue.qsize() >= QUEUE_LIMIT:
            self.overflowed = True
            self.close()
        else:
            self._queue.put_nowait(item)


class Bus:
    """Numbers what happens and hands it to the subscribers. Use it on the event loop only.

    Args:
        clock: Seconds since 1970. `seq` starts at its milliseconds, so that it also grows over
            restarts of the broker.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._seq = int(clock() * 1000)
        self._hive: set[Subscription[HiveFrame]] = set()
        self._agents: dict[str, set[Subscription[AgentEvent]]] = {}

    @property
    def seq(self) -> int:
        """Number of the latest frame."""
        return self._seq

    def subscribe(self) -> Subscription[HiveFrame]:
        """Frames of the whole hive, from entering the subscription on."""
        return Subscription(self._hive)

    def subscribe_agent(self, name: str) -> Subscription[AgentEvent]:
        """Live events of one agent, from entering the subscription on."""
        return Subscription(self._agents.setdefault(name, set()))

    def publish_message(self, message: Message, unread: int) -> None:
        """A message is new or changed its state; the operator's inbox has `unread` messages now."""
        self._offer(MessageFrame(seq=self._next(), data=message, unread=unread))

    def publish_question(self, question: Question) -> None:
        """A question is new or closed."""
        self._offer(QuestionFrame(seq=self._next(), data=question))

    def publish_agent(self, view: AgentView) -> None:
        """An agent's view changed."""
        self._offer(AgentFrame(seq=self._next(), data=view))

    def publish_notice(self, level: Literal["info", "warning", "error"], text: str) -> None:
        """Something that the operator should see once."""
        self._offer(NoticeFrame(seq=self._next(), level=level, text=text))

    def publish_event(self, event: AgentEvent) -> None:
        """An agent's event was stored."""
        for subscription in tuple(self._agents.get(event.agent, ())):
            subscription.offer(event)

    def close(self) -> None:
        """End every subscription."""
        for listener in tuple(self._hive):
            listener.close()
        for group in self._agents.values():
            for watcher in tuple(group):
                watcher.close()

    def _next(self) -> int:
        self._seq += 1
        return self._seq

    def _offer(self, frame: HiveFrame) -> None:
        for subscription in tuple(self._hive):
            subscription.offer(frame)
