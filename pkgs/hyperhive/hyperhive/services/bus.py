"""The bus: what happened, told to whoever subscribed to events of that type."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from hyperhive.protocol.bus import Event

log = logging.getLogger(__name__)

#: Most items that wait in one subscription; one more ends it.
QUEUE_LIMIT: Final = 1024
#: Most bytes that wait for one browser, in all of its subscriptions.
BACKLOG_BYTES: Final = 4 * 1024 * 1024

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


@dataclass(frozen=True, slots=True, eq=False)
class StreamItem:
    """One item of a stream, whose JSON is encoded once for all who watch."""

    id: int
    event: str
    data: bytes


class Backlog:
    """What waits for one browser, however many streams it has open: an item of several counts once."""

    def __init__(self) -> None:
        self._streams: dict[StreamItem, int] = {}
        self._waiting: dict[Subscription, int] = {}
        self.bytes = 0

    def make_room(self, item: StreamItem) -> None:
        """End the streams that hold the most until the item can wait, too; alone, any item can."""
        more = 0 if item in self._streams else len(item.data)
        while self._waiting and self.bytes + more > BACKLOG_BYTES:
            max(self._waiting, key=self._waiting.__getitem__).fall_behind()

    def add(self, subscription: "Subscription", item: StreamItem) -> None:
        if item not in self._streams:
            self.bytes += len(item.data)
        self._streams[item] = self._streams.get(item, 0) + 1
        self._waiting[subscription] = self._waiting.get(subscription, 0) + len(item.data)

    def remove(self, subscription: "Subscription", item: StreamItem) -> None:
        self._streams[item] -= 1
        if not self._streams[item]:
            del self._streams[item]
            self.bytes -= len(item.data)
        self._waiting[subscription] -= len(item.data)
        if not self._waiting[subscription]:
            del self._waiting[subscription]


class Subscription:
    """One stream of a browser: `async with subscription as items: async for item in items: ...`.

    Items offered between entering and leaving arrive in order. One that falls more than `QUEUE_LIMIT` items
    behind, or for whose `backlog` the browser takes too little, is ended and holds nothing any more.
    """

    def __init__(self, group: "set[Subscription]", backlog: Backlog | None = None) -> None:
        self._group = group
        self._backlog = backlog or Backlog()
        self._items: deque[StreamItem] = deque()
        self._changed = asyncio.Event()
        self._ended = False
        #: Whether it ended because its items were not taken.
        self.fell_behind = False

    async def __aenter__(self) -> Self:
        self._group.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self._drop()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamItem:
        while await self.waits():
            if (item := self.take()) is not None:
                return item
        raise StopAsyncIteration

    async def waits(self) -> bool:
        """Wait until there is something to take; False at the end."""
        while not self._items and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        return bool(self._items)

    def take(self) -> StreamItem | None:
        """The next item, if there still is one."""
        if not self._items:
            return None
        item = self._items.popleft()
        self._backlog.remove(self, item)
        return item

    def close(self) -> None:
        """The iteration ends after what waits already."""
        self._group.discard(self)
        self._ended = True
        self._changed.set()

    def fall_behind(self) -> None:
        """The iteration ends at once."""
        self.fell_behind = True
        self._drop()
        self.close()

    def offer(self, item: StreamItem) -> None:
        if len(self._items) >= QUEUE_LIMIT:
            self.fall_behind()
            return
        self._backlog.make_room(item)
        if not self._ended:
            self._items.append(item)
            self._backlog.add(self, item)
            self._changed.set()

    def _drop(self) -> None:
        while self.take() is not None:
            pass
