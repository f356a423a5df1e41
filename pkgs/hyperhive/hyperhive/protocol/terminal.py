"""Terminals: shells beside an agent, and the bytes and frames on the two sockets of each.

    browser <-- socket of a viewer --> broker <-- the terminal's socket --> harness <--> shell

The operator asks for one with `POST /api/agents/{name}/terminals`; the broker sends `OpenTerminal` on the
link, the harness starts the shell and dials `GET /v1/terminals/{id}`; every window that looks on opens
`GET /api/agents/{name}/terminals/{id}` as a WebSocket.

**Binary frames.** Towards the browser a frame is an offset of eight bytes (big-endian) and then output: the
output of a terminal is one stream whose first byte has offset 0. A frame that begins behind the last one's
end says that output was skipped. Towards the shell a frame is what was typed, and nothing else.

**Flow.** Nobody sends what the other side has not asked for. A browser says with `Ack` how far it has drawn;
the broker sends each viewer at most `WINDOW_BYTES` beyond that. With `Allow` it tells the harness the offset
up to which the shell's output may be read, `WINDOW_BYTES` beyond the viewer that is farthest; the rest stays
in the kernel's buffer, and then the program waits. A viewer that falls more than `SCROLLBACK_BYTES`
behind is moved on. While nobody looks, reading stops `SCROLLBACK_BYTES` beyond what was seen, so that
whoever comes back within `EXACT_SECONDS` misses nothing; after that the oldest output is dropped.

**Coming back.** A viewer says in its address what it has (`?have=OFFSET`), the broker in its first frame to
the harness (`Attach`); broker and harness both keep the last `SCROLLBACK_BYTES`. So neither a cut connection
nor a restart of the broker loses a byte, or repeats one.

**Ends.** The harness sends all output and then `Ended`. It ends a shell that nobody has looked at for
`GRACE_SECONDS`, and all of them when it ends itself.
"""

import struct
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from hyperhive.protocol.base import Timestamp, Wire

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
#: Input that waits for a program which does not read; more is dropped, and the viewers are told.
INPUT_BYTES: Final = 1024 * 1024

#: Open terminals of one agent, and viewers of one terminal.
TERMINAL_LIMIT: Final = 8
VIEWER_LIMIT: Final = 8

#: How long a harness may take to open one.
OPEN_SECONDS: Final = 10.0
#: A browser hears something at least so often.
BEAT_SECONDS: Final = 15.0
#: How long output waits for viewers that are all gone.
EXACT_SECONDS: Final = 120.0
#: How long a shell lives that nobody looks at.
GRACE_SECONDS: Final = 3600.0
#: How long the broker waits for a harness whose socket broke, and shows a terminal that has ended.
AWAY_SECONDS: Final = 60.0
ENDED_SECONDS: Final = 300.0

#: Close codes: the terminal has ended; the operator logged out or the broker stops; a newer socket came.
CLOSE_ENDED: Final = 4000
CLOSE_LEFT: Final = 4001
CLOSE_REPLACED: Final = 4002

#: JavaScript's numbers are whole up to here: at 10 MB/s for 28 years.
OFFSET_LIMIT: Final = 2**53 - 1

_TITLE_LENGTH: Final = 200

Offset = Annotated[int, Field(ge=0, le=OFFSET_LIMIT)]
Columns = Annotated[int, Field(ge=2, le=500)]
Rows = Annotated[int, Field(ge=1, le=200)]
TerminalId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Size(Wire):
    """Of a terminal in characters; also the body of `POST /api/agents/{name}/terminals`."""

    cols: Columns
    rows: Rows


class TerminalEnd(Wire):
    """How a shell ended.

    Attributes:
        exit_code: Null when a signal ended it, or when that is not known.
        signal: Number of that signal.
        reason: Empty when the shell ended by itself.
    """

    at: Timestamp
    exit_code: int | None
    signal: int | None
    reason: str


class TerminalViewer(Wire):
    """A window that looks on.

    Attributes:
        id: Counts the terminal's viewers from 1 on.
        who: Its address, as the broker sees it.
        driving: The terminal has this one's size, and programs that ask the terminal are answered by it.
    """

    id: int
    who: str
    since: Timestamp
    driving: bool


class TerminalView(Wire):
    """A terminal as the operator sees it.

    Attributes:
        title: What the program in it called itself; the agent's text.
        connected: The harness's socket is open; for a while it may not be.
        end: Null while it runs.
    """

    id: str
    title: str
    cols: int
    rows: int
    since: Timestamp
    opened_by: str
    connected: bool
    viewers: list[TerminalViewer]
    end: TerminalEnd | None


class TerminalList(Wire):
    """Answer of `GET /api/agents/{name}/terminals`, oldest first.

    Attributes:
        limit: How many may be open.
        contained: Whether the shells run in the agent's container.
    """

    terminals: list[TerminalView]
    limit: int
    contained: bool


class Attached(Wire):
    """First frame to a browser.

    Attributes:
        viewer: Its id in the list of viewers.
        offset: Where the output begins that follows.
        live: Output before this offset was shown in a window before: programs' questions in it were answered.
    """

    type: Literal["attached"] = "attached"
    viewer: int
    offset: Offset
    live: Offset


class Changed(Wire):
    """The agent's terminals, the viewer's own among them, as they are now; to a browser."""

    type: Literal["changed"] = "changed"
    terminals: list[TerminalView]


class Dropped(Wire):
    """Input was dropped: the program does not read it. From the harness, and on to browsers."""

    type: Literal["dropped"] = "dropped"
    count: Annotated[int, Field(ge=1, le=OFFSET_LIMIT)]


class Beat(Wire):
    """Nothing has happened for `BEAT_SECONDS`; a browser that hears nothing for longer connects again."""

    type: Literal["beat"] = "beat"


ViewerFrame = Attached | Changed | Dropped | Beat


class Ack(Wire):
    """The browser has drawn all output before `offset`."""

    type: Literal["ack"] = "ack"
    offset: Offset


class Resize(Wire):
    """What fits into a window; from the broker to the harness: the size to take."""

    type: Literal["resize"] = "resize"
    cols: Columns
    rows: Rows


class Title(Wire):
    """What the program in the terminal calls itself, as a browser's terminal has read it."""

    type: Literal["title"] = "title"
    text: Annotated[str, Field(max_length=_TITLE_LENGTH)]


BrowserFrame = Annotated[Ack | Resize | Title, Field(discriminator="type")]
BROWSER_FRAME: TypeAdapter[BrowserFrame] = TypeAdapter(BrowserFrame)


class Attach(Wire):
    """First frame to a harness: what the broker has already (null is nothing), and as in `Allow`."""

    type: Literal["attach"] = "attach"
    have: Offset | None
    limit: Offset
    viewers: int


class Allow(Wire):
    """The shell's output may be read up to the offset `limit`; so many viewers look on."""

    type: Literal["allow"] = "allow"
    limit: Offset
    viewers: int


class KillTerminal(Wire):
    """End the shell and everything in its session."""

    type: Literal["kill"] = "kill"


HostFrame = Annotated[Attach | Allow | Resize | KillTerminal, Field(discriminator="type")]
HOST_FRAME: TypeAdapter[HostFrame] = TypeAdapter(HostFrame)


class Opened(Wire):
    """Answer of a harness to `Attach`: the shell runs, and this is the offset of the output that follows."""

    type: Literal["opened"] = "opened"
    offset: Offset
    cols: Columns
    rows: Rows
    since: Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Ended(Wire):
    """Last frame of a harness; in the place of `Opened` when there is no shell."""

    type: Literal["ended"] = "ended"
    exit_code: Annotated[int, Field(ge=0, le=255)] | None
    signal: Annotated[int, Field(ge=1, le=255)] | None
    reason: Annotated[str, Field(max_length=500)]


ShellFrame = Annotated[Opened | Dropped | Ended, Field(discriminator="type")]
SHELL_FRAME: TypeAdapter[ShellFrame] = TypeAdapter(ShellFrame)
