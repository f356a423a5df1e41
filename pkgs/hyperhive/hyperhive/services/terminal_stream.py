"""One open terminal in the broker: output from its harness to every window, input back, and the pace."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from hyperhive.domain.scrollback import Scrollback
from hyperhive.domain.terminal import allowance, one_line
from hyperhive.errors import ConflictError, InvalidRequestError
from hyperhive.protocol.terminal import (
    OFFSET_LIMIT,
    OUTPUT_HEADER,
    SCROLLBACK_BYTES,
    VIEWER_LIMIT,
    Ack,
    Attach,
    Attached,
    BrowserFrame,
    Changed,
    Dropped,
    Ended,
    KillTerminal,
    Opened,
    Resize,
    ShellFrame,
    Size,
    TerminalEnd,
    TerminalView,
    TerminalViewer,
    Title,
)
from hyperhive.services.terminal_ends import Host, Viewer


@dataclass(frozen=True)
class Origin:
    """Where a terminal comes from.

    Attributes:
        by: Who opened it, for people.
        since: Seconds since 1970.
    """

    by: str
    since: float


class Terminal:
    """A shell's output, who looks at it and who feeds it.

    Args:
        on_change: Called whenever what `view` says has changed.
        clock: Seconds since 1970.

    Attributes:
        opened: Set when the harness runs a shell, or cannot.
        end: How it ended.
        killed_by: Who asked for its end.
        away_since: When the harness's socket went, null while it is there.
    """

    def __init__(
        self, name: str, size: Size, origin: Origin, on_change: Callable[[], None], clock: Callable[[], float]
    ) -> None:
        self.name = name
        self.opened = asyncio.Event()
        self.end: TerminalEnd | None = None
        self.killed_by = ""
        self.away_since: float | None = clock()
        self._origin = origin
        self._output = Scrollback(SCROLLBACK_BYTES)
        self._size = size
        self._title = ""
        self._on_change = on_change
        self._clock = clock
        self._seen = 0
        self._alone_since = clock()
        self._viewers: list[Viewer] = []
        self._count = 0
        self._driver: Viewer | None = None
        self._host: Host | None = None

    @property
    def view(self) -> TerminalView:
        """It as it is now."""
        return TerminalView(
            id=self.name,
            title=self._title,
            cols=self._size.cols,
            rows=self._size.rows,
            since=self._origin.since,
            opened_by=self._origin.by,
            connected=self._host is not None,
            viewers=[
                TerminalViewer(id=one.number, who=one.who, since=one.since, driving=one is self._driver)
                for one in self._viewers
            ],
            end=self.end,
        )

    def attach(self, who: str, have: int | None) -> Viewer:
        """Let a window look on, from the offset `have` on; without one, from the beginning of what is kept.

        Raises:
            ConflictError: Too many do.
        """
        if len(self._viewers) >= VIEWER_LIMIT:
            raise ConflictError(f"{VIEWER_LIMIT} windows look at this terminal already; close one")
        self._count += 1
        live = self._output.end if have is None else max(have, self._seen)
        begin = self._output.first_line() if have is None else have
        viewer = Viewer(self._output, self._count, who, self._clock(), begin)
        viewer.greet(Attached(viewer=viewer.number, offset=begin, live=live))
        if self.end is not None:
            viewer.end()
        self._viewers.append(viewer)
        if self._driver is None:
            self._driver = viewer
        self._allow()
        self._on_change()
        return viewer

    def detach(self, viewer: Viewer) -> None:
        """The window is gone."""
        self._viewers.remove(viewer)
        if not self._viewers:
            self._alone_since = self._clock()
        if self._driver is viewer:
            self._driver = None
            if self._viewers:
                self._drive(self._viewers[-1])
        self._allow()
        self._on_change()

    def hear(self, viewer: Viewer, frame: BrowserFrame) -> None:
        """Take what a window says.

        Raises:
            InvalidRequestError: It says that it has drawn what it was not sent.
        """
        match frame:
            case Ack(offset=offset):
                viewer.drew(offset)
                self._seen = max(self._seen, min(offset, self._output.end))
                self._allow()
            case Resize(cols=cols, rows=rows):
                viewer.size = Size(cols=cols, rows=rows)
                if viewer is self._driver:
                    self._drive(viewer)
            case Title(text=text):
                # One window's word is enough.
                if viewer is self._driver and text != self._title:
                    self._title = text
                    self._on_change()

    def type(self, viewer: Viewer, data: bytes) -> None:
        """A window typed; whoever types has the say about the size."""
        self._drive(viewer)
        if self._host is not None and self.end is None and (lost := self._host.type(data)):
            self._drop(lost)

    def kill(self, who: str) -> bool:
        """Ask the harness to end it; False when that is not connected."""
        if self._host is None:
            return False
        self.killed_by = self.killed_by or who
        self._host.say(KillTerminal())
        return True

    def join(self) -> Host:
        """The harness dialled; it takes the place of an earlier connection."""
        if self._host is not None:
            self._host.close()
        self._host = Host()
        self.away_since = None
        have = self._output.end if self.opened.is_set() else None
        self._host.say(Attach(have=have, limit=0, viewers=len(self._viewers)))
        return self._host

    def leave(self, host: Host) -> None:
        """The harness's connection is gone."""
        if self._host is host:
            self._host = None
            self.away_since = self._clock()
            self._on_change()

    def told(self, frame: ShellFrame) -> None:
        """Take what the harness says."""
        match frame:
            case Opened():
                self._begin(frame)
            case Dropped(count=count):
                self._drop(count)
            case Ended(exit_code=code, signal=number, reason=reason):
                end = TerminalEnd(at=self._clock(), exit_code=code, signal=number, reason=one_line(reason))
                self.over(end)

    def take(self, frame: bytes) -> None:
        """More output.

        Raises:
            InvalidRequestError: It does not follow what came before.
        """
        if len(frame) <= OUTPUT_HEADER.size or not self.opened.is_set():
            raise InvalidRequestError("an output frame is empty, or comes before `opened`")
        (offset,) = OUTPUT_HEADER.unpack_from(frame)
        if offset < self._output.end or offset + len(frame) > OFFSET_LIMIT:
            raise InvalidRequestError(f"an output frame begins at {offset}, not at {self._output.end}")
        if offset > self._output.end:
            self._output.begin(offset)
        self._output.append(frame[OUTPUT_HEADER.size :])
        self._allow()
        for viewer in self._viewers:
            viewer.wake()

    def over(self, end: TerminalEnd) -> None:
        """There will be no more output."""
        self.end = end
        self.opened.set()
        for viewer in self._viewers:
            viewer.end()
        self._on_change()

    def show(self, frame: Changed) -> None:
        """Let every window know how the agent's terminals are now."""
        for viewer in self._viewers:
            viewer.show(frame)

    def tick(self) -> None:
        """Once a second: time alone makes room, too."""
        if not self._viewers:
            self._allow()

    def _begin(self, opened: Opened) -> None:
        """The shell runs, and its output from an offset on follows."""
        if not self.opened.is_set():
            since = min(opened.since, self._clock())
            self._origin = replace(self._origin, since=since)
        if not self.opened.is_set() or opened.offset != self._output.end:
            self._output.begin(opened.offset)
            self._seen = max(self._seen, opened.offset)
        self._size = Size(cols=opened.cols, rows=opened.rows)
        self.opened.set()
        if self._driver is not None:
            self._drive(self._driver)
        self._allow()
        self._on_change()

    def _drive(self, viewer: Viewer) -> None:
        """The window has the say about the size now."""
        changed = self._driver is not viewer
        self._driver = viewer
        if viewer.size is not None and viewer.size != self._size and self.end is None:
            changed = True
            self._size = viewer.size
            if self._host is not None:
                self._host.say(Resize(cols=viewer.size.cols, rows=viewer.size.rows))
        if changed:
            self._on_change()

    def _drop(self, count: int) -> None:
        for viewer in self._viewers:
            viewer.lost(count)

    def _allow(self) -> None:
        if self._host is not None and self.opened.is_set():
            limit = allowance(
                [min(viewer.acked, self._output.end) for viewer in self._viewers],
                seen=self._seen,
                end=self._output.end,
                alone_seconds=self._clock() - self._alone_since,
            )
            self._host.allow(min(limit, OFFSET_LIMIT), len(self._viewers))
