"""Events from outside: dated, and limited in what an agent may have stored of them."""

import json
import math
from typing import Final

from hyperhive.domain.budgets import TokenBucket, row_bytes
from hyperhive.protocol.events import EventKind, NewEvent, Note, cut

#: Longest text in one field of an event that is cut because little of the budget is left, in characters.
SHORT_TEXT: Final = 1024
#: The part of a full bucket below which events are cut.
_LOW: Final = 0.25
#: The bucket goes this far below zero for the ends of turns, so that statistics do not lose one.
_TURN_END_RESERVE: Final = 1024.0 * 1024


def dated(event: NewEvent, now: float) -> NewEvent:
    """The event, from `now` when its own time is impossible or in the future."""
    possible = math.isfinite(event.ts) and 0 < event.ts <= now
    return event if possible else event.model_copy(update={"ts": now})


def limited_note(limit: str, now: float) -> NewEvent:
    """Says in the log that some of it is missing; `limit` as `budgets.limit_text`."""
    text = f"texts of events were cut short, or events dropped: more than {limit}"
    return NewEvent(ts=now, turn=None, data=Note(level="warning", text=text))


def event_bytes(event: NewEvent) -> int:
    """What an event takes from the budget."""
    return row_bytes(len(event.data.model_dump_json().encode()))


def shortened(event: NewEvent) -> NewEvent:
    """The event with its long texts cut; what was cut already stays."""
    changes = {name: _short(name, value) for name, value in event.data}
    data = event.data.model_copy(update=changes)
    return event if data == event.data else event.model_copy(update={"data": data})


def _short(name: str, value: object) -> object:
    match value:
        case str():
            return cut(value, SHORT_TEXT)
        case {"(cut)": str(text)} if name == "input":
            return {"(cut)": cut(text, SHORT_TEXT)}
        case dict() if name == "input":
            text = json.dumps(value, ensure_ascii=False)
            return value if len(text) <= SHORT_TEXT else {"(cut)": cut(text, SHORT_TEXT)}
        case _:
            return value


class EventAllowance:
    """Which events of one agent may be stored, and how long: the harness asks, and so does the broker."""

    def __init__(self, bucket: TokenBucket) -> None:
        self._bucket = bucket

    def admit(self, event: NewEvent, now: float) -> NewEvent | None:
        """Count the event, and return it whole or cut short; None when it has to wait."""
        low = self._bucket.level(now) < _LOW * self._bucket.burst
        for one in (shortened(event),) if low else (event, shortened(event)):
            if not self._bucket.take(event_bytes(one), now, _floor(one)):
                return one
        return None

    def wait(self, event: NewEvent, now: float) -> float:
        """Seconds until it is admitted."""
        return self._bucket.wait(event_bytes(shortened(event)), now, _floor(event))


def _floor(event: NewEvent) -> float:
    return -_TURN_END_RESERVE if event.kind is EventKind.TURN_END else 0.0
