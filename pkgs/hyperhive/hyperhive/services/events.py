"""Agents' live logs: stored with limits, streamed, kept for a while."""

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.config import BrokerConfig
from hyperhive.domain.days import DAY
from hyperhive.domain.events import EventAllowance, dropped_note, trimmed
from hyperhive.protocol.events import AgentEvent, EventKind, EventPage, NewEvent
from hyperhive.services.bus import Bus
from hyperhive.services.tally import Tally
from hyperhive.store import events as store
from hyperhive.store.database import Database

#: Most events of one page.
PAGE_LIMIT: Final = 500
#: Seconds between two rounds of retention, rows that one round deletes, and between two notes of a drop.
_PURGE_EVERY: Final = 60.0
_PURGE_ROWS: Final = 5000
_NOTE_EVERY: Final = 10.0


@dataclass
class _Gate:
    """What one agent may still store, and when its log last said that something was dropped.

    Only the writer thread touches it.
    """

    allowance: EventAllowance
    noted_at: float = -math.inf


class Events:
    """Appends and pages agents' events."""

    def __init__(
        self, db: Database, bus: Bus, tally: Tally, config: BrokerConfig, clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._bus = bus
        self._tally = tally
        self._days = config.retention.events_days
        self._clock = clock
        self._purged_at = clock()
        self._gates: dict[str, _Gate] = {}
        self._on_stored: list[Callable[[AgentEvent], object]] = []

    async def append(self, agent: str, events: Sequence[NewEvent]) -> list[AgentEvent]:
        """Store and stream events of an agent, in order.

        Long texts are cut and an agent that sends too many loses some; a note in the log says so.

        Returns:
            What was stored.
        """
        now = self._clock()
        gate = self._gates.setdefault(agent, _Gate(EventAllowance(now)))
        return await self._db.write(self._append, agent, events, now, gate, then=self._publish)

    async def record(self, agent: str, event: NewEvent) -> None:
        """Store and stream one event of our own making, which a flood of the agent's cannot crowd out."""
        await self._db.write(_record, agent, event, self._clock(), then=self._publish)

    async def page(
        self,
        agent: str,
        before: int | None = None,
        limit: int = 100,
        *,
        after: int | None = None,
        kinds: Sequence[EventKind] = (),
    ) -> EventPage:
        """A page of the agent's log, newest first; `limit` is cut to 1..PAGE_LIMIT, else as `Slice`."""
        chosen = store.Slice(before=before, after=after, kinds=tuple(kinds))
        return await self._db.read(store.page, agent, chosen, max(1, min(limit, PAGE_LIMIT)))

    def on_stored(self, callback: Callable[[AgentEvent], object]) -> None:
        """Call `callback(event)` on the event loop for every event that was stored."""
        self._on_stored.append(callback)

    async def sweep(self) -> None:
        """Once a minute, forget what retention does not keep."""
        now = self._clock()
        if not self._days or 0 <= now - self._purged_at < _PURGE_EVERY:
            return
        self._purged_at = now
        await self._db.write(store.purge, now - self._days * DAY, _PURGE_ROWS)

    def _append(
        self,
        connection: sqlite3.Connection,
        agent: str,
        events: Sequence[NewEvent],
        now: float,
        gate: _Gate,
    ) -> list[AgentEvent]:
        """Runs on the writer thread."""
        small = [trimmed(event, now) for event in events]
        accepted = [event for event in small if gate.allowance.takes(event, now)]
        if len(accepted) < len(small) and not 0 <= now - gate.noted_at < _NOTE_EVERY:
            gate.noted_at = now
            accepted.append(dropped_note(now))
        stored = store.append(connection, agent, accepted)
        for event in stored:
            self._tally.event(connection, event, now)
        return stored

    def _publish(self, events: list[AgentEvent]) -> None:
        for event in events:
            self._bus.publish_event(event)
            for callback in self._on_stored:
                callback(event)


def _record(connection: sqlite3.Connection, agent: str, event: NewEvent, now: float) -> list[AgentEvent]:
    return store.append(connection, agent, [trimmed(event, now)])
