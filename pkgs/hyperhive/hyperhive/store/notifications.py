"""Notifications in the store: what waits for the operator, and how the push about it went."""

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hyperhive.protocol.messages import Message
from hyperhive.protocol.notifications import Delivery, DeliveryState
from hyperhive.store.messages import as_message


@dataclass(frozen=True)
class NewDelivery:
    """Something that began to wait for the operator."""

    kind: str
    item: str
    title: str
    opened_at: float
    due_at: float


@dataclass(frozen=True)
class Settled:
    """How deliveries ended, and when.

    Attributes:
        attempt: Whether the server was asked just now.
        standing: Kinds of which the row stays until its item is over.
    """

    state: DeliveryState
    at: float
    error: str = ""
    attempt: bool = False
    summed: bool = False
    standing: Collection[str] = ()


def insert(connection: sqlite3.Connection, new: Sequence[NewDelivery]) -> None:
    """Store deliveries that are to be made."""
    connection.executemany(
        "INSERT INTO notifications (kind, item, title, opened_at, due_at, state, tracked)"
        " VALUES (?, ?, ?, ?, ?, 'pending', 1)",
        [(one.kind, one.item, one.title, one.opened_at, one.due_at) for one in new],
    )


def record_test(connection: sqlite3.Connection, title: str, settled: Settled) -> None:
    """Store a push that was about nothing."""
    connection.execute(
        "INSERT INTO notifications"
        " (kind, item, title, opened_at, due_at, state, attempts, tried_at, error, settled_at, tracked)"
        " VALUES ('test', '', ?1, ?2, ?2, ?3, 1, ?2, ?4, ?2, 0)",
        (title, settled.at, settled.state, settled.error),
    )


def settle(connection: sqlite3.Connection, ids: Sequence[int], how: Settled) -> None:
    """End pending deliveries."""
    connection.execute(
        "UPDATE notifications SET state = ?1, settled_at = ?2, error = ?3, summed = ?4,"
        " attempts = attempts + ?5, tried_at = iif(?5, ?2, tried_at),"
        " tracked = kind IN (SELECT value FROM json_each(?6))"
        " WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?7))",
        (
            how.state,
            how.at,
            how.error,
            how.summed,
            how.attempt,
            json.dumps(sorted(how.standing)),
            json.dumps(list(ids)),
        ),
    )


def note_attempt(connection: sqlite3.Connection, ids: Sequence[int], error: str, at: float) -> None:
    """The server could not be asked about pending deliveries, or wants to be asked later."""
    connection.execute(
        "UPDATE notifications SET attempts = attempts + 1, tried_at = ?, error = ?"
        " WHERE state = 'pending' AND id IN (SELECT value FROM json_each(?))",
        (at, error, json.dumps(list(ids))),
    )


def release(connection: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Let go of rows whose item is over, so that it is new when it opens again."""
    connection.execute(
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


def unread_above(connection: sqlite3.Connection, recipient: str, floor: int, limit: int) -> list[Message]:
    """The newest messages above `floor` that a recipient without leases has not read, oldest first."""
    rows = connection.execute(
        "SELECT * FROM messages INDEXED BY messages_queued"
        " WHERE recipient = ? AND state = 'queued' AND id > ? ORDER BY id DESC LIMIT ?",
        (recipient, floor, limit),
    ).fetchall()
    return [as_message(row) for row in reversed(rows)]


def latest(connection: sqlite3.Connection, limit: int) -> list[Delivery]:
    """The newest deliveries, newest first."""
    rows = connection.execute("SELECT * FROM notifications ORDER BY id DESC LIMIT ?", (limit,))
    return [_delivery(row) for row in rows]


def purge(connection: sqlite3.Connection, keep: int) -> None:
    """Delete all but the newest `keep` rows, those still tracked, and the newest of every kind."""
    connection.execute(
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
