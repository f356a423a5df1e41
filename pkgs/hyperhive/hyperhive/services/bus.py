"""The bus: what happened, told to whoever subscribed to events of that type."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from hyperhive.protocol.bus import Event

log = logging.getLogger(__name__)

#: Most items that wait in one subscription; one more ends it.
QUEUE_LIMIT: Final = 1024

Item = TypeVar("Item")
EventT = TypeVar("EventT", bound=Event)


class Bus:
    """Calls the subscribers of an event's type in the order in which they subscribed. Event loop only."""

    def __init__(self) -> None:
        self._handlers: dict[type[object], list[Callable[[Any], object]]] = {}
        self._due: deque[Event] = deque()
        self._is_telling = False

    def subscribe(self, kind: type[EventT], handler: Callable[[EventT], object]) -> None:
        """Call `handler(event)` for every event of that type; it must not wait for anything."""
        self._handlers.setdefault(kind, []).append(handler)

    def publish(self, *events: Event) -> None:
        """Tell events, in order. What a subscriber publishes meanwhile is told after them."""
        self._due.extend(events)
        if self._is_telling:
            return
        self._is_telling = True
        try:
            while self._due:
                self._tell(self._due.popleft())
        finally:
            self._is_telling = False

    def _tell(self, event: Event) -> None:
        for handler in self._handlers.get(type(event), ()):
            try:
                handler(event)
            except Exception:
                # One subscriber's mistake must not keep mail, or the page, from the others.
                log.exception("a subscriber to %s failed", type(event).__name__)


class Subscription(Generic[Item]):
    """One browser's queue: `async with subscription as items: async for item in items: ...`.

    Items offered between entering and leaving arrive in order. A listener that falls more than
    `QUEUE_LIMIT` items behind gets what was queued and then the iteration ends.
    """

    def __init__(self, group: "set[Subscription[Item]]") -> None:
        self._group = group
        self._queue: asyncio.Queue[Item | None] = asyncio.Queue()
        self._ended = False

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
        """The iteration ends after what is queued already."""
        self._group.discard(self)
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    def offer(self, item: Item) -> None:
        if self._queue.qsize() >= QUEUE_LIMIT:
            self.close()
        else:
            self._queue.put_nowait(item)
