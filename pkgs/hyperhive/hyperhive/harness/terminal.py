"""Terminals: the operator's shells beside this agent, what they wrote, and who looks at them."""

import asyncio
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import aiohttp
from pydantic import ValidationError

from hyperhive.config import HarnessConfig
from hyperhive.domain.terminal import Beginning, Scrollback, allowance, closed_note
from hyperhive.errors import ConflictError, HyperhiveError, InvalidRequestError
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.link import BrokerLink
from hyperhive.harness.shell import ManualSession, shell_command, shell_environment
from hyperhive.harness.terminal_input import TerminalInput
from hyperhive.harness.viewer import Viewer
from hyperhive.protocol.base import CLOSE_LEFT
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.protocol.link import AttachViewer, KillTerminal, OpenTerminal, TerminalOrder, TerminalRefused
from hyperhive.protocol.terminal import (
    BROWSER_FRAME,
    CHUNK_BYTES,
    CLOSE_ENDED,
    ENDED_SECONDS,
    EXACT_SECONDS,
    FRAME_BYTES,
    GRACE_SECONDS,
    INPUT_BYTES,
    SCROLLBACK_BYTES,
    TERMINAL_LIMIT,
    VIEWER_LIMIT,
    Ack,
    Attached,
    BrowserFrame,
    Cancel,
    Changed,
    Paste,
    Resize,
    Size,
    TerminalEnd,
    TerminalView,
    TerminalViewer,
    Title,
)
from hyperhive.system.pty import Pty
from hyperhive.system.tasks import Tasks
from hyperhive.text import sound_json

log = logging.getLogger(__name__)

#: How long a shell may take to end after SIGHUP.
TERMINATE_SECONDS: Final = 2.0
#: Parts of the grace, one of which a pause of the whole process can use up.
_GRACE_PARTS: Final = 20
#: How long a program may take to see that its terminal has another size.
_REDRAW_SECONDS: Final = 0.15
#: How long the broker and the viewers have to take the ends of terminals when the harness stops.
_STOP_SECONDS: Final = 1.0


class Terminals:
    """Every terminal of this agent. `stop` leaves no process of theirs behind."""

    def __init__(
        self, config: HarnessConfig, client: BrokerClient, link: BrokerLink, session: ManualSession
    ) -> None:
        self._config = config
        self._client = client
        self._link = link
        self._session = session
        self._tasks = Tasks()
        self._terminals: dict[str, Terminal] = {}
        self._is_stopping = False

    def on_order(self, order: TerminalOrder) -> None:
        """Do what the broker asks for, in the background."""
        if self._is_stopping:
            return
        match order:
            case OpenTerminal(id=name):
                terminal = self._terminals[name] = Terminal(order, self._changed)
                self._tasks.start(self._run(terminal), f"terminal {name[:8]}")
            case AttachViewer(terminal=name):
                self._tasks.start(self._show(order), f"viewer of terminal {name[:8]}")
            case KillTerminal(id=name, who=who):
                if name in self._terminals:
                    self._terminals[name].kill(who)

    async def stop(self) -> None:
        """End every shell, say so where that is possible, and wait until all is over."""
        self._is_stopping = True
        running = self._terminals.values()
        await asyncio.gather(*(terminal.terminate("the harness stopped") for terminal in running))
        await self._tasks.finish(_STOP_SECONDS)
        await self._link.flush(_STOP_SECONDS)

    async def _run(self, terminal: "Terminal") -> None:
        try:
            if sum(one.end is None for one in self._terminals.values()) > TERMINAL_LIMIT:
                raise ConflictError(f"{TERMINAL_LIMIT} terminals are open already")
            environment = shell_environment(self._config, self._session)
            end = await terminal.run(shell_command(), Path(self._config.state_dir), environment)
        except HyperhiveError as error:
            log.warning("a terminal was not opened: %s", error)
            del self._terminals[terminal.id]
            self._link.answer(TerminalRefused(id=terminal.id, reason=error.message[:500]))
            return
        finally:
            await terminal.close()
        note = Note(text=closed_note(end, terminal.killed_by))
        self._link.emit(NewEvent(ts=time.time(), turn=None, data=note))
        # By its name: until then the timer would keep the output of one that is forgotten before.
        asyncio.get_running_loop().call_later(ENDED_SECONDS, self._forget, terminal.id)

    async def _show(self, asked: AttachViewer) -> None:
        """Dial for a viewer, and serve it until it goes or all is shown."""
        path = f"/v1/terminals/{asked.viewer}"
        try:
            async with self._client.session.ws_connect(
                path, heartbeat=20, max_msg_size=FRAME_BYTES
            ) as socket:
                terminal = self._terminals.get(asked.terminal)
                if terminal is None:
                    await socket.close(code=CLOSE_ENDED)
                else:
                    await _serve(socket, terminal, asked)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.debug("a viewer of terminal %s is gone: %s", asked.terminal[:8], error)

    def _forget(self, name: str) -> None:
        if self._terminals.pop(name, None):
            self._changed()

    def _changed(self) -> None:
        ended = [name for name, one in self._terminals.items() if one.end is not None]
        for surplus in ended[:-TERMINAL_LIMIT]:
            del self._terminals[surplus]
        views = [one.view() for one in self._terminals.values() if one.is_started]
        self._link.set_terminals(views)
        frame = Changed(terminals=views)
        for terminal in self._terminals.values():
            for viewer in terminal.viewers:
                viewer.show(frame)


class Terminal:
    """A shell, its output and its viewers; `on_change` is called when `view` changes."""

    def __init__(self, asked: OpenTerminal, on_change: Callable[[], None]) -> None:
        self.id = asked.id
        #: In the order in which they came.
        self.viewers: list[Viewer] = []
        self.output = Scrollback(SCROLLBACK_BYTES)
        self._input = TerminalInput()
        #: Who asked for its end.
        self.killed_by = ""
        #: Set once all its output is there.
        self.end: TerminalEnd | None = None
        self._opened_by = asked.who
        self._size = Size(cols=asked.cols, rows=asked.rows)
        self._on_change = on_change
        self._since = time.time()
        self._title = ""
        self._pty: Pty | None = None
        self._is_ending = False
        self._is_redrawing = False
        self._reason = ""
        self._count = 0
        self._driver: Viewer | None = None
        self._seen = 0
        self._alone_since = 0.0
        self._grace = GRACE_SECONDS
        self._deserted: asyncio.TimerHandle | None = None
        self._room = asyncio.Event()
        self._tasks = Tasks()

    @property
    def is_started(self) -> bool:
        """Whether there is a program, or was one."""
        return self._pty is not None

    def view(self) -> TerminalView:
        return TerminalView(
            id=self.id,
            title=self._title,
            cols=self._size.cols,
            rows=self._size.rows,
            since=self._since,
            opened_by=self._opened_by,
            viewers=[
                TerminalViewer(id=one.id, who=one.who, since=one.since, driving=one is self._driver)
                for one in self.viewers
            ],
            end=self.end,
        )

    async def run(self, command: list[str], directory: Path, environment: dict[str, str]) -> TerminalEnd:
        """Run `command` until it ends, and keep its output; an `UnavailableError` if it cannot be run."""
        cols, rows = self._size.cols, self._size.rows
        pty = self._pty = await Pty.open(
            command, directory, environment, cols=cols, rows=rows, input_limit=INPUT_BYTES
        )
        self._input.start(pty)
        self._leave_alone()
        self._on_change()
        if self._is_ending:
            await pty.terminate(TERMINATE_SECONDS)
        while True:
            room = CHUNK_BYTES if self._is_ending else self._allowance() - self.output.end
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            data = await pty.read(min(room, CHUNK_BYTES))
            if not data:
                break
            self.output.append(data)
            for viewer in self.viewers:
                viewer.wake()
        code, number = await pty.wait()
        self.end = TerminalEnd(at=time.time(), exit_code=code, signal=number, reason=self._reason)
        for viewer in self.viewers:
            viewer.end()
        self._on_change()
        return self.end

    def attach(self, who: str, have: int | None, window: str | None = None) -> Viewer:
        """Let a window look on, from the offset `have` on; without one, from the beginning of what is kept.

        The same `window` may have looked on before.

        Raises:
            ConflictError: Too many windows look on.
        """
        if len(self.viewers) >= VIEWER_LIMIT:
            raise ConflictError(f"{VIEWER_LIMIT} windows look at this terminal already")
        self._count += 1
        output = self.output
        beginning = output.beginning() if have is None else None
        begin = min(have or 0, output.end) if beginning is None else beginning.offset
        live = output.end if have is None else max(begin, self._seen)
        window = window or str(self._count)
        typed = self._input.typed(window)
        attached = Attached(viewer=self._count, offset=begin, live=live, typed=typed)
        viewer = Viewer(output, who, attached, beginning, self._redraw)
        self._input.attach(viewer, window)
        if self.end is not None:
            viewer.end()
        self.viewers.append(viewer)
        self._driver = self._driver or viewer
        if self._deserted is not None:
            self._deserted.cancel()
        self._room.set()
        self._on_change()
        return viewer

    def detach(self, viewer: Viewer) -> None:
        self.viewers.remove(viewer)
        if not self.viewers:
            self._leave_alone()
        if self._driver is viewer:
            self._driver = None
            if self.viewers:
                self._drive(self.viewers[-1])
        self._room.set()
        self._on_change()

    def on_viewer_frame(self, viewer: Viewer, frame: BrowserFrame) -> None:
        """Handle a frame of a window; an `InvalidRequestError` when it acks what it was not sent."""
        match frame:
            case Ack(offset=offset):
                viewer.drew(offset)
                self._seen = max(self._seen, offset)
                self._room.set()
            case Paste(length=length, longest=longest):
                self._input.announce(viewer, length, longest)
            case Cancel():
                self._input.cancel(viewer)
            case Resize(cols=cols, rows=rows):
                viewer.size = Size(cols=cols, rows=rows)
                if viewer is self._driver:
                    self._drive(viewer)
            case Title(text=text):
                # All windows read the same title, so one is enough.
                if viewer is self._driver and text != self._title:
                    self._title = text
                    self._on_change()

    def write_input(self, viewer: Viewer, data: bytes) -> None:
        """Write what a window typed; the one that typed last sets the size."""
        self._drive(viewer)
        if self.end is None:
            self._input.write(viewer, data)

    def kill(self, who: str) -> None:
        """End it in the background: whoever asked for it may be gone before it is over."""
        self.killed_by = self.killed_by or who
        self._tasks.start(self.terminate(""), "end of a shell")

    async def terminate(self, reason: str) -> None:
        """End it and everything in its session; `reason` is shown when it did not end before."""
        if self._is_ending:
            return
        self._is_ending = True
        self._reason = reason
        # What is left of its output is taken whether it may be or not: the kernel holds little.
        self._room.set()
        if self._pty is not None:
            await self._pty.terminate(TERMINATE_SECONDS)

    async def close(self) -> None:
        """End it, if it has not ended, and give everything back but the output."""
        if self._deserted is not None:
            self._deserted.cancel()
        await self.terminate("")
        await self._tasks.cancel()
        if self._pty is not None:
            await self._pty.wait()

    def _drive(self, viewer: Viewer) -> None:
        """Let this window set the size from now on."""
        changed = self._driver is not viewer
        self._driver = viewer
        if viewer.size is not None and viewer.size != self._size and self.end is None:
            changed = True
            self._size = viewer.size
            if self._pty is not None:
                self._pty.resize(viewer.size.cols, viewer.size.rows)
        if changed:
            self._on_change()

    def _redraw(self, beginning: Beginning) -> None:
        """What the program drew before `beginning` is not kept: ask it to draw everything anew."""
        if self._pty is None or self.end is not None or self._is_redrawing:
            return
        if beginning.is_blank or not self._pty.is_idle:
            self._tasks.start(self._change_size(self._pty), "redrawing of a terminal")

    async def _change_size(self, pty: Pty) -> None:
        """Another size for a moment: many programs draw nothing when it is the one that they know."""
        self._is_redrawing = True
        try:
            pty.resize(self._size.cols, self._size.rows - 1 or 2)
            await asyncio.sleep(_REDRAW_SECONDS)
        finally:
            self._is_redrawing = False
            pty.resize(self._size.cols, self._size.rows)

    def _allowance(self) -> int:
        return allowance(
            [viewer.acked for viewer in self.viewers],
            seen=self._seen,
            end=self.output.end,
            alone_seconds=asyncio.get_running_loop().time() - self._alone_since,
        )

    def _leave_alone(self) -> None:
        """Nobody looks: soon its output need not wait, and later it ends."""
        loop = asyncio.get_running_loop()
        self._alone_since = loop.time()
        loop.call_later(EXACT_SECONDS, self._room.set)
        if self.end is None:
            self._stay_alone(_GRACE_PARTS)

    def _stay_alone(self, parts: int) -> None:
        """Wait for the rest of the grace in parts: of a sleep of the machine no more than one goes by."""
        if parts:
            part = self._grace / _GRACE_PARTS
            self._deserted = asyncio.get_running_loop().call_later(part, self._stay_alone, parts - 1)
            return
        reason = f"nobody looked at it for {self._grace / 60:.0f} minutes"
        self._tasks.start(self.terminate(reason), "end of a shell")


async def _serve(socket: aiohttp.ClientWebSocketResponse, terminal: Terminal, asked: AttachViewer) -> None:
    """Show the terminal until either side ends, and close the socket."""
    try:
        viewer = terminal.attach(asked.who, asked.have, asked.window)
    except ConflictError:
        await socket.close(code=CLOSE_LEFT)
        return
    running = Tasks()
    try:
        ways = (
            running.start(_write(socket, viewer), f"output of terminal {terminal.id[:8]}"),
            running.start(_read(socket, terminal, viewer), f"input of terminal {terminal.id[:8]}"),
        )
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        # A reader that is cancelled before this would break the connection, with output on its way.
        await socket.close(code=next(way.result() for way in ways if way in done))
    finally:
        terminal.detach(viewer)
        await running.cancel()


async def _read(socket: aiohttp.ClientWebSocketResponse, terminal: Terminal, viewer: Viewer) -> int:
    try:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                terminal.write_input(viewer, message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                terminal.on_viewer_frame(viewer, BROWSER_FRAME.validate_json(sound_json(message.data).text))
            # Whoever closes the socket goes first: aiohttp would close it here, with a code of its own.
            await asyncio.sleep(0)
    except (InvalidRequestError, ValidationError) as error:
        log.warning("a viewer of terminal %s: %s", terminal.id[:8], error)
        return aiohttp.WSCloseCode.POLICY_VIOLATION
    return CLOSE_LEFT


async def _write(socket: aiohttp.ClientWebSocketResponse, viewer: Viewer) -> int:
    while (frame := await viewer.next()) is not None:
        if isinstance(frame, bytes):
            await socket.send_bytes(frame)
        else:
            await socket.send_str(frame.model_dump_json())
    return CLOSE_ENDED
