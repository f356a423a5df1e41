"""Agents' live logs: stored with limits, streamed, kept for a while."""

from collections.abc import Callable, Sequence
from typing import Final

from hyperhive.config import BrokerConfig
from hyperhive.domain.budgets import Budget
from hyperhive.domain.events import EventAllowance, dated, limited_note
from hyperhive.domain.timing import DAY
from hyperhive.protocol.agents import BudgetKind
from hyperhive.protocol.bus import EventStored
from hyperhive.protocol.events import AgentEvent, EventKind, EventPage, NewEvent, Note
from hyperhive.services.budgets import Budgets
from hyperhive.services.bus import Backlog, Bus, StreamItem, Subscription
from hyperhive.store import events as store
from hyperhive.store.database import Database
from hyperhive.store.transaction import Transaction

#: Most events of one page.
PAGE_LIMIT: Final = 500
#: Seconds between two rounds of retention, and rows that one round deletes.
_PURGE_EVERY: Final = 60.0
_PURGE_ROWS: Final = 5000


class Events:
    def __init__(
        self, db: Database, bus: Bus, budgets: Budgets, config: BrokerConfig, clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._budgets = budgets
        self._days = config.retention.events_days
        self._clock = clock
        self._purged_at = clock()
        self._watchers: dict[str, set[Subscription]] = {}
        bus.subscribe(EventStored, self._stream)

    async def append(self, agent: str, events: Sequence[NewEvent]) -> list[AgentEvent]:
        """Store and stream events of an agent, in order; returns what was stored.

        Long texts are cut and an agent that sends too many loses some; a note in the log says so.
        """
        return await self._db.commit(_append, agent, events, self._budgets.get(agent))

    async def note(self, agent: str, note: Note) -> None:
        """A line of our own, which a flood of the agent's events cannot crowd out."""
        await self._db.commit(_note, agent, note)

    async def page(
        self,
        agent: str,
        before: int | None = None,
        limit: int = 100,
        *,
        after: int | None = None,
        kinds: Sequence[EventKind] = (),
    ) -> EventPage:
        """Newest first; `limit` is cut to 1..PAGE_LIMIT, else as `Slice`."""
        chosen = store.Slice(before=before, after=after, kinds=tuple(kinds))
        return await self._db.read(store.page, agent, chosen, max(1, min(limit, PAGE_LIMIT)))

    def watch(self, agent: str, backlog: Backlog | None = None) -> Subscription:
        """Events of one agent, from entering the subscription on; `backlog` as in `HiveView.watch`."""
        return Subscription(self._watchers.setdefault(agent, set()), backlog)

    def remove(self, agent: str) -> None:
        """The log stays; whoever watches it reaches its end."""
        for watcher in tuple(self._watchers.pop(agent, ())):
            watcher.close()

    async def sweep(self) -> None:
        now = self._clock()
        if not self._days or 0 <= now - self._purged_at < _PURGE_EVERY:
            return
        self._purged_at = now
        await self._db.commit(store.purge, now - self._days * DAY, _PURGE_ROWS)

    def _stream(self, stored: EventStored) -> None:
        if watchers := tuple(self._watchers.get(stored.event.agent, ())):
            item = StreamItem(stored.event.id, "event", stored.event.model_dump_json().encode())
            for watcher in watchers:
                watcher.offer(item)


def _append(
    tx: Transaction, agent: str, events: Sequence[NewEvent], budget: Budget | None
) -> list[AgentEvent]:
    dates = [dated(event, tx.now) for event in events]
    return store.append(tx, agent, dates if budget is None else _limited(dates, budget, tx.now))


def _limited(events: Sequence[NewEvent], budget: Budget, now: float) -> list[NewEvent]:
    allowance = EventAllowance(budget.buckets[BudgetKind.EVENTS])
    admitted = [(event, allowance.admit(event, now)) for event in events]
    accepted = [event for _, event in admitted if event is not None]
    limited = sum(event is not asked for asked, event in admitted)
    budget.met[BudgetKind.EVENTS] += limited
    if limited and not budget.notes.take(1, now):
        accepted.append(limited_note(budget.limit_text(BudgetKind.EVENTS), now))
    return accepted


def _note(tx: Transaction, agent: str, note: Note) -> None:
    store.append(tx, agent, [NewEvent(ts=tx.now, turn=None, data=note)])
