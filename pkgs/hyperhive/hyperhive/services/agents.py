"""Agents as the operator sees them: connection, unit, reported status, inbox depth, today's counters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hyperhive.config import AgentConfig, BrokerConfig
from hyperhive.domain.agents import NAME_LIMIT, believable, brief, policy, servers
from hyperhive.domain.days import day_start
from hyperhive.domain.lifecycle import actions, shown
from hyperhive.domain.models import used
from hyperhive.errors import NotFoundError
from hyperhive.protocol.agents import (
    AgentBrief,
    AgentState,
    AgentStatus,
    AgentView,
    McpServer,
    ModelChoice,
    Waiting,
)
from hyperhive.protocol.events import AgentEvent, EventKind
from hyperhive.protocol.lifecycle import UnitState, UnitStatus
from hyperhive.protocol.questions import Question
from hyperhive.services.bus import Bus
from hyperhive.services.events import Events
from hyperhive.services.messages import Messages
from hyperhive.services.waits import Waits
from hyperhive.store import events as store
from hyperhive.store import questions
from hyperhive.store.database import Database
from hyperhive.store.events import TurnCounts

#: Frames about one agent in a second; further ones wait for the next sweep, which sends the latest.
FRAMES_PER_SECOND: Final = 50
#: Longest line of detail that is kept of a report, in characters.
_DETAIL_LIMIT: Final = 500


@dataclass
class _Presence:
    """Whether an agent is there.

    Attributes:
        linked: Its harness is connected.
        lost: It was connected since its unit last came up.
        waits_since: When the connection went or the unit changed its state, whichever is later.
    """

    unit: UnitStatus
    waits_since: float
    linked: bool = False
    lost: bool = False

    @property
    def settled(self) -> bool:
        return self.linked and self.unit.state is UnitState.RUNNING

    def shown(self, reported: AgentStatus, now: float) -> AgentStatus:
        waited = max(0.0, now - self.waits_since)
        return shown(reported, self.unit, linked=self.linked, lost=self.lost, waited=waited)


class Agents:
    """The agents of the hive. All but `start` is immediate: no I/O, event loop only."""

    def __init__(
        self,
        db: Database,
        bus: Bus,
        config: BrokerConfig,
        messages: Messages,
        events: Events,
        clock: Callable[[], float],
    ) -> None:
        now = clock()
        self._db = db
        self._bus = bus
        self._messages = messages
        self._clock = clock
        self._reported = {
            name: AgentStatus.bare(AgentState.STARTING, agent.model) for name, agent in config.agents.items()
        }
        self._presence = {
            name: _Presence(UnitStatus(unit=name, state=UnitState.UNKNOWN, reason=""), now)
            for name in config.agents
        }
        self._shown = {name: self._presence[name].shown(self._reported[name], now) for name in config.agents}
        self._on_link: list[Callable[[str], object]] = []
        self._since = dict.fromkeys(config.agents, now)
        self._contained = config.runtime == "nixos"
        self._waits = Waits()
        self._chosen: dict[str, str | None] = {}
        self._servers: dict[str, list[McpServer]] = {}
        self._day = day_start(now)
        self._today: dict[str, TurnCounts] = {}
        self._last_turn: dict[str, float] = {}
        self._frames: dict[str, tuple[float, int]] = {}
        self._held_back: set[str] = set()
        messages.on_depth(self._depth_changed)
        events.on_stored(self._count)

    async def start(self) -> None:
        """Load today's counters from the stored events, and who waits for an answer."""
        self._day = day_start(self._clock())
        self._today = await self._db.read(store.turn_counts, self._day)
        self._last_turn = await self._db.read(store.last_turn_ends)
        self._waits.load(await self._db.read(questions.open_all))

    def config(self, name: str) -> AgentConfig:
        """What the operator configured.

        Raises:
            NotFoundError: There is no such agent.
        """
        agent = self._messages.rules.roster.agents.get(name)
        if agent is None:
            raise NotFoundError(f"there is no agent {name!r}")
        return agent

    def view(self, name: str) -> AgentView:
        """One agent as it is now; errors as in `config`."""
        agent = self.config(name)
        self._turn_day()
        counts = self._today.get(name, TurnCounts())
        return AgentView(
            name=name,
            role=agent.role,
            models=agent.models,
            model=ModelChoice(configured=agent.model, chosen=self._chosen.get(name)),
            policy=policy(agent, contained=self._contained),
            mcp_servers=servers(agent, self._servers.get(name)),
            status=self._shown[name],
            waiting=self._waiting(name),
            linked=self._presence[name].linked,
            unit=self._presence[name].unit,
            actions=actions(self._presence[name].unit),
            since=self._since[name],
            inbox_depth=self._messages.pending(name),
            last_turn_at=self._last_turn.get(name),
            turns_today=counts.turns,
            cost_today_usd=counts.cost_usd,
        )

    def views(self) -> list[AgentView]:
        """Every agent, by name."""
        return [self.view(name) for name in self.names()]

    def names(self) -> list[str]:
        """Every agent's name, sorted."""
        return sorted(self._messages.rules.roster.agents)

    def brief(self, name: str, manager: str) -> AgentBrief:
        """One agent as the manager of that name sees it; errors as in `config`."""
        return brief(self.view(name), manager)

    def briefs(self, manager: str) -> list[AgentBrief]:
        """Every agent as the manager of that name sees it."""
        return [self.brief(name, manager) for name in self.names()]

    def connected(self, name: str) -> None:
        """The agent's harness opened its link."""
        presence = self._presence[self.config(name).name]
        presence.linked, presence.lost = True, False
        self._servers.pop(name, None)
        bare = {"state": AgentState.STARTING, "detail": "", "turn": None, "until": None, "tool": None}
        self._reported[name] = self._reported[name].model_copy(update=bare)
        self._link_changed(name)

    def disconnected(self, name: str) -> None:
        """The agent's harness is gone; model, session and context stay as it last said."""
        presence = self._presence[self.config(name).name]
        presence.linked, presence.waits_since = False, self._clock()
        self._servers.pop(name, None)
        # While its unit is being stopped or started that is as it should be.
        presence.lost = presence.unit.state in {UnitState.RUNNING, UnitState.UNKNOWN}
        self._link_changed(name)

    def on_link(self, callback: Callable[[str], object]) -> None:
        """Call `callback(name)` whenever an agent's harness has come or gone."""
        self._on_link.append(callback)

    def report(self, name: str, status: AgentStatus) -> None:
        """The agent's harness says how it is; texts of any length are cut."""
        cut = {
            "detail": status.detail[:_DETAIL_LIMIT],
            "model": status.model[:NAME_LIMIT],
            "turn": status.turn and status.turn[:NAME_LIMIT],
            "session": status.session and status.session[:NAME_LIMIT],
            "tool": status.tool and believable(status.tool, self._clock()),
        }
        self._reported[self.config(name).name] = status.model_copy(update=cut)
        self._refresh(name)

    def model_chosen(self, name: str, model: str | None) -> None:
        """The operator chose the agent's model; null goes by the configuration."""
        self._chosen[self.config(name).name] = model
        self.touch(name)

    def next_model(self, name: str) -> str:
        """The model of the agent's next turn; errors as in `config`."""
        return used(self.config(name), self._chosen.get(name))

    def question_changed(self, question: Question) -> None:
        """A question is new or closed: its asker waits, or does not wait any more."""
        if question.asker not in self._messages.rules.roster.agents:
            return
        before = self._waiting(question.asker)
        self._waits.changed(question)
        if self._waiting(question.asker) != before:
            self.touch(question.asker)

    def report_servers(self, name: str, reported: list[McpServer]) -> None:
        """The agent's harness says how its extra MCP servers are."""
        agent = self.config(name)
        before = servers(agent, self._servers.get(name))
        self._servers[name] = reported
        if servers(agent, reported) != before:
            self.touch(name)

    def unit(self, name: str) -> UnitStatus:
        """What runs the agent, as last seen; errors as in `config`."""
        return self._presence[self.config(name).name].unit

    def unit_changed(self, name: str, unit: UnitStatus) -> None:
        """What runs the agent is like this now."""
        presence = self._presence[self.config(name).name]
        if unit == presence.unit:
            return
        if unit.state is not presence.unit.state:
            presence.waits_since = self._clock()
            presence.lost = presence.lost and unit.state in {UnitState.RUNNING, UnitState.UNKNOWN}
        presence.unit = unit
        if not self._refresh(name):
            self.touch(name)

    def waiting(self) -> list[float]:
        """Of every agent but those that are connected and known to run: seconds since that changed last."""
        now = self._clock()
        return [max(0.0, now - one.waits_since) for one in self._presence.values() if not one.settled]

    def touch(self, name: str) -> None:
        """Tell the operator's page how the agent is now; in a flood, at the next sweep."""
        second = self._clock() // 1
        known, count = self._frames.get(name, (second, 0))
        count = count + 1 if known == second else 1
        self._frames[name] = (second, count)
        if count > FRAMES_PER_SECOND:
            self._held_back.add(name)
        else:
            self._bus.publish_agent(self.view(name))

    def sweep(self) -> None:
        """Notice harnesses that did not connect in time, and tell what was held back in a flood."""
        for name, presence in self._presence.items():
            if not presence.linked:
                self._refresh(name)
        held_back, self._held_back = self._held_back, set()
        for name in sorted(held_back & set(self._messages.rules.roster.agents)):
            self._bus.publish_agent(self.view(name))

    def _waiting(self, name: str) -> Waiting | None:
        idle = self._shown[name].state is AgentState.IDLE
        return self._waits.of(name, self._since[name]) if idle else None

    def _link_changed(self, name: str) -> None:
        if not self._refresh(name):
            self.touch(name)
        for callback in self._on_link:
            callback(name)

    def _refresh(self, name: str) -> bool:
        """Show how the agent is now; False when that is what was shown already."""
        now = self._clock()
        status, before = self._presence[name].shown(self._reported[name], now), self._shown[name]
        if status == before:
            return False
        if status.state is not before.state:
            self._since[name] = now
        self._shown[name] = status
        self.touch(name)
        return True

    def _depth_changed(self, name: str, _pending: int) -> None:
        if name in self._messages.rules.roster.agents:
            self.touch(name)

    def _count(self, event: AgentEvent) -> None:
        if event.kind is not EventKind.TURN_END:
            return
        self._turn_day()
        self._last_turn[event.agent] = max(event.ts, self._last_turn.get(event.agent, 0.0))
        if event.ts >= self._day:
            counts = self._today.get(event.agent, TurnCounts())
            cost = counts.cost_usd + store.turn_cost(event)
            self._today[event.agent] = TurnCounts(counts.turns + 1, cost)
        self._depth_changed(event.agent, 0)

    def _turn_day(self) -> None:
        today = day_start(self._clock())
        if today != self._day:
            self._day = today
            self._today = {}
