"""Agents as the operator sees them: connection, unit, reported status, inbox depth, today's counters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hyperhive.config import AgentConfig
from hyperhive.domain.agents import NAME_LIMIT, believable, brief, policy, servers
from hyperhive.domain.budgets import TokenBucket
from hyperhive.domain.lifecycle import actions, shown
from hyperhive.domain.models import used
from hyperhive.domain.recipients import Roster
from hyperhive.domain.timing import day_start
from hyperhive.errors import ConflictError, NotFoundError
from hyperhive.protocol.agents import (
    AgentBrief,
    AgentState,
    AgentStatus,
    AgentView,
    McpServer,
    ModelChoice,
    Waiting,
)
from hyperhive.protocol.bus import AgentChanged, EventStored, LinkChanged, QuestionChanged, QueueChanged
from hyperhive.protocol.events import AgentEvent, TurnEnd
from hyperhive.protocol.lifecycle import UnitState, UnitStatus
from hyperhive.protocol.messages import OPERATOR
from hyperhive.protocol.questions import Question, QuestionState
from hyperhive.services.budgets import Budgets
from hyperhive.services.bus import Bus
from hyperhive.store import events as store
from hyperhive.store import questions
from hyperhive.store.database import Database
from hyperhive.store.events import TurnCounts

#: Frames about one agent in a second; further ones wait for the next sweep, which sends the latest.
FRAMES_PER_SECOND: Final = 50
#: Longest line of detail that is kept of a report, in characters.
_DETAIL_LIMIT: Final = 500


@dataclass
class _Agent:
    config: AgentConfig
    unit: UnitStatus
    #: When the connection went or the unit changed its state, whichever is later.
    waits_since: float
    #: What its harness last said.
    reported: AgentStatus
    #: What the operator sees.
    shown: AgentStatus
    #: When the shown state began.
    since: float
    #: How often the page may be told of it.
    told: TokenBucket
    linked: bool = False
    #: It was connected since its unit last came up.
    lost: bool = False
    servers: list[McpServer] | None = None

    @property
    def settled(self) -> bool:
        return self.linked and self.unit.state is UnitState.RUNNING

    def status(self, now: float) -> AgentStatus:
        waited = max(0.0, now - self.waits_since)
        return shown(self.reported, self.unit, linked=self.linked, lost=self.lost, waited=waited)


class Agents:
    """Who is in the hive, and how they are. All but `start` is immediate: no I/O, event loop only."""

    def __init__(self, bus: Bus, budgets: Budgets, clock: Callable[[], float], *, contained: bool) -> None:
        self._bus = bus
        self._budgets = budgets
        self._clock = clock
        self._contained = contained
        self.roster = Roster({})
        self._agents: dict[str, _Agent] = {}
        self._held_back: set[str] = set()
        # What the store knows too, by name: it outlives the agents.
        self._depths: dict[str, int] = {}
        self._asked: dict[str, dict[int, Waiting]] = {}
        self._chosen: dict[str, str | None] = {}
        self._day = day_start(clock())
        self._today: dict[str, TurnCounts] = {}
        self._last_turn: dict[str, float] = {}
        bus.subscribe(QueueChanged, self._queue_changed)
        bus.subscribe(QuestionChanged, lambda changed: self._question_changed(changed.question))
        bus.subscribe(EventStored, lambda stored: self._count(stored.event))

    async def start(self, db: Database) -> None:
        """Load today's counters from the stored events, and who waits for an answer."""
        self._day = day_start(self._clock())
        self._today = await db.read(store.turn_counts, self._day)
        self._last_turn = await db.read(store.last_turn_ends)
        for question in await db.read(questions.open_all):
            self._question_changed(question)

    def check_free(self, name: str) -> None:
        """A `ConflictError` when there is an agent of that name."""
        if name in self._agents:
            raise ConflictError(f"there is an agent {name!r} already")

    def add(self, agent: AgentConfig, chosen: str | None) -> None:
        """With the model that the operator chose; errors as in `check_free`."""
        self.check_free(agent.name)
        now = self._clock()
        unit = UnitStatus(unit=agent.name, state=UnitState.UNKNOWN, reason="")
        bare = AgentStatus.bare(AgentState.STARTING, agent.model)
        told = TokenBucket(FRAMES_PER_SECOND, FRAMES_PER_SECOND, now)
        new = _Agent(agent, unit, now, reported=bare, shown=bare, since=now, told=told)
        new.shown = new.status(now)
        self._agents[agent.name] = new
        self._chosen[agent.name] = chosen
        self._set_roster()
        self.touch(agent.name)

    def remove(self, name: str) -> None:
        """Errors as in `config`."""
        del self._agents[self.config(name).name]
        self._set_roster()
        self._bus.publish(AgentChanged(name))

    def config(self, name: str) -> AgentConfig:
        """What the operator configured; a `NotFoundError` when there is no such agent."""
        return self._known(name).config

    def status(self, name: str) -> AgentStatus | None:
        """As shown; None when there is no such agent."""
        agent = self._agents.get(name)
        return None if agent is None else agent.shown

    def view(self, name: str) -> AgentView:
        agent = self._known(name)
        self._turn_day()
        counts = self._today.get(name, TurnCounts())
        return AgentView(
            name=name,
            role=agent.config.role,
            models=agent.config.models,
            model=ModelChoice(configured=agent.config.model, chosen=self._chosen.get(name)),
            policy=policy(agent.config, contained=self._contained),
            mcp_servers=servers(agent.config, agent.servers),
            status=agent.shown,
            waiting=self._waiting(name),
            linked=agent.linked,
            unit=agent.unit,
            actions=actions(agent.unit),
            since=agent.since,
            inbox_depth=self._depths.get(name, 0),
            last_turn_at=self._last_turn.get(name),
            turns_today=counts.turns,
            cost_today_usd=counts.cost_usd,
            limited_today=self._budgets.met_today(name),
        )

    def views(self) -> list[AgentView]:
        return [self.view(name) for name in self.names()]

    def names(self) -> list[str]:
        return sorted(self._agents)

    def brief(self, name: str, manager: str) -> AgentBrief:
        """As the manager called `manager` sees it; errors as in `config`."""
        return brief(self.view(name), manager)

    def briefs(self, manager: str) -> list[AgentBrief]:
        return [self.brief(name, manager) for name in self.names()]

    def connected(self, name: str) -> None:
        agent = self._known(name)
        agent.linked, agent.lost, agent.servers = True, False, None
        bare = {"state": AgentState.STARTING, "detail": "", "turn": None, "until": None, "tool": None}
        agent.reported = agent.reported.model_copy(update=bare)
        self._link_changed(name)

    def disconnected(self, name: str) -> None:
        """Model, session and context stay as the harness last reported them."""
        agent = self._known(name)
        agent.linked, agent.waits_since, agent.servers = False, self._clock(), None
        # While its unit is being stopped or started that is as it should be.
        agent.lost = agent.unit.state in {UnitState.RUNNING, UnitState.UNKNOWN}
        self._link_changed(name)

    def report(self, name: str, status: AgentStatus) -> None:
        """What the harness says of itself; texts of any length are cut."""
        cut = {
            "detail": status.detail[:_DETAIL_LIMIT],
            "model": status.model[:NAME_LIMIT],
            "turn": status.turn and status.turn[:NAME_LIMIT],
            "session": status.session and status.session[:NAME_LIMIT],
            "tool": status.tool and believable(status.tool, self._clock()),
        }
        self._known(name).reported = status.model_copy(update=cut)
        self._refresh(name)

    def model_chosen(self, name: str, model: str | None) -> None:
        """The operator chose; None goes by the configuration."""
        self._chosen[self.config(name).name] = model
        self.touch(name)

    def next_model(self, name: str) -> str:
        return used(self.config(name), self._chosen.get(name))

    def report_servers(self, name: str, reported: list[McpServer]) -> None:
        agent = self._known(name)
        before, agent.servers = servers(agent.config, agent.servers), reported
        if servers(agent.config, reported) != before:
            self.touch(name)

    def unit(self, name: str) -> UnitStatus:
        return self._known(name).unit

    def unit_changed(self, name: str, unit: UnitStatus) -> None:
        agent = self._known(name)
        if unit == agent.unit:
            return
        if unit.state is not agent.unit.state:
            agent.waits_since = self._clock()
            agent.lost = agent.lost and unit.state in {UnitState.RUNNING, UnitState.UNKNOWN}
        agent.unit = unit
        if not self._refresh(name):
            self.touch(name)

    def waiting(self) -> list[float]:
        """Of every agent but those that are connected and known to run: seconds since that changed last."""
        now = self._clock()
        return [max(0.0, now - one.waits_since) for one in self._agents.values() if not one.settled]

    def touch(self, name: str) -> None:
        """Tell the operator's page how the agent is now; in a flood, at the next sweep."""
        if self._known(name).told.take(1, self._clock()):
            self._held_back.add(name)
        else:
            self._bus.publish(AgentChanged(name))

    def sweep(self) -> None:
        """Notice harnesses that did not connect in time, and tell what was held back in a flood."""
        for name, agent in self._agents.items():
            if not agent.linked:
                self._refresh(name)
        held_back, self._held_back = self._held_back, set()
        self._bus.publish(*(AgentChanged(name) for name in sorted(held_back & self._agents.keys())))

    def _known(self, name: str) -> _Agent:
        agent = self._agents.get(name)
        if agent is None:
            raise NotFoundError(f"there is no agent {name!r}")
        return agent

    def _set_roster(self) -> None:
        self.roster = Roster({name: agent.config for name, agent in self._agents.items()})

    def _waiting(self, name: str) -> Waiting | None:
        """Whose answer an idle agent waits for: the operator's first, then the longest."""
        agent, asked = self._agents[name], self._asked.get(name)
        if agent.shown.state is not AgentState.IDLE or not asked:
            return None
        first = min(asked.values(), key=lambda one: (one.on != OPERATOR, one.question))
        return first.model_copy(update={"since": max(first.since, agent.since)})

    def _link_changed(self, name: str) -> None:
        if not self._refresh(name):
            self.touch(name)
        self._bus.publish(LinkChanged(name))

    def _refresh(self, name: str) -> bool:
        """Show how the agent is now; False when that was shown already."""
        agent, now = self._agents[name], self._clock()
        status, before = agent.status(now), agent.shown
        if status == before:
            return False
        if status.state is not before.state:
            agent.since = now
        agent.shown = status
        self.touch(name)
        return True

    def _queue_changed(self, queue: QueueChanged) -> None:
        before = self._depths.get(queue.recipient, 0)
        self._depths[queue.recipient] = queue.depth
        if queue.depth != before and queue.recipient in self._agents:
            self.touch(queue.recipient)

    def _question_changed(self, question: Question) -> None:
        """Its asker waits, or does not wait any more."""
        name, asked = question.asker, self._asked.setdefault(question.asker, {})
        before = self._waiting(name) if name in self._agents else None
        if question.state is QuestionState.OPEN:
            asked[question.id] = Waiting(on=question.target, question=question.id, since=question.asked_at)
        else:
            asked.pop(question.id, None)
        if name in self._agents and self._waiting(name) != before:
            self.touch(name)

    def _count(self, event: AgentEvent) -> None:
        if not isinstance(event.data, TurnEnd):
            return
        self._turn_day()
        self._last_turn[event.agent] = max(event.ts, self._last_turn.get(event.agent, 0.0))
        if event.ts >= self._day:
            counts = self._today.get(event.agent, TurnCounts())
            cost = counts.cost_usd + (event.data.cost_usd or 0.0)
            self._today[event.agent] = TurnCounts(counts.turns + 1, cost)
        if event.agent in self._agents:
            self.touch(event.agent)

    def _turn_day(self) -> None:
        today = day_start(self._clock())
        if today != self._day:
            self._day = today
            self._today = {}
