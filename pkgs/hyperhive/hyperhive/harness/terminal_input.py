"""What windows type into a terminal: how far each is with it, and what an interrupt takes away."""

import re
from collections import deque
from dataclasses import dataclass
from typing import Final, NamedTuple

from hyperhive.harness.viewer import Viewer
from hyperhive.system.pty import Pty

#: Windows that are gone and may come back with the rest of a paste.
_REMEMBERED: Final = 64
#: The kernel drops what a line has beyond this while a program reads lines.
_LINE_BYTES: Final = 4095
_LINE_ENDS: Final = re.compile(rb"[\r\n\x04]")


@dataclass
class _Window:
    """A window over all its connections: the newest one has the say, so that nothing is typed twice.

    Attributes:
        typed: Bytes that have come from it.
        pasted: Up to where they are a paste.
        is_muted: What comes was on its way when the rest of it was dropped, and goes the same way.
    """

    viewer: Viewer
    typed: int = 0
    pasted: int = 0
    is_muted: bool = False


class _Piece(NamedTuple):
    window: _Window
    #: Behind it, in what the window typed and in what the terminal was given.
    typed: int
    given: int
    size: int


class TerminalInput:
    """The pieces that were typed, in the order in which they came, until the program can have them."""

    def __init__(self) -> None:
        self._pty: Pty | None = None
        self._windows: dict[str, _Window] = {}
        self._pieces: deque[_Piece] = deque()
        self._given = 0
        self._line = 0

    def start(self, pty: Pty) -> None:
        """From now on there is somebody to read it."""
        self._pty = pty
        pty.on_written = self._on_written

    def typed(self, name: str) -> int:
        """How much of what a window typed has come over its connections before."""
        return self._windows[name].typed if name in self._windows else 0

    def attach(self, viewer: Viewer, name: str) -> None:
        """A window has connected, again perhaps."""
        window = self._windows.pop(name, None) or _Window(viewer)
        window.viewer = viewer
        self._windows[name] = window
        if window.is_muted:
            # It may not have heard so.
            viewer.drop_rest()
        for gone in list(self._windows)[:-_REMEMBERED]:
            del self._windows[gone]

    def announce(self, viewer: Viewer, length: int, longest: int) -> None:
        """The next `length` bytes of a window are a paste; refused when its `longest` line would be cut."""
        if (window := self._of(viewer)) is None or self._pty is None:
            return
        window.pasted = window.typed + length
        if longest > _LINE_BYTES and self._pty.reads_lines:
            window.is_muted = True
            viewer.drop_rest(longest)

    def write(self, viewer: Viewer, data: bytes) -> None:
        """A window typed `data`; what a connection brings that was replaced comes again on the new one."""
        window, pty = self._of(viewer), self._pty
        if window is None or pty is None:
            return
        window.typed += len(data)
        if window.is_muted:
            viewer.took(window.typed)
            return
        if pty.is_interrupt(data):
            viewer.lost(sum(piece.size for piece in self._pieces if piece.window is window))
            self._discard(window)
        dropped = pty.write(data)
        self._given += len(data) - dropped
        self._pieces.append(_Piece(window, window.typed, self._given, len(data)))
        if dropped := dropped + self._too_long(data, pty):
            viewer.lost(dropped)
        self._on_written()

    def cancel(self, viewer: Viewer) -> None:
        """A window wants nothing more of what it typed, or has heard that this was dropped."""
        if (window := self._of(viewer)) is None:
            return
        if window.is_muted:
            window.is_muted = False
        else:
            self._discard(window)
        window.pasted = 0

    def _discard(self, by: _Window) -> None:
        """Drop what the program has not read, and what other windows are about to send of it."""
        if self._pty is None:
            return
        self._given -= self._pty.discard()
        for window in self._windows.values():
            if window is by:
                window.viewer.took(window.typed)
            elif window.typed < window.pasted or any(piece.window is window for piece in self._pieces):
                window.is_muted = True
                window.viewer.drop_rest()
        self._pieces.clear()
        self._line = 0

    def _of(self, viewer: Viewer) -> _Window | None:
        return next((one for one in self._windows.values() if one.viewer is viewer), None)

    def _on_written(self) -> None:
        if self._pty is None:
            return
        written = self._given - self._pty.pending
        while self._pieces and self._pieces[0].given <= written:
            piece = self._pieces.popleft()
            piece.window.viewer.took(piece.typed)

    def _too_long(self, data: bytes, pty: Pty) -> int:
        """How many bytes of this the kernel will drop because a line is longer than it takes."""
        if not pty.reads_lines:
            self._line = 0
            return 0
        first, *others = _LINE_ENDS.split(data)
        lengths = [self._line + len(first), *map(len, others)]
        before = max(0, self._line - _LINE_BYTES)
        self._line = lengths[-1]
        return sum(max(0, length - _LINE_BYTES) for length in lengths) - before
