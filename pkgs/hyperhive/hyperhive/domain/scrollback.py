"""The last part of a stream of bytes, each of which has an offset."""

from typing import Final

#: How far to look for the beginning of a line.
_LINE_BYTES: Final = 16 * 1024


class Scrollback:
    """A ring of bytes.

    Attributes:
        start: Offset of the oldest byte that is kept.
        end: Offset of the next byte.
    """

    def __init__(self, capacity: int) -> None:
        # Zeroed pages cost no memory until something is written to them.
        self._ring = bytearray(capacity)
        self.start = 0
        self.end = 0

    def begin(self, offset: int) -> None:
        """Be empty; the next byte has `offset`."""
        self.start = self.end = offset

    def append(self, data: bytes) -> None:
        """Keep `data`, and forget the oldest bytes that have no room beside it."""
        capacity = len(self._ring)
        kept = data[-capacity:]
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

    def first_line(self) -> int:
        """Where a reader begins who has seen nothing: at the start of a line when the beginning is gone."""
        if self.start == 0:
            return 0
        found = self.read(self.start, _LINE_BYTES).find(b"\n")
        return self.start if found < 0 else self.start + found + 1
