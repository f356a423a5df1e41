"""The agent's status as the broker shows it, and today's use against the budget."""

from collections.abc import Callable

from hyperhive.config import BudgetConfig
from hyperhive.domain.timing import DAY, day_start
from hyperhive.domain.turns import Turn, over_budget
from hyperhive.protocol.agents import AgentState, AgentStatus, RunningTool
from hyperhive.protocol.base import MOST_TOKENS
from hyperhive.protocol.events import NewEvent, Note, ToolResult, ToolUse


class StatusBoard:
    """Holds the current status and publishes each change."""

    def __init__(self, model: str, publish: Callable[[AgentStatus], None]) -> None:
        """Begin as `starting`; nothing is published before the first change."""
        self._publish = publish
        #: Names and begins of the calls that have no result yet, by id, in the order in which they began.
        self._calls: dict[str, tuple[str, float]] = {}
        self._retrying = False
        self.status = AgentStatus.bare(AgentState.STARTING, model)

    def show(
        self, state: AgentState, detail: str = "", *, turn: str | None = None, until: float | None = None
    ) -> None:
        """Change state; `turn` and `until` belong to this state only."""
        self._calls.clear()
        self._retrying = False
        self._change(state=state, detail=detail[:300], turn=turn, until=until, tool=None, silent=False)

    def watch(self, event: NewEvent) -> None:
        """Show the running tool while an agent works, and when the API has to be asked again."""
        if self.status.state is not AgentState.WORKING:
            return
        retrying, self._retrying = self._retrying or self.status.silent, False
        match event.data:
            case ToolUse(id=call, name=name):
                self._calls[call] = (name, event.ts)
            case ToolResult(id=call) if self._calls.pop(call, None):
                pass
            case Note(retry=retry, silent=silent, text=text) if retry or silent:
                self._retrying = retry
                self._change(detail=text[:300], silent=silent)
                return
            case _ if not retrying:
                return
            case _:
                pass
        tool = self._running()
        self._change(detail=tool.name if tool else "", tool=tool, silent=False)

    def use_model(self, model: str) -> None:
        self._change(model=model)

    def use_context(self, used: int, most: int) -> None:
        self._change(context_used=_tokens(used), context_max=_tokens(most))

    def forget(self) -> None:
        """Show that a new session begins, of which nothing is known yet."""
        self._change(session=None, context_used=None, context_max=None)

    def learn(self, turn: Turn, session: str | None) -> None:
        """Take over session id and context use from a finished turn; published with the next change."""
        update = {
            "session": session,
            "context_used": _tokens(turn.context_used) or self.status.context_used,
            "context_max": _tokens(turn.context_max) or self.status.context_max,
        }
        self.status = self.status.model_copy(update=update)

    def _running(self) -> RunningTool | None:
        if not self._calls:
            return None
        name, since = next(iter(self._calls.values()))
        return RunningTool(name=name, since=since, others=len(self._calls) - 1)

    def _change(self, **update: object) -> None:
        self.status = self.status.model_copy(update=update)
        self._publish(self.status)


def _tokens(count: int | None) -> int | None:
    """The number as the broker takes it: a model's server may count anything, and a report must not fail."""
    return count and min(max(count, 0), MOST_TOKENS)


class DailyUse:
    """Turns and estimated cost of the current UTC day."""

    def __init__(self, budget: BudgetConfig, clock: Callable[[], float]) -> None:
        """Count from nothing until the broker says what was used today."""
        self._budget = budget
        self._clock = clock
        self._ends = day_start(clock()) + DAY
        self._turns = 0
        self._cost = 0.0

    @property
    def ends(self) -> float:
        """When the day is over, seconds since 1970."""
        return self._ends

    def set(self, turns: int, cost_usd: float) -> None:
        self._roll()
        # Turns that ended while the broker was away are not in its count yet.
        self._turns = max(self._turns, turns)
        self._cost = max(self._cost, cost_usd)

    def add(self, turn: Turn) -> None:
        self._roll()
        self._turns += 1
        self._cost += turn.cost_usd

    def exceeded(self) -> str | None:
        """The sentence that says which cap is reached, or None."""
        self._roll()
        caps = self._budget
        return over_budget(self._turns, self._cost, caps.turns_per_day, caps.usd_cents_per_day)

    def _roll(self) -> None:
        now = self._clock()
        if now >= self._ends:
            self._turns, self._cost, self._ends = 0, 0.0, day_start(now) + DAY
