"""Notifications in the store: what waits for the operator, and how the push about it went."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hyperhive.protocol.notifications import Delivery, DeliveryState
from hyperhive.store.transaction import Transaction


@dataclass(frozen=True)
class NewDelivery:
    kind: str
    item: str
    title: str
    opened_at: float
    due_at: float


@dataclass(frozen=True)
class Unread:
    """A message that nobody has read; `body` is its beginning."""

    id: int
    sender: str
    body: str
    sent_at: float


@dataclass(frozen=True)
class Settled:
    state: DeliveryState
    at: float
    error: str = ""
    summed: bool = False
    #: Kinds of which the row stays until its item is over.
    recurring: Collection[str] = ()


def insert(tx: Transaction, new: Sequence[NewDelivery]) -> None:
    tx.connection.executemany(
        "INSERT INTO notifications (kind, item, title, opened_at, due_at, state, tracked)"
        " VALUES (?, ?, ?, ?, ?, 'pending', 1)",
        [(one.kind, one.item, one.title, one.opened_at, one.due_at) for one in new],
    )


def record_test(tx: Transaction, title: str, settled: Settled) -> None:
    tx.connection.execute(
        "INSERT INTO notifications"
        " (kind, item, title, opened_at, due_at, state, attempts, tried_at, error, settled_at, tracked)"
        " VALUES ('test', '', ?1, ?2, ?2, ?3, 1, ?2, ?4, ?2, 0)",
        (title, settled.at, settled.state, settled.error),
    )


def settle(tx: Transaction, ids: Sequence[int], how: Settled) -> None:
    tx.connection.execute(
        "UPDATE notifications SET state = ?1, settled_at = ?2, error = ?3, summed = ?4,"
        " tracked = kind IN (SELECT value FROM json_each(?5))"
        " WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?6))",
        (
            how.state,
            how.at,
            how.error,
            how.summed,
            json.dumps(sorted(how.recurring)),
            json.dumps(list(ids)),
        ),
    )


def note_attempt(tx: Transaction, ids: Sequence[int]) -> None:
    """The server is about to be asked to take pending deliveries."""
    tx.connection.execute(
        "UPDATE notifications SET attempts = attempts + 1, tried_at = ?"
        " WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?))",
        (tx.now, json.dumps(list(ids))),
    )


def note_trouble(tx: Transaction, ids: Sequence[int], error: str) -> None:
    """The server could not be asked about pending deliveries, or wants to be asked later."""
    tx.connection.execute(
        "UPDATE notifications SET error = ?"
        " WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?))",
        (error, json.dumps(list(ids))),
    )


def release(tx: Transaction, ids: Sequence[int]) -> None:
    """Let go of rows whose item is over, so that it is new when it opens again."""
    tx.connection.execute(
        "UPDATE notifications SET tracked = 0 WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(ids)),),
    )


def tracked(connection: sqlite3.Connection) -> list[Delivery]:
    """Rows whose items are not new, by id."""
    rows = connection.execute(
        "SELECT * FROM notifications INDEXED BY notifications_tracked WHERE tracked = 1 ORDER BY id"
    )
    return [_delivery(row) for row in rows]


def floor(connection: sqlite3.Connection, kind: str) -> int:
    """The highest number of an item of the kind that was ever noted, 0 when there is none."""
    row = connection.execute(
        "SELECT coalesce(max(CAST(item AS INTEGER)), 0) FROM notifications WHERE kind = ?", (kind,)
    ).fetchone()
    return int(row[0])


def unread(
    connection: sqlite3.Connection,
    recipient: str,
    noted: Sequence[int],
    floor: int,
    most: int,
    size: int,
) -> list[Unread]:
    """What a recipient without leases has not read, by id, with at most `size` bytes of each body.

    It is of the messages in `noted`, and of the newest above `floor` so many that there are `most`.
    """
    # Of a text, SQLite's `substr` would give what stands before a zero byte.
    rows = connection.execute(
        "SELECT messages.id, sender, substr(CAST(text AS BLOB), 1, ?1) AS body, sent_at FROM messages"
        " CROSS JOIN bodies ON bodies.id = body_id"
        " WHERE recipient = ?2 AND state = 'queued'"
        " AND messages.id IN (SELECT value FROM json_each(?3)"
        " UNION ALL SELECT id FROM (SELECT id FROM messages INDEXED BY messages_queued"
        " WHERE recipient = ?2 AND state = 'queued' AND id > ?4 ORDER BY id DESC LIMIT ?5))"
        " ORDER BY messages.id",
        (size, recipient, json.dumps(list(noted)), floor, max(0, most - len(noted))),
    )
    return [
        Unread(row["id"], row["sender"], row["body"].decode(errors="ignore"), row["sent_at"]) for row in rows
    ]


def parked(connection: sqlite3.Connection) -> list[tuple[int, str, str, str]]:
    """Id, sender, recipient and error of all parked mail, by id."""
    rows = connection.execute(
        "SELECT id, sender, recipient, coalesce(error, '') FROM messages INDEXED BY messages_parked"
        " WHERE state = 'parked' ORDER BY id"
    )
    return [tuple(row) for row in rows]


def latest(connection: sqlite3.Connection, limit: int) -> list[Delivery]:
    """Newest first."""
    rows = connection.execute("SELECT * FROM notifications ORDER BY id DESC LIMIT ?", (limit,))
    return [_delivery(row) for row in rows]


def purge(tx: Transaction, keep: int) -> None:
    """Delete all but the newest `keep` rows, those still tracked, and the newest of every kind."""
    tx.connection.execute(
        "DELETE FROM notifications WHERE tracked = 0"
        " AND id <= (SELECT max(id) FROM notifications) - ?"
        " AND id NOT IN (SELECT max(id) FROM notifications GROUP BY kind)",
        (keep,),
    )


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        id=row["id"],
        kind=row["kind"],
        item=row["item"],
        title=row["title"],
        opened_at=row["opened_at"],
        due_at=row["due_at"],
        state=DeliveryState(row["state"]),
        attempts=row["attempts"],
        tried_at=row["tried_at"],
        error=row["error"],
        settled_at=row["settled_at"],
        summed=bool(row["summed"]),
    )
