"""What each agent has left of its budget at the broker, and how often it met a limit today."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hyperhive.config import AgentConfig
from hyperhive.domain.budgets import Budget, TokenBucket, met_text, row_bytes
from hyperhive.domain.timing import day_start
from hyperhive.errors import TooManyRequestsError
from hyperhive.protocol.agents import BudgetKind

#: Seconds between two notices of one agent's limits.
_NOTICE_EVERY: Final = 3600.0


@dataclass
class _Held:
    budget: Budget
    notices: TokenBucket
    #: Of `budget.met`, what was there when the day began, and when a sweep last looked.
    before_today: dict[BudgetKind, int]
    seen: dict[BudgetKind, int]

    def today(self) -> dict[BudgetKind, int]:
        counts = {kind: count - self.before_today[kind] for kind, count in self.budget.met.items()}
        return {kind: count for kind, count in counts.items() if count}


class Budgets:
    """The operator, and whoever is no agent, has no budget and is never refused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._day = day_start(clock())

    def add(self, agent: AgentConfig) -> None:
        now = self._clock()
        budget = Budget(agent.limits.broker, now)
        notices = TokenBucket(1 / _NOTICE_EVERY, 1, now)
        self._held[agent.name] = _Held(budget, notices, dict(budget.met), dict(budget.met))

    def remove(self, name: str) -> None:
        self._held.pop(name, None)

    def get(self, name: str) -> Budget | None:
        held = self._held.get(name)
        return None if held is None else held.budget

    def take(self, name: str, amounts: Mapping[BudgetKind, float]) -> None:
        """A `TooManyRequestsError` when the agent has not so much left."""
        if (budget := self.get(name)) is not None:
            budget.take(amounts, self._clock())

    def spend(self, name: str, amounts: Mapping[BudgetKind, float]) -> float:
        """Take what has come already; returns the seconds to wait before more is let in."""
        budget = self.get(name)
        return 0.0 if budget is None else budget.spend(amounts, self._clock())

    def store(self, name: str, sizes: list[int], now: float) -> None:
        """Take rows of so many bytes each, on the writer thread; errors as in `take`."""
        if (budget := self.get(name)) is not None:
            stored = sum(map(row_bytes, sizes))
            budget.take({BudgetKind.STORED: stored, BudgetKind.ROWS: len(sizes)}, now)

    def stores(self, name: str, sizes: list[int], now: float) -> bool:
        """As `store`; False in place of the error."""
        try:
            self.store(name, sizes, now)
        except TooManyRequestsError:
            return False
        return True

    def met_today(self, name: str) -> dict[BudgetKind, int]:
        """How often the agent was refused, slowed or cut short, by kind."""
        held = self._held.get(name)
        return {} if held is None else held.today()

    def sweep(self) -> tuple[list[str], list[str]]:
        """The agents whose counts changed since the last one, and what the operator is to be told."""
        now = self._clock()
        new_day, self._day = day_start(now) != self._day, day_start(now)
        changed, notices = [], []
        for name, held in self._held.items():
            met, seen = dict(held.budget.met), held.seen
            more = [kind for kind in met if met[kind] != seen[kind]]
            if more or (new_day and held.today()):
                changed.append(name)
            if new_day:
                held.before_today = seen
            held.seen = met
            if more and not held.notices.take(1, now):
                notices.append(met_text(name, held.budget.limit_text(more[0])))
        return changed, notices
