"""Terminals: the output that is kept, how far a shell's may be read, and what the log tells of its end."""

import copy
from collections.abc import Collection
from typing import Final, NamedTuple

from hyperhive.domain.terminal_state import TerminalState
from hyperhive.protocol.terminal import (
    EXACT_SECONDS,
    SCROLLBACK_BYTES,
    WINDOW_BYTES,
    TerminalEnd,
)

#: How far to look for the beginning of a line.
_LINE_BYTES: Final = 16 * 1024


class Beginning(NamedTuple):
    """Where a viewer begins that has seen nothing."""

    offset: int
    #: What puts an emulator that is as new into the state that the terminal has there.
    state: bytes
    #: Whether what the program in it drew is not known: it has the whole screen since before.
    is_blank: bool


class Scrollback:
    """A ring of the last bytes of a stream, each of which has an offset.

    Attributes:
        start: Offset of the oldest byte that is kept.
        end: Offset of the next byte.
    """

    def __init__(self, capacity: int) -> None:
        # Zeroed pages cost no memory until something is written to them.
        self._ring = bytearray(capacity)
        self.start = 0
        self.end = 0
        self._forgotten = TerminalState()

    def append(self, data: bytes) -> None:
        """Keep `data`, and forget the oldest bytes that have no room beside it."""
        capacity = len(self._ring)
        kept = data[-capacity:]
        lost = self.end + len(data) - capacity - self.start
        if lost > 0:
            self._forgotten.feed(self.read(self.start, lost))
            self._forgotten.feed(data[: len(data) - len(kept)])
        self.end += len(data) - len(kept)
        at = self.end % capacity
        first = kept[: capacity - at]
        self._ring[at : at + len(first)] = first
        self._ring[: len(kept) - len(first)] = kept[len(first) :]
        self.end += len(kept)
        self.start = max(self.start, self.end - capacity)

    def read(self, offset: int, most: int) -> bytes:
        """Up to `most` bytes from `offset` on, which must be one of those that are kept, or the next."""
        if not self.start <= offset <= self.end:
            raise ValueError(f"{offset} is not in {self.start}..{self.end}")
        capacity = len(self._ring)
        count = min(most, self.end - offset)
        at = offset % capacity
        view = memoryview(self._ring)
        first = view[at : at + count]
        return b"".join((first, view[: count - len(first)]))

    def beginning(self) -> Beginning:
        """Where to begin: at a line when the start is gone; where a program has the screen, there is none."""
        state = self._forgotten
        if self.start == 0 or state.is_alternate:
            return Beginning(self.start, state.sequences(), is_blank=state.is_alternate)
        line = self.read(self.start, _LINE_BYTES)
        line = line[: line.find(b"\n") + 1]
        if line:
            state = copy.deepcopy(state)
            state.feed(line)
        return Beginning(self.start + len(line), state.sequences(), is_blank=state.is_alternate)


def allowance(drawn: Collection[int], *, seen: int, end: int, alone_seconds: float) -> int:
    """The offset up to which a shell's output may be read.

    The farthest viewer has the say: the others are moved on when they fall too far behind.

    Args:
        drawn: How far each viewer has drawn.
        seen: How far any has ever.
        end: How far it was read.
        alone_seconds: How long there has been no viewer.
    """
    if drawn:
        return max(drawn) + WINDOW_BYTES
    if alone_seconds < EXACT_SECONDS:
        return seen + SCROLLBACK_BYTES
    return end + WINDOW_BYTES


def one_line(text: str) -> str:
    """An agent's text as it may stand in a log of ours."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def closed_note(end: TerminalEnd, killed_by: str = "") -> str:
    """How a shell ended, as the agent's log says it."""
    code = ""
    if end.signal is not None:
        code = f"signal {end.signal}"
    elif end.exit_code is not None:
        code = f"exit code {end.exit_code}"
    by = f" by the operator ({killed_by})" if killed_by else ""
    return f"A terminal was closed{by}: {', '.join(part for part in (end.reason, code) if part)}."
