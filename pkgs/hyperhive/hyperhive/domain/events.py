"""Events from outside: dated, and limited in number."""

import math
from typing import Final

from hyperhive.protocol.events import EventKind, NewEvent, Note

#: Events of one agent that are stored per second in the long run, and at once after a quiet time;
#: an event counts once more for every `EVENT_UNIT` bytes of its data.
EVENT_RATE: Final = 50.0
EVENT_BURST: Final = 1000.0
EVENT_UNIT: Final = 8192
#: The burst goes this far below zero for the ends of turns, so that statistics do not lose one.
_TURN_END_RESERVE: Final = -1000.0


def dated(event: NewEvent, now: float) -> NewEvent:
    """The event, from `now` when its own time is impossible or in the future."""
    possible = math.isfinite(event.ts) and 0 < event.ts <= now
    return event if possible else event.model_copy(update={"ts": now})


def dropped_note(now: float) -> NewEvent:
    text = f"events were dropped: more than {EVENT_RATE:.0f} a second, or too large"
    return NewEvent(ts=now, turn=None, data=Note(level="warning", text=text))


class EventAllowance:
    """A token bucket: how many more events of one agent may be stored now."""

    def __init__(self, now: float) -> None:
        self._tokens = EVENT_BURST
        self._at = now

    def takes(self, event: NewEvent, now: float) -> bool:
        """Count one event; False when it is to be dropped."""
        elapsed = max(0.0, now - self._at)
        self._at = now
        self._tokens = min(EVENT_BURST, self._tokens + elapsed * EVENT_RATE)
        floor = _TURN_END_RESERVE if event.kind is EventKind.TURN_END else 0.0
        price = 1 + len(event.data.model_dump_json().encode()) // EVENT_UNIT
        if self._tokens - price < floor:
            return False
        self._tokens -= price
        return True
