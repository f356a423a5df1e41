"""A window that looks at a terminal: what to send it next, and what is held back until it has drawn more."""

import asyncio
import base64
import time
from collections.abc import Callable

from hyperhive.domain.terminal import Beginning, Scrollback
from hyperhive.errors import InvalidRequestError
from hyperhive.protocol.terminal import (
    CHUNK_BYTES,
    OFFSET_LIMIT,
    OUTPUT_HEADER,
    WINDOW_BYTES,
    Attached,
    Changed,
    Dropped,
    Refused,
    Size,
    State,
    Taken,
    ViewerFrame,
)


class Viewer:
    """A window that looks at a terminal, as a queue: whoever serves its socket asks `next`.

    Args:
        beginning: Null for one that has what lies before its first byte.
        on_begin: Called when it goes on from a `Beginning` that is not the terminal's.
    """

    def __init__(
        self,
        output: Scrollback,
        who: str,
        attached: Attached,
        beginning: Beginning | None = None,
        on_begin: Callable[[Beginning], None] = lambda _: None,
    ) -> None:
        self.id = attached.viewer
        self.who = who
        self.since = time.time()
        #: What fits into it.
        self.size: Size | None = None
        #: It has drawn what lies before `acked`, and was sent at most `WINDOW_BYTES` more.
        self.acked = self._sent = attached.offset
        self._output = output
        self._is_over = False
        self._attached: Attached | None = attached
        self._beginning = beginning
        self._on_begin = on_begin
        self._changed: Changed | None = None
        self._dropped = 0
        self._refused: Refused | None = None
        self._taken: int | None = None
        self._due = asyncio.Event()

    def lost(self, count: int) -> None:
        """Report to it that so many bytes more of input were dropped."""
        self._dropped = min(self._dropped + count, OFFSET_LIMIT)
        self.wake()

    def drop_rest(self, longest: int | None = None) -> None:
        """Tell it to send nothing more of a paste, perhaps because that has so long a line."""
        self._refused = Refused(longest=longest)
        self.wake()

    def took(self, offset: int) -> None:
        """What it typed before `offset` need not be kept any more."""
        self._taken = offset
        self.wake()

    def show(self, frame: Changed) -> None:
        self._changed = frame
        self.wake()

    def wake(self) -> None:
        """There may be output to send."""
        self._due.set()

    def end(self) -> None:
        """There will be no more output."""
        self._is_over = True
        self.wake()

    def drew(self, offset: int) -> None:
        """It has drawn all before `offset`; an `InvalidRequestError` if it was not sent that much."""
        if offset > self._sent:
            raise InvalidRequestError(f"ack: offset: {offset} was not sent yet, {self._sent} was")
        self.acked = max(self.acked, offset)
        self.wake()

    async def next(self) -> bytes | ViewerFrame | None:
        """What to send next, null after everything."""
        while True:
            self._due.clear()
            found = self._next()
            if found is not None:
                return found
            if self._is_over and self._sent >= self._output.end:
                return None
            await self._due.wait()

    def _next(self) -> bytes | ViewerFrame | None:
        if self._attached is not None:
            greeting, self._attached = self._attached, None
            return greeting
        if (answer := self._answer()) is not None:
            return answer
        # The end is reported when all of the output has been sent.
        if self._changed is not None and not (self._is_over and self._sent < self._output.end):
            frame, self._changed = self._changed, None
            return frame
        if self._beginning is not None:
            beginning, self._beginning = self._beginning, None
            if beginning.offset:
                return self._state(beginning)
        return self._chunk()

    def _answer(self) -> ViewerFrame | None:
        """What became of its input."""
        if self._dropped:
            count, self._dropped = self._dropped, 0
            return Dropped(count=count)
        if self._refused is not None:
            refused, self._refused = self._refused, None
            return refused
        if self._taken is not None:
            offset, self._taken = self._taken, None
            return Taken(offset=offset)
        return None

    def _state(self, beginning: Beginning) -> State:
        self._on_begin(beginning)
        return State(offset=beginning.offset, sequences=base64.b64encode(beginning.state).decode())

    def _chunk(self) -> bytes | State | None:
        output = self._output
        if self._sent < output.start:
            # Too far behind, or what it has lies before a hole: once it has drawn what it was sent, it goes
            # on at the next line that is kept.
            if self.acked < self._sent:
                return None
            beginning = output.beginning()
            self._sent = self.acked = beginning.offset
            return self._state(beginning)
        room = min(CHUNK_BYTES, WINDOW_BYTES - (self._sent - self.acked))
        if self._sent >= output.end or room <= 0:
            return None
        begin = self._sent
        chunk = output.read(begin, room)
        self._sent += len(chunk)
        return OUTPUT_HEADER.pack(begin) + chunk
