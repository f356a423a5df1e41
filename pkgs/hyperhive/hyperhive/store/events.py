"""Agents' events in the store, and what is counted from the ends of turns."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.protocol.bus import EventStored
from hyperhive.protocol.events import AgentEvent, EventKind, EventPage, NewEvent, TurnEnd
from hyperhive.store.transaction import Transaction

#: A page ends before the event whose data would make it larger than so many characters.
PAGE_BYTES: Final = 1024 * 1024
#: SQLite's largest integer, so no id is above it.
_LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True)
class TurnCounts:
    """Turns of an agent that ended in a time, and their estimated cost in USD."""

    turns: int = 0
    cost_usd: float = 0.0


@dataclass(frozen=True)
class Slice:
    """Which events of an agent's log a page holds; None does not limit."""

    #: Only ids below this one.
    before: int | None = None
    #: Only ids above this one, and the page begins there instead of at the newest.
    after: int | None = None
    #: Only these; none names all.
    kinds: tuple[EventKind, ...] = ()


def turn_cost(event: NewEvent | AgentEvent) -> float:
    """Estimated, in USD; 0 for an event that does not end a turn."""
    return (event.data.cost_usd or 0.0) if isinstance(event.data, TurnEnd) else 0.0


def append(tx: Transaction, agent: str, events: Sequence[NewEvent]) -> list[AgentEvent]:
    stored = []
    for event in events:
        data = event.data.model_dump_json(exclude={"kind"})
        tx.text_bytes += len(data)
        row = tx.connection.execute(
            "INSERT INTO events (agent, ts, kind, turn, data, cost_usd) VALUES (?, ?, ?, ?, ?, ?)"
            " RETURNING id",
            (
                agent,
                event.ts,
                event.kind,
                event.turn,
                data,
                turn_cost(event),
            ),
        ).fetchone()
        stored.append(AgentEvent(id=row["id"], agent=agent, ts=event.ts, turn=event.turn, data=event.data))
    tx.events.extend(map(EventStored, stored))
    return stored


def page(connection: sqlite3.Connection, agent: str, chosen: Slice, limit: int) -> EventPage:
    """At most `limit` events of the agent and about `PAGE_BYTES` of them, at least one; newest first."""
    order = "DESC" if chosen.after is None else "ASC"
    values = [agent, chosen.after or 0, _LARGEST_ID if chosen.before is None else chosen.before]
    kinds = f" AND kind IN ({', '.join('?' * len(chosen.kinds))})" if chosen.kinds else ""
    rows = connection.execute(
        "SELECT * FROM events INDEXED BY events_by_agent"  # noqa: S608 - fixed terms
        f" WHERE agent = ? AND id > ? AND id < ?{kinds} ORDER BY id {order}",
        (*values, *chosen.kinds),
    )
    events, more = _fill(rows, limit)
    last = events[-1].id if more else None
    if chosen.after is None:
        return EventPage(events=events, next_before=last, next_after=None)
    return EventPage(events=events[::-1], next_before=None, next_after=last)


def _fill(rows: Iterator[sqlite3.Row], limit: int) -> tuple[list[AgentEvent], bool]:
    """Events in the order of the rows, and whether there are more."""
    events: list[AgentEvent] = []
    size = 0
    for row in rows:
        size += len(row["data"])
        if len(events) == limit or (events and size > PAGE_BYTES):
            return events, True
        events.append(_event(row))
    return events, False


def turn_counts(connection: sqlite3.Connection, since: float) -> dict[str, TurnCounts]:
    rows = connection.execute(
        "SELECT agent, count(*), total(cost_usd) FROM events INDEXED BY events_turn_ends"
        " WHERE kind = 'turn_end' AND ts >= ? GROUP BY agent",
        (since,),
    )
    return {row[0]: TurnCounts(row[1], row[2]) for row in rows}


def last_turn_ends(connection: sqlite3.Connection) -> dict[str, float]:
    rows = connection.execute(
        "SELECT agent, max(ts) FROM events INDEXED BY events_turn_ends WHERE kind = 'turn_end' GROUP BY agent"
    )
    return {row[0]: row[1] for row in rows}


def purge(tx: Transaction, before: float, limit: int) -> int:
    """Returns how many were deleted, `limit` at most."""
    return tx.connection.execute(
        "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE ts < ? LIMIT ?)", (before, limit)
    ).rowcount


def _event(row: sqlite3.Row) -> AgentEvent:
    try:
        data = json.loads(row["data"])
    except ValueError:
        data = row["data"]
    names = ("id", "agent", "ts", "kind", "turn")
    return AgentEvent.model_validate({name: row[name] for name in names} | {"data": data})
