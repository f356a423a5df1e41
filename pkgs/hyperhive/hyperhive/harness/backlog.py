"""Live events that wait for the link: bounded, in order, taken in frames that the broker accepts."""

from collections import deque
from typing import Final

from hyperhive.protocol.events import EVENT_SIZE_LIMIT, EventKind, NewEvent

#: Events kept while the broker is away; beyond that the oldest are dropped.
EVENT_BACKLOG: Final = 10_000
#: Most events of one frame.
EVENTS_PER_FRAME: Final = 64


class EventBacklog:
    """A queue of events with their sizes as JSON in bytes.

    Attributes:
        dropped: How many events were dropped since the number was last set to 0.
    """

    def __init__(self, limit: int = EVENT_BACKLOG) -> None:
        """Keep up to `limit` events."""
        self._limit = limit
        self._events: deque[tuple[NewEvent, int]] = deque()
        self.dropped = 0

    def __len__(self) -> int:
        """How many events are waiting."""
        return len(self._events)

    def add(self, event: NewEvent) -> None:
        """Queue an event; one that no frame could carry becomes a note."""
        size = len(event.model_dump_json().encode())
        if size > EVENT_SIZE_LIMIT:
            text = f"an event of kind {event.kind.value} was left out: {size} bytes"
            event = event.model_copy(
                update={"kind": EventKind.NOTE, "data": {"level": "warning", "text": text}}
            )
            size = len(event.model_dump_json().encode())
        if len(self._events) >= self._limit:
            self._events.popleft()
            self.dropped += 1
        self._events.append((event, size))

    def take(self) -> list[NewEvent]:
        """The next frame's events, EVENT_SIZE_LIMIT bytes in all at most."""
        batch: list[NewEvent] = []
        room = EVENT_SIZE_LIMIT
        while self._events and len(batch) < EVENTS_PER_FRAME and self._events[0][1] <= room:
            event, size = self._events.popleft()
            batch.append(event)
            room -= size
        return batch

    def put_back(self, batch: list[NewEvent]) -> None:
        """Return what could not be sent, before everything that came later."""
        self._events.extendleft((event, len(event.model_dump_json().encode())) for event in reversed(batch))
