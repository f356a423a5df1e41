"""Terminals: the shells that the operator opened beside this agent, each on its own socket to the broker."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Final

import aiohttp
from pydantic import ValidationError

from hyperhive.config import HarnessConfig
from hyperhive.domain.backoff import Backoff
from hyperhive.domain.scrollback import Scrollback
from hyperhive.errors import HyperhiveError, InvalidRequestError
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.shell import ByHand, shell_command, shell_environment
from hyperhive.protocol.link import OpenTerminal
from hyperhive.protocol.terminal import (
    CHUNK_BYTES,
    CLOSE_ENDED,
    FRAME_BYTES,
    GRACE_SECONDS,
    HOST_FRAME,
    INPUT_BYTES,
    OUTPUT_HEADER,
    SCROLLBACK_BYTES,
    TERMINAL_LIMIT,
    Allow,
    Attach,
    Dropped,
    Ended,
    KillTerminal,
    Opened,
    Resize,
    ShellFrame,
)
from hyperhive.system.pty import Pty
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Longest wait between two attempts to connect, in seconds.
RECONNECT_CEILING: Final = 2.0
#: How long a shell may take to end after SIGHUP.
TERMINATE_SECONDS: Final = 2.0
#: How long the broker has to take the ends of terminals when the harness stops.
_STOP_SECONDS: Final = 1.0
#: Answers of the broker that a terminal will not outlive: it is not one that the operator asked for.
_UNWANTED: Final = frozenset({400, 403, 404, 409})


class Terminals:
    """Every open terminal of this agent. `stop` leaves no process of theirs behind.

    Args:
        by_hand: What a `claude` in the shell needs.
        grace: Seconds that a shell lives which nobody looks at.
    """

    def __init__(
        self, config: HarnessConfig, client: BrokerClient, by_hand: ByHand, grace: float = GRACE_SECONDS
    ) -> None:
        self._config = config
        self._client = client
        self._by_hand = by_hand
        self._grace = grace
        self._tasks = Tasks()
        self._shells: dict[str, Shell] = {}

    def open(self, asked: OpenTerminal) -> None:
        """Start a shell and connect it, in the background; a failure is told to the broker."""
        if asked.id not in self._shells:
            shell = self._shells[asked.id] = Shell(asked.cols, asked.rows, self._grace)
            self._tasks.start(self._host(asked.id, shell), f"terminal {asked.id[:8]}")

    async def stop(self) -> None:
        """End every shell, say so where that is possible, and wait until all is over."""
        await asyncio.gather(*(shell.terminate("the harness stopped") for shell in self._shells.values()))
        await self._tasks.finish(_STOP_SECONDS)

    async def _host(self, name: str, shell: "Shell") -> None:
        try:
            if len(self._shells) > TERMINAL_LIMIT:
                shell.refuse(f"{TERMINAL_LIMIT} terminals are open already")
            else:
                await self._start(shell)
            await self._connect(name, shell)
        finally:
            await shell.close()
            del self._shells[name]

    async def _start(self, shell: "Shell") -> None:
        directory = Path(self._config.state_dir)
        try:
            await shell.start(shell_command(), directory, shell_environment(self._config, self._by_hand))
        except HyperhiveError as error:
            log.warning("a terminal was not opened: %s", error)
            shell.refuse(error.message)

    async def _connect(self, name: str, shell: "Shell") -> None:
        """Stay connected until the broker has taken the shell's end, or does not want to know of it."""
        backoff = Backoff(0.05, RECONNECT_CEILING)
        while True:
            try:
                async with self._client.session.ws_connect(
                    f"/v1/terminals/{name}", heartbeat=20, max_msg_size=FRAME_BYTES
                ) as socket:
                    await _Conversation(socket, shell).run()
                    if socket.close_code == CLOSE_ENDED:
                        return
                    backoff.reset()
            except aiohttp.WSServerHandshakeError as error:
                if error.status in _UNWANTED:
                    log.info("the broker does not want terminal %s: %s", name[:8], error.message)
                    return
            except (
                aiohttp.ClientError,
                OSError,
                TimeoutError,
                TypeError,
                ValidationError,
                InvalidRequestError,
            ) as error:
                # TypeError is how aiohttp says that a close came where a text was expected.
                log.debug("terminal %s: the broker is away: %s", name[:8], error)
            shell.viewers(0)
            if shell.end is not None and not shell.started:
                return
            await asyncio.sleep(backoff.next())


class Shell:
    """A shell, what it said last, and how far it may go on.

    Args:
        grace: Seconds that it lives while nobody looks.

    Attributes:
        output: What it wrote.
        end: How it ended, once all its output is there.
        changed: Set whenever there is something to send.
        started: Whether there was a program at all.
        dropped: Bytes of input that were dropped and that nobody was told of yet.
    """

    def __init__(self, cols: int, rows: int, grace: float) -> None:
        self.size = (cols, rows)
        self.since = time.time()
        self.output = Scrollback(SCROLLBACK_BYTES)
        self.end: Ended | None = None
        self.changed = asyncio.Event()
        self.started = False
        self.dropped = 0
        self._grace = grace
        self._limit = SCROLLBACK_BYTES
        self._room = asyncio.Event()
        self._pty: Pty | None = None
        self._reason = ""
        self._is_ending = False
        self._deserted: asyncio.TimerHandle | None = None
        self._tasks = Tasks()

    async def start(self, command: list[str], directory: Path, environment: dict[str, str]) -> None:
        """Run `command`.

        Raises:
            UnavailableError: It cannot be run.
        """
        cols, rows = self.size
        self._pty = await Pty.open(
            command, directory, environment, cols=cols, rows=rows, input_limit=INPUT_BYTES
        )
        self.started = True
        self._tasks.start(self._read(self._pty), f"output of shell {self._pty.pid}")
        self.viewers(0)

    def refuse(self, reason: str) -> None:
        """There will be no shell, for this reason."""
        self.end = Ended(exit_code=None, signal=None, reason=reason[:500])

    def allow(self, limit: int) -> None:
        """Its output may be read up to this offset."""
        self._limit = limit
        self._room.set()

    def viewers(self, count: int) -> None:
        """So many windows look on; without any it lives for the time of grace."""
        if count and self._deserted is not None:
            self._deserted.cancel()
            self._deserted = None
        elif not count and self._deserted is None:
            self._deserted = asyncio.get_running_loop().call_later(self._grace, self._desert)

    def resize(self, cols: int, rows: int) -> None:
        """Take another size."""
        self.size = (cols, rows)
        if self._pty is not None:
            self._pty.resize(cols, rows)

    def type(self, data: bytes) -> None:
        """Give it input."""
        if self._pty is not None and self.end is None:
            self.dropped += self._pty.write(data)
            if self.dropped:
                self.changed.set()

    def kill(self, reason: str) -> None:
        """As `terminate`, in the background: whoever asked for it may be gone before it is over."""
        self._tasks.start(self.terminate(reason), "end of a shell")

    async def terminate(self, reason: str) -> None:
        """End it and everything in its session; `reason` is told when it did not end before."""
        if self._pty is None or self._is_ending:
            return
        self._is_ending = True
        self._reason = reason
        # What is left of its output is taken whether it may be or not: the kernel holds little.
        self._room.set()
        await self._pty.terminate(TERMINATE_SECONDS)

    async def close(self) -> None:
        """End it, if it has not ended, and give everything back."""
        if self._deserted is not None:
            self._deserted.cancel()
        await self.terminate("")
        await self._tasks.cancel()
        if self._pty is not None:
            await self._pty.wait()

    async def _read(self, pty: Pty) -> None:
        while True:
            room = CHUNK_BYTES if self._is_ending else self._limit - self.output.end
            if room <= 0:
                self._room.clear()
                await self._room.wait()
                continue
            data = await pty.read(min(room, CHUNK_BYTES))
            if not data:
                break
            self.output.append(data)
            self.changed.set()
        code, number = await pty.wait()
        self.end = Ended(exit_code=code, signal=number, reason=self._reason)
        self.changed.set()

    def _desert(self) -> None:
        self.kill(f"nobody looked at it for {self._grace / 60:.0f} minutes")


class _Conversation:
    """One connection of a shell to the broker."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, shell: Shell) -> None:
        self._socket = socket
        self._shell = shell

    async def run(self) -> None:
        """Go on until the connection ends."""
        attach = HOST_FRAME.validate_json(await self._socket.receive_str(timeout=10))
        if not isinstance(attach, Attach):
            raise InvalidRequestError(f"the broker began with {attach.type}")
        shell = self._shell
        if not shell.started and shell.end is not None:
            await self._send(shell.end)
            await self._socket.receive(timeout=10)
            return
        sent = min(max(attach.have or 0, shell.output.start), shell.output.end)
        cols, rows = shell.size
        await self._send(Opened(offset=sent, cols=cols, rows=rows, since=shell.since))
        shell.allow(attach.limit)
        shell.viewers(attach.viewers)
        background = Tasks()
        sender = background.start(self._push(sent), "terminal-output")
        receiver = background.start(self._take(), "terminal-input")
        try:
            await asyncio.wait({receiver, sender}, return_when=asyncio.FIRST_COMPLETED)
            if sender.done():
                # It has sent the end, after which the broker closes, or the connection broke.
                sender.result()
            else:
                sender.cancel()
            await receiver
        finally:
            await background.cancel()

    async def _push(self, sent: int) -> None:
        """Send output from the offset `sent` on, and the end."""
        shell = self._shell
        while True:
            shell.changed.clear()
            while sent < shell.output.end:
                # What the broker was not ready for in time may be gone when the shell was ended.
                sent = max(sent, shell.output.start)
                chunk = shell.output.read(sent, CHUNK_BYTES)
                await self._socket.send_bytes(OUTPUT_HEADER.pack(sent) + chunk)
                sent += len(chunk)
            if shell.dropped:
                count, shell.dropped = shell.dropped, 0
                await self._send(Dropped(count=count))
            if shell.end is not None and sent == shell.output.end:
                await self._send(shell.end)
                return
            await shell.changed.wait()

    async def _take(self) -> None:
        async for message in self._socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                self._shell.type(message.data)
            elif message.type is aiohttp.WSMsgType.TEXT:
                self._obey(message.data)

    def _obey(self, text: str) -> None:
        match HOST_FRAME.validate_json(text):
            case Allow(limit=limit, viewers=viewers):
                self._shell.allow(limit)
                self._shell.viewers(viewers)
            case Resize(cols=cols, rows=rows):
                self._shell.resize(cols, rows)
            case KillTerminal():
                self._shell.kill("")
            case Attach():
                log.warning("the broker attached a terminal twice")

    async def _send(self, frame: ShellFrame) -> None:
        await self._socket.send_str(frame.model_dump_json())
