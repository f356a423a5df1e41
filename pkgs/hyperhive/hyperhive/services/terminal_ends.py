"""The two kinds of ends of a terminal, as queues: what to send a window next, and what to send the harness.

Nothing here waits for a socket: whoever serves one asks `next`.
"""

import asyncio
from collections import deque
from typing import Final

from hyperhive.domain.scrollback import Scrollback
from hyperhive.errors import InvalidRequestError
from hyperhive.protocol.terminal import (
    CHUNK_BYTES,
    INPUT_BYTES,
    OFFSET_LIMIT,
    OUTPUT_HEADER,
    WINDOW_BYTES,
    Allow,
    Attached,
    Changed,
    Dropped,
    HostFrame,
    Size,
    ViewerFrame,
)

#: The harness is told of more room in steps of this, so that a window of acks is a few frames.
_STEP_BYTES: Final = WINDOW_BYTES // 8


class Viewer:
    """A window that looks at a terminal.

    Args:
        output: The terminal's, shared by all its windows.
        number: Counts them.
        begin: Where its output begins.

    Attributes:
        who: Its address.
        size: What fits into it.
        acked: What it has drawn; it has been sent at most `WINDOW_BYTES` more.
    """

    def __init__(self, output: Scrollback, number: int, who: str, since: float, begin: int) -> None:
        self.number = number
        self.who = who
        self.since = since
        self.size: Size | None = None
        self.acked = begin
        self._output = output
        self._sent = begin
        self._is_over = False
        self._attached: Attached | None = None
        self._changed: Changed | None = None
        self._dropped = 0
        self._due = asyncio.Event()

    def greet(self, frame: Attached) -> None:
        """Send it its first frame, soon."""
        self._attached = frame
        self.wake()

    def lost(self, count: int) -> None:
        """Tell it soon that so many bytes more of input were dropped."""
        self._dropped = min(self._dropped + count, OFFSET_LIMIT)
        self.wake()

    def show(self, frame: Changed) -> None:
        """Send it the newest state, soon."""
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
        """It has drawn everything before `offset`.

        Raises:
            InvalidRequestError: It was not sent that much.
        """
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
        if self._dropped:
            count, self._dropped = self._dropped, 0
            return Dropped(count=count)
        # The end is told when all of the output has been sent.
        if self._changed is not None and not (self._is_over and self._sent < self._output.end):
            frame, self._changed = self._changed, None
            return frame
        return self._chunk()

    def _chunk(self) -> bytes | None:
        output = self._output
        if self._sent < output.start:
            # Too far behind, or what it has lies before a hole: once it has drawn what it was sent, it goes
            # on at the next line that is kept.
            if self.acked < self._sent:
                return None
            self._sent = self.acked = output.first_line()
        room = min(CHUNK_BYTES, WINDOW_BYTES - (self._sent - self.acked))
        if self._sent >= output.end or room <= 0:
            return None
        begin = self._sent
        chunk = output.read(begin, room)
        self._sent += len(chunk)
        return OUTPUT_HEADER.pack(begin) + chunk


class Host:
    """The harness's end of a terminal."""

    def __init__(self) -> None:
        self._frames: deque[HostFrame] = deque()
        self._input: deque[bytes] = deque()
        self._waiting = 0
        self._limit = 0
        self._viewers = 0
        self._allowed: Allow | None = None
        self._closed = False
        self._due = asyncio.Event()

    def say(self, frame: HostFrame) -> None:
        """Send it a frame, soon."""
        self._frames.append(frame)
        self._due.set()

    def allow(self, limit: int, viewers: int) -> None:
        """Tell it how far it may read, if that is worth a frame."""
        if limit - self._limit >= _STEP_BYTES or viewers != self._viewers:
            self._limit, self._viewers = limit, viewers
            self._allowed = Allow(limit=limit, viewers=viewers)
            self._due.set()

    def type(self, data: bytes) -> int:
        """Send it input; returns how many bytes were dropped because it does not take any."""
        if self._waiting + len(data) > INPUT_BYTES:
            return len(data)
        self._waiting += len(data)
        self._input.append(data)
        self._due.set()
        return 0

    def close(self) -> None:
        """Another connection has taken its place."""
        self._closed = True
        self._due.set()

    async def next(self) -> bytes | HostFrame | None:
        """What to send next, null when another connection took its place."""
        while not self._closed:
            self._due.clear()
            if self._frames:
                return self._frames.popleft()
            if self._input:
                data = self._input.popleft()
                self._waiting -= len(data)
                return data
            if self._allowed is not None:
                frame, self._allowed = self._allowed, None
                return frame
            await self._due.wait()
        return None
