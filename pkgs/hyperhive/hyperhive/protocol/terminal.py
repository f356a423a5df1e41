"""Terminals: shells beside an agent, and the frames that windows and the agent's harness exchange about them.

    browser <-- WebSocket --> broker <-- WebSocket --> harness <--> shell

The harness alone knows its terminals: shell, output, size, viewers. The link's hello and reports list them.
The broker shows that list and asks on the link: `OpenTerminal` for a shell, `KillTerminal` for its end, and
`AttachViewer` for every window that opens `GET /api/agents/{name}/terminals/{id}`, on which the harness dials
`GET /v1/terminals/{viewer}`. The broker joins the two sockets: it checks the operator's login, the sizes of
frames and the shape of the harness's texts, and says `Beat`; everything goes through as it is.

**Binary frames.** Towards the browser a frame is an offset of eight bytes (big-endian) and then output: the
output of a terminal is one stream whose first byte has offset 0. A frame that begins behind the last one's
end says that output was skipped. Towards the shell a frame is what was typed, and nothing else.

**Flow.** Nobody sends what the other side has not asked for. A browser says with `Ack` how far it has drawn;
the harness sends each viewer at most `WINDOW_BYTES` beyond that, and reads the shell's output up to
`WINDOW_BYTES` beyond the viewer that is farthest; the rest stays in the kernel's buffer, and then the program
waits. A viewer that falls more than `SCROLLBACK_BYTES` behind is moved on. While nobody looks, reading stops
`SCROLLBACK_BYTES` beyond what was seen, so that whoever comes back within `EXACT_SECONDS` misses nothing;
after that the oldest output is dropped.

The other way, a browser sends what is typed, a paste too, up to `TYPED_BYTES` beyond the last `Taken`, which
says how far the kernel took it; the rest waits in the page. A key that interrupts takes away what the program
has not read: in the kernel, in the harness, and in every window that pastes. These hear `Refused`, and what
such a window has on its way goes too, until it says `Cancel`. A window has a name (`?window=NAME`), so that
after a cut connection it hears how much has come and sends the rest, nothing twice.

**Coming back.** A viewer says in its address what it has (`?have=OFFSET`); the harness keeps the last
`SCROLLBACK_BYTES`. So neither a cut connection nor a restart of the broker loses a byte, or repeats one.
Where the first bytes of all are not kept, or output was skipped, `State` goes first: the modes, attributes
and screen that the output before it has left. A program that has the screen is then asked to draw it anew, as
if the size had changed.

**Ends.** The harness ends a shell that nobody has looked at for `GRACE_SECONDS`, and all of them when it ends
itself. A terminal that has ended is shown for `ENDED_SECONDS`.
"""

import struct
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from hyperhive.protocol.base import ApiModel, Moment

#: Offset before the bytes of an output frame.
OUTPUT_HEADER: Final = struct.Struct(">Q")
#: Most bytes of output in one frame.
CHUNK_BYTES: Final = 32 * 1024
#: Most bytes of any frame that is sent to the broker or the harness.
FRAME_BYTES: Final = 64 * 1024
#: Output on its way to one viewer: sent and not yet drawn.
WINDOW_BYTES: Final = 256 * 1024
#: Output that is kept to be shown again.
SCROLLBACK_BYTES: Final = 1024 * 1024
#: Input on its way from one browser: sent and not yet taken.
TYPED_BYTES: Final = 64 * 1024
#: Input that waits for a program which does not read; more is dropped, with a `Dropped` to the viewers.
INPUT_BYTES: Final = 1024 * 1024

#: Open terminals of one agent, and viewers of one terminal.
TERMINAL_LIMIT: Final = 8
VIEWER_LIMIT: Final = 8

#: How long a harness may take to open one, and to dial for a viewer.
OPEN_SECONDS: Final = 10.0
#: How long output waits for viewers that are all gone.
EXACT_SECONDS: Final = 120.0
#: How long a shell lives that nobody looks at.
GRACE_SECONDS: Final = 3600.0
#: How long the broker waits for a harness whose link broke, and a terminal that has ended is shown.
AWAY_SECONDS: Final = 60.0
ENDED_SECONDS: Final = 300.0

#: Close code of a terminal that has ended.
CLOSE_ENDED: Final = 4000

#: JavaScript's numbers are whole up to here: at 10 MB/s for 28 years.
OFFSET_LIMIT: Final = 2**53 - 1

_TITLE_LENGTH: Final = 200
#: With what is around it, less than `FRAME_BYTES`.
_STATE_LENGTH: Final = 60_000

Offset = Annotated[int, Field(ge=0, le=OFFSET_LIMIT)]
Columns = Annotated[int, Field(ge=2, le=500)]
Rows = Annotated[int, Field(ge=1, le=200)]
TerminalId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
#: The operator's address, as the broker sees it.
Who = Annotated[str, Field(max_length=100)]
_Title = Annotated[str, Field(max_length=_TITLE_LENGTH)]


class Size(ApiModel):
    """Of a terminal in characters; also the body of `POST /api/agents/{name}/terminals`."""

    cols: Columns
    rows: Rows


class TerminalEnd(ApiModel):
    at: Moment
    #: Null when a signal ended it, or when that is not known.
    exit_code: Annotated[int, Field(ge=0, le=255)] | None
    signal: Annotated[int, Field(ge=1, le=255)] | None
    #: Empty when the shell ended by itself.
    reason: Annotated[str, Field(max_length=_TITLE_LENGTH)]


class TerminalViewer(ApiModel):
    #: Counts the terminal's viewers from 1 on.
    id: Annotated[int, Field(ge=1, le=OFFSET_LIMIT)]
    who: Who
    since: Moment
    #: The terminal has this one's size, and programs that ask the terminal are answered by it.
    driving: bool


class TerminalView(ApiModel):
    id: TerminalId
    #: What the program in it called itself; the agent's text.
    title: _Title
    cols: Columns
    rows: Rows
    since: Moment
    opened_by: Who
    #: The harness is there; the broker knows.
    connected: bool = True
    viewers: Annotated[list[TerminalViewer], Field(max_length=VIEWER_LIMIT, fail_fast=True)]
    #: Null while it runs.
    end: TerminalEnd | None


#: Those that run and those that ended lately, oldest first.
TerminalViews = Annotated[list[TerminalView], Field(max_length=2 * TERMINAL_LIMIT, fail_fast=True)]


class TerminalList(ApiModel):
    """Answer of `GET /api/agents/{name}/terminals`, oldest first."""

    terminals: list[TerminalView]
    #: Most open ones.
    limit: int
    #: Whether the shells run in the agent's container.
    contained: bool


class Attached(ApiModel):
    """First frame to a browser."""

    type: Literal["attached"] = "attached"
    #: Its id in the list of viewers.
    viewer: Annotated[int, Field(ge=1, le=OFFSET_LIMIT)]
    #: Where the output begins that follows.
    offset: Offset
    #: Output before this offset was shown in a window before: programs' questions in it were answered.
    live: Offset
    #: So much of what this window typed, over all its connections, has come: it goes on from there.
    typed: Offset = 0


class State(ApiModel):
    """What the output before `offset` has left in a terminal that was as new before it; to a browser.

    What the browser has not drawn and lies before `offset` was skipped.
    """

    type: Literal["state"] = "state"
    offset: Offset
    #: Escape sequences and characters to draw, base64.
    sequences: Annotated[str, Field(max_length=_STATE_LENGTH)]


class Changed(ApiModel):
    """The agent's terminals, the viewer's own among them, as they are now; to a browser."""

    type: Literal["changed"] = "changed"
    terminals: TerminalViews


class Dropped(ApiModel):
    """Input was dropped: the program does not read it, or was interrupted before it did; to a browser."""

    type: Literal["dropped"] = "dropped"
    count: Annotated[int, Field(ge=1, le=OFFSET_LIMIT)]


class Refused(ApiModel):
    """A paste was interrupted, or has too long a line: nothing more of it is taken; to a browser."""

    type: Literal["refused"] = "refused"
    #: Bytes of that line; then nothing of the paste was taken.
    longest: Offset | None


class Taken(ApiModel):
    """What the window typed before `offset` was given to the program, or dropped; to a browser."""

    type: Literal["taken"] = "taken"
    offset: Offset


#: From a harness to a browser, beside output.
ViewerFrame = Annotated[Attached | State | Changed | Dropped | Refused | Taken, Field(discriminator="type")]
VIEWER_FRAME: TypeAdapter[ViewerFrame] = TypeAdapter(ViewerFrame)


class Ack(ApiModel):
    """The browser has drawn all output before `offset`."""

    type: Literal["ack"] = "ack"
    offset: Offset


class Resize(ApiModel):
    """The size that fits into a browser's window."""

    type: Literal["resize"] = "resize"
    cols: Columns
    rows: Rows


class Paste(ApiModel):
    """The next bytes from the browser are one paste: when it is interrupted, none of it may follow."""

    type: Literal["paste"] = "paste"
    length: Offset
    #: Bytes of its longest line: a program that reads lines gets no more than the kernel's 4095 of one.
    longest: Offset


class Cancel(ApiModel):
    """Drop what was typed and the program has not read; also a browser's answer to `Refused`."""

    type: Literal["cancel"] = "cancel"


class Title(ApiModel):
    """What the program in the terminal calls itself, as a browser's terminal has read it."""

    type: Literal["title"] = "title"
    text: _Title


BrowserFrame = Annotated[Ack | Resize | Title | Paste | Cancel, Field(discriminator="type")]
BROWSER_FRAME: TypeAdapter[BrowserFrame] = TypeAdapter(BrowserFrame)
