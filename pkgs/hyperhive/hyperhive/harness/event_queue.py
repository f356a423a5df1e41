"""Live events that wait for the link: bounded, in order, taken in frames that the broker accepts."""

from collections import deque
from typing import Final

from hyperhive.protocol.events import EVENT_SIZE_LIMIT, NewEvent, Note

#: Events kept while the broker is away; beyond that the oldest are dropped.
EVENT_LIMIT: Final = 10_000
#: Most events of one frame.
EVENTS_PER_FRAME: Final = 64


class EventQueue:
    def __init__(self, limit: int = EVENT_LIMIT) -> None:
        self._limit = limit
        # Each with its size as JSON in bytes.
        self._events: deque[tuple[NewEvent, int]] = deque()
        #: How many events were dropped since the number was last set to 0.
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: NewEvent) -> None:
        """Queue an event; one that no frame could carry becomes a note."""
        size = _size(event)
        if size > EVENT_SIZE_LIMIT:
            text = f"an event of kind {event.kind.value} was left out: {size} bytes"
            event = NewEvent(ts=event.ts, turn=event.turn, data=Note(level="warning", text=text))
            size = _size(event)
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
        self._events.extendleft((event, _size(event)) for event in reversed(batch))


def _size(event: NewEvent) -> int:
    return len(event.model_dump_json().encode())
