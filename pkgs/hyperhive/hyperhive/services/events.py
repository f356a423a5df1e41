"""Agents' live logs: stored with limits, streamed, kept for a while."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.config import BrokerConfig
from hyperhive.domain.events import EventAllowance, dated, dropped_note
from hyperhive.domain.timing import DAY
from hyperhive.protocol.bus import EventStored
from hyperhive.protocol.events import AgentEvent, EventKind, EventPage, NewEvent, Note
from hyperhive.services.bus import Backlog, Bus, StreamItem, Subscription
from hyperhive.store import events as store
from hyperhive.store.database import Database
from hyperhive.store.transaction import Transaction

#: Most events of one page.
PAGE_LIMIT: Final = 500
#: Seconds between two rounds of retention, rows that one round deletes, and between two notes of a drop.
_PURGE_EVERY: Final = 60.0
_PURGE_ROWS: Final = 5000
_NOTE_EVERY: Final = 10.0


@dataclass
class _Limiter:
    """Only the writer thread touches it."""

    allowance: EventAllowance
    #: When the log last said that something was dropped.
    noted_at: float = -math.inf


class Events:
    def __init__(self, db: Database, bus: Bus, config: BrokerConfig, clock: Callable[[], float]) -> None:
        self._db = db
        self._days = config.retention.events_days
        self._clock = clock
        self._purged_at = clock()
        self._limiters: dict[str, _Limiter] = {}
        self._watchers: dict[str, set[Subscription]] = {}
        bus.subscribe(EventStored, self._stream)

    async def append(self, agent: str, events: Sequence[NewEvent]) -> list[AgentEvent]:
        """Store and stream events of an agent, in order; returns what was stored.

        Long texts are cut and an agent that sends too many loses some; a note in the log says so.
        """
        limiter = self._limiters.setdefault(agent, _Limiter(EventAllowance(self._clock())))
        return await self._db.commit(_append, agent, events, limiter)

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
        self._limiters.pop(agent, None)
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


def _append(tx: Transaction, agent: str, events: Sequence[NewEvent], limiter: _Limiter) -> list[AgentEvent]:
    accepted = [dated(event, tx.now) for event in events if limiter.allowance.takes(event, tx.now)]
    if len(accepted) < len(events) and not 0 <= tx.now - limiter.noted_at < _NOTE_EVERY:
        limiter.noted_at = tx.now
        accepted.append(dropped_note(tx.now))
    return store.append(tx, agent, accepted)


def _note(tx: Transaction, agent: str, note: Note) -> None:
    store.append(tx, agent, [NewEvent(ts=tx.now, turn=None, data=note)])
