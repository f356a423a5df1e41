"""Terminals: opens, finds and ends them, says in agents' logs who did, and forgets those that are over."""

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections import deque
from collections.abc import Callable
from typing import Final

from hyperhive.domain.terminal import end_words
from hyperhive.errors import ConflictError, NotFoundError, UnavailableError
from hyperhive.protocol.events import Note
from hyperhive.protocol.link import OpenTerminal
from hyperhive.protocol.terminal import (
    AWAY_SECONDS,
    ENDED_SECONDS,
    OPEN_SECONDS,
    TERMINAL_LIMIT,
    Changed,
    Size,
    TerminalEnd,
    TerminalList,
    TerminalView,
)
from hyperhive.services.agents import Agents
from hyperhive.services.events import Events
from hyperhive.services.terminal_ends import Host, Viewer
from hyperhive.services.terminal_stream import Origin, Terminal

log = logging.getLogger(__name__)

#: Asks an agent's harness; False when none is connected.
Ask = Callable[[str, OpenTerminal], bool]

_HALF: Final = 16
#: Ids of terminals that are over, so that none comes back from the dead.
_REMEMBERED: Final = 1000


class Terminals:
    """The open terminals of every agent. Use it on the event loop only.

    Args:
        agents: Knows who there is.
        events: Where openings and ends are told.
        ask: Reaches the agents' harnesses.
        secret: Marks ids as ours, so that a terminal outlives the broker that opened it.
        clock: Seconds since 1970.
        contained: Whether agents are in containers.
        open_seconds: How long a harness may take to open one.
    """

    def __init__(
        self,
        agents: Agents,
        events: Events,
        ask: Ask,
        secret: Callable[[], str],
        clock: Callable[[], float],
        *,
        contained: bool,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        self._agents = agents
        self._events = events
        self._ask = ask
        self._secret = secret
        self._clock = clock
        self._contained = contained
        self._open_seconds = open_seconds
        self._terminals: dict[str, dict[str, Terminal]] = {}
        self._over: deque[str] = deque(maxlen=_REMEMBERED)

    def overview(self, agent: str) -> TerminalList:
        """The agent's terminals, and those that ended lately.

        Raises:
            NotFoundError: There is no such agent.
        """
        self._agents.config(agent)
        return TerminalList(terminals=self._views(agent), limit=TERMINAL_LIMIT, contained=self._contained)

    async def open(self, agent: str, size: Size, who: str) -> TerminalView:
        """Have the agent's harness start a shell.

        Raises:
            NotFoundError: There is no such agent.
            ConflictError: It has as many as it may, or its harness is not connected.
            UnavailableError: The harness did not open one.
        """
        self._agents.config(agent)
        if self._running(agent) >= TERMINAL_LIMIT:
            raise ConflictError(f"{agent} has {TERMINAL_LIMIT} terminals open; end one first")
        terminal = self._add(agent, self._new_name(agent), size, Origin(who, self._clock()))
        try:
            await self._opened(agent, terminal, size)
        except BaseException:
            self._forget(agent, terminal)
            raise
        log.info("terminal %s of %s opened by %s", terminal.name[:8], agent, who)
        await self._events.note(agent, Note(text=f"A terminal was opened by the operator ({who})."))
        return terminal.view

    async def _opened(self, agent: str, terminal: Terminal, size: Size) -> None:
        if not self._ask(agent, OpenTerminal(id=terminal.name, cols=size.cols, rows=size.rows)):
            raise ConflictError(f"{agent} is not connected, so it has no shell to offer; start it first")
        try:
            async with asyncio.timeout(self._open_seconds):
                await terminal.opened.wait()
        except TimeoutError:
            raise UnavailableError(
                f"the harness of {agent} did not open a terminal within {self._open_seconds:g} seconds"
            ) from None
        if terminal.end is not None:
            raise UnavailableError(f"{agent} could not open a terminal: {end_words(terminal.end)}")

    def kill(self, agent: str, name: str, who: str) -> TerminalView:
        """Ask for a terminal's end.

        Raises:
            NotFoundError: There is no such agent or terminal.
            ConflictError: It has ended, or its harness is not connected.
        """
        terminal = self._find(agent, name)
        if terminal.end is not None:
            raise ConflictError("the terminal has ended already")
        if not terminal.kill(who):
            raise ConflictError(f"{agent} is not connected now; its terminals end when it does not come back")
        log.info("terminal %s of %s is ended by %s", name[:8], agent, who)
        return terminal.view

    def attach(self, agent: str, name: str, who: str, have: int | None) -> tuple[Terminal, Viewer]:
        """Let a window look at a terminal; see `Terminal.attach`.

        Raises:
            NotFoundError: There is no such agent or terminal.
            ConflictError: Too many windows do.
        """
        terminal = self._find(agent, name)
        viewer = terminal.attach(who, have)
        log.info("terminal %s of %s is looked at by %s", name[:8], agent, who)
        return terminal, viewer

    def join(self, agent: str, name: str) -> tuple[Terminal, Host]:
        """The agent's harness dialled for a terminal.

        Raises:
            NotFoundError: The operator did not ask this agent for it, or it is over.
            ConflictError: It has more than an earlier broker can have asked for.
        """
        terminal = self._terminals.get(agent, {}).get(name)
        if terminal is None and self._is_ours(agent, name) and name not in self._over:
            # An earlier broker asked for it: its shell lives on. An agent may have kept the ids of all that
            # it was ever asked for; no more come back than were open, beside those that were opened since.
            if self._running(agent) >= 2 * TERMINAL_LIMIT:
                raise ConflictError(f"{agent} has {self._running(agent)} terminals open")
            origin = Origin("an earlier session", self._clock())
            terminal = self._add(agent, name, Size(cols=80, rows=24), origin)
            log.info("terminal %s of %s came back", name[:8], agent)
        if terminal is None or terminal.end is not None:
            raise NotFoundError(f"there is no terminal {name[:64]!r}")
        return terminal, terminal.join()

    async def left(self, agent: str, terminal: Terminal, host: Host) -> None:
        """The harness's connection is gone; says in the log how the shell ended, if it did."""
        terminal.leave(host)
        if terminal.end is not None and terminal.name not in self._over:
            await self._ended(agent, terminal)

    def remove(self, agent: str) -> None:
        """The agent left the hive: its terminals are over."""
        reason = f"{agent} left the hive"
        for terminal in self._terminals.pop(agent, {}).values():
            self._over.append(terminal.name)
            if terminal.end is None:
                terminal.over(TerminalEnd(at=self._clock(), exit_code=None, signal=None, reason=reason))

    async def sweep(self) -> None:
        """Every second: give up harnesses that stay away, forget what ended long ago."""
        now = self._clock()
        for agent, terminals in list(self._terminals.items()):
            for terminal in list(terminals.values()):
                terminal.tick()
                if terminal.end is not None:
                    if now - terminal.end.at >= ENDED_SECONDS:
                        self._forget(agent, terminal)
                elif terminal.away_since is not None and now - terminal.away_since >= AWAY_SECONDS:
                    reason = "its harness went away"
                    terminal.over(TerminalEnd(at=now, exit_code=None, signal=None, reason=reason))
                    await self._ended(agent, terminal)

    async def _ended(self, agent: str, terminal: Terminal) -> None:
        self._over.append(terminal.name)
        end = terminal.end
        if end is None:
            return
        ended = [one for one in self._terminals[agent].values() if one.end is not None]
        for surplus in ended[:-TERMINAL_LIMIT]:
            self._forget(agent, surplus)
        by = f" by the operator ({terminal.killed_by})" if terminal.killed_by else ""
        log.info("terminal %s of %s ended%s: %s", terminal.name[:8], agent, by, end_words(end))
        await self._events.note(agent, Note(text=f"A terminal was closed{by}: {end_words(end)}."))

    def _add(self, agent: str, name: str, size: Size, origin: Origin) -> Terminal:
        terminal = Terminal(name, size, origin, lambda: self._changed(agent), self._clock)
        self._terminals.setdefault(agent, {})[name] = terminal
        return terminal

    def _forget(self, agent: str, terminal: Terminal) -> None:
        self._over.append(terminal.name)
        self._terminals[agent].pop(terminal.name, None)
        self._changed(agent)

    def _changed(self, agent: str) -> None:
        frame = Changed(terminals=self._views(agent))
        for terminal in self._terminals.get(agent, {}).values():
            terminal.show(frame)

    def _running(self, agent: str) -> int:
        return sum(one.end is None for one in self._terminals.get(agent, {}).values())

    def _views(self, agent: str) -> list[TerminalView]:
        return [one.view for one in self._terminals.get(agent, {}).values() if one.opened.is_set()]

    def _find(self, agent: str, name: str) -> Terminal:
        self._agents.config(agent)
        terminal = self._terminals.get(agent, {}).get(name)
        if terminal is None or not terminal.opened.is_set():
            raise NotFoundError(f"{agent} has no terminal {name[:64]!r}")
        return terminal

    def _new_name(self, agent: str) -> str:
        nonce = secrets.token_hex(_HALF // 2)
        return nonce + self._mark(agent, nonce)

    def _is_ours(self, agent: str, name: str) -> bool:
        return name.isascii() and hmac.compare_digest(self._mark(agent, name[:_HALF]), name[_HALF:])

    def _mark(self, agent: str, nonce: str) -> str:
        text = f"terminal\0{agent}\0{nonce}".encode()
        return hmac.new(self._secret().encode(), text, hashlib.sha256).hexdigest()[:_HALF]
