"""Agents as the operator sees them: connection, reported status, inbox depth, today's counters."""

from collections.abc import Callable
from typing import Final

from hyperhive.config import AgentConfig, BrokerConfig
from hyperhive.domain.days import day_start
from hyperhive.errors import NotFoundError
from hyperhive.protocol.agents import AgentPolicy, AgentState, AgentStatus, AgentView
from hyperhive.protocol.events import AgentEvent, EventKind
from hyperhive.services.bus import Bus
from hyperhive.services.events import Events
from hyperhive.services.messages import Messages
from hyperhive.store import events as store
from hyperhive.store.database import Database
from hyperhive.store.events import TurnCounts

#: Frames about one agent in a second; further ones wait for the next sweep, which sends the latest.
FRAMES_PER_SECOND: Final = 50
#: Longest line of detail that is kept of a report, in characters, and longest name or id.
_DETAIL_LIMIT: Final = 500
_NAME_LIMIT: Final = 200


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
        self._status = {
            name: AgentStatus.bare(AgentState.STOPPED, agent.model) for name, agent in config.agents.items()
        }
        self._since = dict.fromkeys(config.agents, now)
        self._day = day_start(now)
        self._today: dict[str, TurnCounts] = {}
        self._last_turn: dict[str, float] = {}
        self._frames: dict[str, tuple[float, int]] = {}
        self._held_back: set[str] = set()
        messages.on_depth(self._depth_changed)
        events.on_stored(self._count)

    async def start(self) -> None:
        """Load today's counters from the stored events."""
        self._day = day_start(self._clock())
        self._today = await self._db.read(store.turn_counts, self._day)
        self._last_turn = await self._db.read(store.last_turn_ends)

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
            policy=_policy(agent),
            status=self._status[name],
            since=self._since[name],
            inbox_depth=self._messages.pending(name),
            last_turn_at=self._last_turn.get(name),
            turns_today=counts.turns,
            cost_today_usd=counts.cost_usd,
        )

    def views(self) -> list[AgentView]:
        """Every agent, by name."""
        return [self.view(name) for name in sorted(self._messages.rules.roster.agents)]

    def connected(self, name: str) -> None:
        """The agent's harness opened its link."""
        self._set(
            name, self._status[self.config(name).name].model_copy(update={"state": AgentState.STARTING})
        )

    def disconnected(self, name: str) -> None:
        """The agent's harness is gone; model, session and context stay as it last said."""
        status = self._status[self.config(name).name]
        gone = {"state": AgentState.STOPPED, "detail": "", "turn": None, "until": None}
        self._set(name, status.model_copy(update=gone))

    def report(self, name: str, status: AgentStatus) -> None:
        """The agent's harness says how it is; texts of any length are cut."""
        cut = {
            "detail": status.detail[:_DETAIL_LIMIT],
            "model": status.model[:_NAME_LIMIT],
            "turn": status.turn and status.turn[:_NAME_LIMIT],
            "session": status.session and status.session[:_NAME_LIMIT],
        }
        self._set(self.config(name).name, status.model_copy(update=cut))

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
        """Tell what was held back in a flood."""
        held_back, self._held_back = self._held_back, set()
        for name in sorted(held_back & set(self._messages.rules.roster.agents)):
            self._bus.publish_agent(self.view(name))

    def _set(self, name: str, status: AgentStatus) -> None:
        if status == self._status[name]:
            return
        if status.state is not self._status[name].state:
            self._since[name] = self._clock()
        self._status[name] = status
        self.touch(name)

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


def _policy(agent: AgentConfig) -> AgentPolicy:
    return AgentPolicy(
        allowed_recipients=None if agent.role == "manager" else agent.allowed_recipients,
        bash=agent.bash,
        tools=agent.tools,
        mcp_servers={name: server.allowed_tools for name, server in agent.mcp_servers.items()},
    )
