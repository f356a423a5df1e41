"""Terminals as the broker knows them: what agents' harnesses tell of theirs, and the windows that look on."""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from hyperhive.domain.terminal import closed_note, one_line
from hyperhive.errors import ConflictError, NotFoundError, UnavailableError
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.protocol.link import AttachViewer, BrokerFrame, KillTerminal, OpenTerminal, TerminalRefused
from hyperhive.protocol.terminal import (
    AWAY_SECONDS,
    ENDED_SECONDS,
    OPEN_SECONDS,
    TERMINAL_LIMIT,
    VIEWER_LIMIT,
    Size,
    TerminalEnd,
    TerminalList,
    TerminalView,
)
from hyperhive.services.agents import Agents
from hyperhive.services.events import Events

log = logging.getLogger(__name__)

#: Reaches an agent's harness; False when none is connected.
Push = Callable[[str, BrokerFrame], bool]


@dataclass(frozen=True)
class HarnessSocket:
    """What a harness dialled for one window.

    Attributes:
        transport: Paused while the window takes nothing. Frames that were read wait in memory, and aiohttp
            3.13 counts their content alone: of empty ones there is no end.
    """

    frames: web.WebSocketResponse
    transport: asyncio.Transport


class RelayedViewer:
    """A window that looks at `terminal`.

    Attributes:
        harness: Its socket to the harness, once that has dialled.
        over: Set when the window is gone, or the agent.
    """

    def __init__(self, terminal: str) -> None:
        self.terminal = terminal
        self.harness: asyncio.Future[HarnessSocket] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()


@dataclass
class _Known:
    """What is known of one agent's terminals.

    Attributes:
        unwanted: Those that came too late for whoever asked for them, and who that was.
        away_since: Null while the harness is there.
    """

    terminals: dict[str, TerminalView] = field(default_factory=dict)
    opening: dict[str, "asyncio.Future[TerminalView]"] = field(default_factory=dict)
    unwanted: dict[str, str] = field(default_factory=dict)
    viewers: dict[str, RelayedViewer] = field(default_factory=dict)
    away_since: float | None = None


class TerminalRelay:
    """The terminals of every agent. Use it on the event loop only.

    Args:
        agents: Knows who there is.
        events: Where openings are told.
        push: Reaches the agents' harnesses.
        clock: Seconds since 1970.
        contained: Whether agents are in containers.
        open_seconds: How long a harness may take to open one, or to dial for a window.
    """

    def __init__(
        self,
        agents: Agents,
        events: Events,
        push: Push,
        clock: Callable[[], float],
        *,
        contained: bool,
        open_seconds: float = OPEN_SECONDS,
    ) -> None:
        self._agents = agents
        self._events = events
        self._push = push
        self._clock = clock
        self._contained = contained
        self._open_seconds = open_seconds
        self._known: defaultdict[str, _Known] = defaultdict(_Known)

    def overview(self, agent: str) -> TerminalList:
        """The agent's terminals, and those that ended lately.

        Raises:
            NotFoundError: There is no such agent.
        """
        linked = self._agents.view(agent).linked
        terminals = [
            one.model_copy(update={"connected": linked}) for one in self._known[agent].terminals.values()
        ]
        return TerminalList(terminals=terminals, limit=TERMINAL_LIMIT, contained=self._contained)

    async def open(self, agent: str, size: Size, who: str) -> TerminalView:
        """Have the agent's harness start a shell.

        Raises:
            NotFoundError: There is no such agent.
            ConflictError: It has as many as it may, or its harness is not connected.
            UnavailableError: The harness did not open one.
        """
        self._agents.config(agent)
        known = self._known[agent]
        if len(known.opening) + sum(one.end is None for one in known.terminals.values()) >= TERMINAL_LIMIT:
            raise ConflictError(f"{agent} has {TERMINAL_LIMIT} terminals open; end one first")
        name = secrets.token_hex(16)
        if not self._push(agent, OpenTerminal(id=name, cols=size.cols, rows=size.rows, who=who)):
            raise ConflictError(f"{agent} is not connected, so it has no shell to offer; start it first")
        known.opening[name] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._open_seconds):
                terminal = await known.opening[name]
        except TimeoutError:
            self._push(agent, KillTerminal(id=name, who=who))
            # It may come all the same, with a harness that was away.
            known.unwanted[name] = who
            raise UnavailableError(
                f"the harness of {agent} did not open a terminal within {self._open_seconds:g} seconds"
            ) from None
        finally:
            del known.opening[name]
        log.info("terminal %s of %s opened by %s", name[:8], agent, who)
        await self._events.note(agent, Note(text=f"A terminal was opened by the operator ({who})."))
        return terminal

    def kill(self, agent: str, name: str, who: str) -> TerminalView:
        """Ask for a terminal's end.

        Raises:
            NotFoundError: There is no such agent or terminal.
            ConflictError: It has ended, or its harness is not connected.
        """
        terminal = self._find(agent, name)
        if terminal.end is not None:
            raise ConflictError("the terminal has ended already")
        if not self._push(agent, KillTerminal(id=name, who=who)):
            raise ConflictError(f"{agent} is not connected now; its terminals end when it does not come back")
        log.info("terminal %s of %s is ended by %s", name[:8], agent, who)
        return terminal

    @asynccontextmanager
    async def attach(
        self, agent: str, name: str, who: str, have: int | None, window: str | None = None
    ) -> AsyncIterator[HarnessSocket | None]:
        """The harness's socket for a window; null when the terminal ended with its harness.

        Args:
            agent: Whose terminal it is.
            name: The terminal.
            who: The operator's address.
            have: The window has the output before this offset; null is nothing.
            window: Its name over all its connections.

        Raises:
            NotFoundError: There is no such agent or terminal.
            ConflictError: Too many windows look at it, or the harness is not connected.
            UnavailableError: The harness did not dial.
        """
        terminal = self._find(agent, name)
        viewers = self._known[agent].viewers
        if sum(one.terminal == name for one in viewers.values()) >= VIEWER_LIMIT:
            raise ConflictError(f"{VIEWER_LIMIT} windows look at this terminal already; close one")
        key = secrets.token_hex(16)
        if not self._push(agent, AttachViewer(terminal=name, viewer=key, who=who, have=have, window=window)):
            if terminal.end is None:
                raise ConflictError(f"{agent} is not connected now")
            yield None
            return
        viewer = viewers[key] = RelayedViewer(name)
        try:
            yield await self._dialled(agent, viewer)
        finally:
            del viewers[key]
            viewer.over.set()

    def viewer(self, agent: str, key: str) -> RelayedViewer:
        """The window that the agent's harness was asked to dial for.

        Raises:
            NotFoundError: There is none, or it has one already.
        """
        viewer = self._known[agent].viewers.get(key)
        if viewer is None or viewer.harness.done():
            raise NotFoundError(f"no window of {agent} waits for {key[:64]!r}")
        return viewer

    async def report(self, agent: str, terminals: list[TerminalView]) -> None:
        """The harness says which it has; one that it knows no more went with an earlier harness."""
        if self._agents.status(agent) is None:
            return
        known, now = self._known[agent], self._clock()
        known.away_since = None
        end = TerminalEnd(at=now, exit_code=None, signal=None, reason="its harness went away")
        told = {one.id: one for one in terminals}
        missing = [one for one in known.terminals.values() if one.id not in told]
        lost = [one.model_copy(update={"end": end, "viewers": []}) for one in missing if one.end is None]
        over = [one for one in missing if one.end is not None] + lost
        room = max(0, TERMINAL_LIMIT - sum(one.end is not None for one in terminals))
        known.terminals = {one.id: one for one in over[max(0, len(over) - room) :]} | told
        for name in told.keys() & known.opening.keys():
            if not known.opening[name].done():
                known.opening[name].set_result(told[name])
        for name in told.keys() & known.unwanted.keys():
            self._push(agent, KillTerminal(id=name, who=known.unwanted.pop(name)))
        for one in lost:
            log.info("terminal %s of %s ended: %s", one.id[:8], agent, end.reason)
            # A harness can make up any number that are lost, so this counts among its own events.
            await self._events.append(agent, [NewEvent(ts=now, turn=None, data=Note(text=closed_note(end)))])

    def refused(self, agent: str, frame: TerminalRefused) -> None:
        """The harness has no shell to offer."""
        known = self._known[agent]
        known.unwanted.pop(frame.id, None)
        opening = known.opening.get(frame.id)
        if opening is not None and not opening.done():
            reason = one_line(frame.reason)
            opening.set_exception(UnavailableError(f"{agent} could not open a terminal: {reason}"))

    def disconnected(self, agent: str) -> None:
        """The harness's link is gone."""
        self._known[agent].away_since = self._clock()

    def remove(self, agent: str) -> None:
        """The agent left the hive: nobody waits for its harness, and its windows close."""
        known = self._known.pop(agent, _Known())
        waiting: list[asyncio.Future[Any]] = list(known.opening.values())
        for viewer in known.viewers.values():
            waiting.append(viewer.harness)
            viewer.over.set()
        for one in waiting:
            if not one.done():
                one.set_exception(NotFoundError(f"{agent} left the hive"))

    def resume(self, lost: float) -> None:
        """Seconds in which no harness could come back are not held against it."""
        for known in self._known.values():
            if known.away_since is not None:
                known.away_since += lost

    async def sweep(self) -> None:
        """Every second: give up harnesses that stay away, forget what ended long ago."""
        now = self._clock()
        for agent, known in list(self._known.items()):
            if known.away_since is not None and now - known.away_since >= AWAY_SECONDS:
                await self.report(agent, [])
            for one in list(known.terminals.values()):
                if one.end is not None and now - one.end.at >= ENDED_SECONDS:
                    del known.terminals[one.id]

    async def _dialled(self, agent: str, viewer: RelayedViewer) -> HarnessSocket:
        try:
            async with asyncio.timeout(self._open_seconds):
                return await viewer.harness
        except TimeoutError:
            raise UnavailableError(
                f"the harness of {agent} did not connect within {self._open_seconds:g} seconds"
            ) from None

    def _find(self, agent: str, name: str) -> TerminalView:
        self._agents.config(agent)
        terminal = self._known[agent].terminals.get(name)
        if terminal is None:
            raise NotFoundError(f"{agent} has no terminal {name[:64]!r}")
        return terminal
