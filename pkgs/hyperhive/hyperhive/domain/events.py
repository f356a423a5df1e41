"""Events from outside: cut to size, made plain JSON, and limited in number."""

import json
import math
from typing import Any, Final

from hyperhive.protocol.events import EVENT_SIZE_LIMIT, EVENT_TEXT_LIMIT, EventKind, NewEvent

#: Events of one agent that are stored per second in the long run, and at once after a quiet time;
#: an event counts once more for every `EVENT_UNIT` characters of its data.
EVENT_RATE: Final = 50.0
EVENT_BURST: Final = 1000.0
EVENT_UNIT: Final = 8192
#: The burst goes this far below zero for the ends of turns, so that statistics do not lose one.
_TURN_END_RESERVE: Final = -1000.0

_DEPTH: Final = 16


def trimmed(event: NewEvent, now: float) -> NewEvent:
    """The event as it is stored: texts cut, no NaN, not too deep, not from the future, not too big."""
    data = {key[:200]: _plain(value, _DEPTH) for key, value in event.data.items()}
    if event_size(data) > EVENT_SIZE_LIMIT:
        kept = {key: value for key, value in data.items() if not isinstance(value, str | list | dict)}
        data = {**kept, "dropped": f"the event was larger than {EVENT_SIZE_LIMIT} bytes"}
    ts = min(event.ts, now) if math.isfinite(event.ts) and event.ts > 0 else now
    return NewEvent(ts=ts, kind=event.kind, turn=event.turn and event.turn[:64], data=data)


def event_size(data: dict[str, Any]) -> int:
    """Bytes of an event's data as JSON."""
    return len(json.dumps(data))


def _plain(value: Any, depth: int) -> Any:
    match value:
        case str():
            return _cut(value)
        case dict() if depth:
            return {str(key)[:200]: _plain(one, depth - 1) for key, one in value.items()}
        case list() if depth:
            return [_plain(one, depth - 1) for one in value]
        case dict() | list():
            return "[… nested too deeply]"
        case float() if not math.isfinite(value):
            return None
        case _:
            return value


def _cut(text: str) -> str:
    if len(text) <= EVENT_TEXT_LIMIT:
        return text
    return f"{text[:EVENT_TEXT_LIMIT]}\n[… {len(text) - EVENT_TEXT_LIMIT} more characters]"


def dropped_note(now: float) -> NewEvent:
    """What the log says when events were dropped."""
    text = f"events were dropped: more than {EVENT_RATE:.0f} a second, or too large"
    return NewEvent(ts=now, kind=EventKind.NOTE, turn=None, data={"level": "warning", "text": text})


class EventAllowance:
    """A token bucket: how many more events of one agent may be stored now."""

    def __init__(self, now: float) -> None:
        self._tokens = EVENT_BURST
        self._at = now

    def takes(self, event: NewEvent, now: float) -> bool:
        """Count one trimmed event; False when it is to be dropped."""
        elapsed = max(0.0, now - self._at)
        self._at = now
        self._tokens = min(EVENT_BURST, self._tokens + elapsed * EVENT_RATE)
        floor = _TURN_END_RESERVE if event.kind is EventKind.TURN_END else 0.0
        price = 1 + event_size(event.data) // EVENT_UNIT
        if self._tokens - price < floor:
            return False
        self._tokens -= price
        return True
