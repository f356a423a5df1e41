"""Lifecycle of agents: starts, stops and restarts what runs them, and knows how it is."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from hyperhive.domain import lifecycle as rules
from hyperhive.domain.timing import SlidingWindow
from hyperhive.errors import HyperhiveError, UnavailableError, UnitFailedError
from hyperhive.protocol.agents import AgentView
from hyperhive.protocol.bus import LinkChanged, Notice
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.protocol.messages import OPERATOR
from hyperhive.services.agents import Agents
from hyperhive.services.bus import Bus
from hyperhive.services.events import Events

log = logging.getLogger(__name__)

#: Looks come at most this often, however often harnesses come and go; in seconds.
_LEAST_PAUSE: Final = 1.0


class Runtime(Protocol):
    """Systemd units of containers, or child processes of `hyperhive up`."""

    def unknown(self, name: str, reason: str) -> UnitStatus: ...

    async def act(self, verb: Verb, name: str) -> None:
        """Returns when it is done; an `UnitFailedError` or `UnavailableError` says why it cannot be."""
        ...

    async def status(self, names: Iterable[str]) -> dict[str, UnitStatus]:
        """By the agents' names; errors as in `act`."""
        ...

    async def control_group(self, name: str) -> str | None:
        """Of the agent's unit; None when it has none of its own. Errors as in `act`."""
        ...


class Lifecycle:
    def __init__(
        self, runtime: Runtime, agents: Agents, events: Events, bus: Bus, clock: Callable[[], float]
    ) -> None:
        self._runtime = runtime
        self._agents = agents
        self._events = events
        self._bus = bus
        self._clock = clock
        self._busy: Counter[str] = Counter()
        #: Grows with every action on an agent, so that an older look is not taken for newer.
        self._actions: Counter[str] = Counter()
        self._stopped_by: dict[str, str] = {}
        self._calls: dict[str, SlidingWindow] = {}
        self._due = asyncio.Event()
        self._trouble = ""
        bus.subscribe(LinkChanged, lambda _: self._due.set())

    def add(self, name: str) -> None:
        self._agents.unit_changed(name, self._runtime.unknown(name, ""))
        self._due.set()

    def acts(self, name: str) -> bool:
        """Whether the agent is being started, stopped or restarted from here."""
        return self._busy[name] > 0

    def remove(self, name: str) -> None:
        """What is being done to the agent ends by itself."""
        self._stopped_by.pop(name, None)

    async def act(self, verb: Verb, name: str, by: str = OPERATOR) -> AgentView:
        """Do it, and wait until it is done. The agent's mail stays in its queue.

        `by` is `operator`, or the manager's name. A `NotFoundError` when there is no such agent, a
        `ConflictError` when it makes no sense now, an `UnitFailedError` with unit and reason when it went
        wrong, an `UnavailableError` when nothing here runs agents.
        """
        self._agents.config(name)
        if not self._busy[name]:
            await self._look()
        unit = self._agents.unit(name)
        rules.check_action(verb, name, unit)
        self._busy[name] += 1
        self._actions[name] += 1
        self._agents.unit_changed(name, rules.during(verb, unit, by))
        problem: HyperhiveError | None = None
        try:
            await self._runtime.act(verb, name)
        except HyperhiveError as error:
            problem = error
        finally:
            self._busy[name] -= 1
            self._actions[name] += 1
        if problem is None and verb is Verb.STOP:
            self._stopped_by[name] = by
        await self._look()
        await self._tell(verb, name, by, problem)
        if problem is not None:
            raise problem
        return self._agents.view(name)

    async def manage(self, verb: Verb, name: str, manager: str) -> AgentView:
        """`act` for a manager, who may do less (`ForbiddenError`), less often (`TooManyRequestsError`)."""
        try:
            rules.check_manager(verb, name, manager)
            self._agents.config(name)
            calls = self._calls.setdefault(manager, SlidingWindow(rules.MANAGER_CALLS))
            rules.count_call(calls, self._clock())
            return await self.act(verb, name, manager)
        except (UnitFailedError, UnavailableError):
            # `act` wrote it into the agent's log.
            raise
        except HyperhiveError as error:
            # A call that reached no agent goes to the manager's own log, which has the limits of every log.
            text = f"{manager} asked to {verb} {name[:64]}: {error.message}"
            note = NewEvent(ts=self._clock(), turn=None, data=Note(level="warning", text=text))
            await self._events.append(manager, [note])
            raise

    async def watch(self) -> None:
        """Runs as long as the broker."""
        while True:
            self._due.clear()
            await self._look()
            pause = rules.next_look(self._agents.waiting())
            try:
                async with asyncio.timeout(pause):
                    await self._due.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_LEAST_PAUSE)

    async def _look(self) -> None:
        """Those that something is being done to are left out."""
        before = self._actions.copy()
        names = self._agents.names()
        try:
            found = await self._runtime.status(names)
        except (UnitFailedError, UnavailableError) as error:
            if self._trouble != error.message:
                log.warning("cannot see how the agents are: %s", error)
            self._trouble = error.message
            found = {name: self._runtime.unknown(name, error.message) for name in names}
        else:
            self._trouble = ""
        # Agents may have come and gone meanwhile.
        for name in self._agents.names():
            if name in found and not self._busy[name] and self._actions[name] == before[name]:
                self._agents.unit_changed(name, self._explained(name, found[name]))

    def _explained(self, name: str, unit: UnitStatus) -> UnitStatus:
        """With who stopped it, as far as this broker knows."""
        if unit.state is UnitState.STOPPED:
            by = self._stopped_by.get(name)
            return unit if by is None else unit.model_copy(update={"reason": rules.stopped_by(by)})
        if unit.state is not UnitState.UNKNOWN:
            self._stopped_by.pop(name, None)
        return unit

    async def _tell(self, verb: Verb, name: str, by: str, problem: HyperhiveError | None) -> None:
        level, text = rules.record(verb, name, by, None if problem is None else problem.message)
        log.log(logging.INFO if problem is None else logging.WARNING, "%s", text)
        if by != OPERATOR:
            self._bus.publish(Notice(level, text))
        await self._events.note(name, Note(level=level, text=text))
