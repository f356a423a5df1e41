"""Live events that wait for the link: bounded, in order, taken in frames that the broker accepts."""

from collections import deque
from typing import Final, NamedTuple

from hyperhive.domain.events import EventAllowance
from hyperhive.protocol.events import EVENT_SIZE_LIMIT, FRAME_VALUES, NewEvent, Note
from hyperhive.text import json_size

#: Events kept while the broker is away; beyond that the oldest are dropped.
EVENT_LIMIT: Final = 10_000
#: Most events of one frame.
EVENTS_PER_FRAME: Final = 64


#: Most values in the events of one frame; what else is in a report has room beside them.
_VALUES: Final = FRAME_VALUES // 2


class _Size(NamedTuple):
    """Of an event as JSON."""

    bytes: int
    values: int


class EventQueue:
    def __init__(self, allowance: EventAllowance, limit: int = EVENT_LIMIT) -> None:
        self._allowance = allowance
        self._limit = limit
        self._events: deque[tuple[NewEvent, _Size]] = deque()
        #: How many events were dropped since the number was last set to 0.
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: NewEvent) -> None:
        """Queue an event; one that no frame could carry becomes a note."""
        size = _size(event)
        if size.bytes > EVENT_SIZE_LIMIT or size.values > _VALUES:
            size_said = f"{size.bytes} bytes, {size.values} values"
            text = f"an event of kind {event.kind.value} was left out: {size_said}"
            event = NewEvent(ts=event.ts, turn=event.turn, data=Note(level="warning", text=text))
            size = _size(event)
        if len(self._events) >= self._limit:
            self._events.popleft()
            self.dropped += 1
        self._events.append((event, size))

    def wait(self, now: float) -> float | None:
        """Seconds until the next event may go; None while there is none."""
        return self._allowance.wait(self._events[0][0], now) if self._events else None

    def take(self, now: float) -> list[NewEvent]:
        """The next frame's events: together at most as large as the largest one can be, and in the budget."""
        batch: list[NewEvent] = []
        room, values = EVENT_SIZE_LIMIT, _VALUES
        while self._events and len(batch) < EVENTS_PER_FRAME:
            event, size = self._events[0]
            room, values = room - size.bytes, values - size.values
            if min(room, values) < 0 or (admitted := self._allowance.admit(event, now)) is None:
                break
            batch.append(admitted)
            self._events.popleft()
        return batch

    def put_back(self, batch: list[NewEvent]) -> None:
        """Return what could not be sent, before everything that came later."""
        self._events.extendleft((event, _size(event)) for event in reversed(batch))


def _size(event: NewEvent) -> _Size:
    source = event.model_dump_json().encode()
    return _Size(len(source), json_size(source, _VALUES).values)
