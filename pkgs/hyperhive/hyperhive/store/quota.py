"""How much is stored of whom, and the history that goes first when that is too much."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hyperhive.store.transaction import Transaction

#: Whose bytes are those of the whole hive.
HIVE: Final = ""
#: What each row counts beside its text.
ROW_BYTES: Final = 512
#: Most rows and bytes that one round of `oldest` names.
_ROUND_ROWS: Final = 1000
_ROUND_BYTES: Final = 16 * 1024 * 1024

_FINISHED: Final = "state NOT IN ('queued', 'leased', 'parked')"
_RECEIVED: Final = "state NOT IN ('queued', 'leased', 'parked', 'refused')"
_MESSAGE: Final = "SELECT 'messages' AS kind, id, sent_at AS at, size + 512 AS bytes FROM messages"
_QUESTION: Final = (
    "SELECT 'questions' AS kind, id, closed_at AS at, length(CAST(question AS BLOB))"
    " + length(CAST(options AS BLOB)) + coalesce(length(CAST(answer AS BLOB)), 0) + 512 AS bytes"
    " FROM questions INDEXED BY questions_closed WHERE state <> 'open'"
)
_EVENT: Final = "SELECT 'events' AS kind, id, ts AS at, length(CAST(data AS BLOB)) + 512 AS bytes FROM events"
#: The oldest of each kind, along an index.
_OF_HIVE: Final = (
    f"{_MESSAGE} NOT INDEXED WHERE {_FINISHED} ORDER BY id",
    f"{_QUESTION} ORDER BY closed_at",
    f"{_EVENT} NOT INDEXED ORDER BY id",
)
_OF_AGENT: Final = (
    f"{_MESSAGE} INDEXED BY messages_by_sender WHERE sender = :name AND {_FINISHED} ORDER BY id",
    f"{_MESSAGE} INDEXED BY messages_by_recipient WHERE recipient = :name AND {_RECEIVED} ORDER BY id",
    f"{_QUESTION} AND :name IN (asker, target) ORDER BY closed_at",
    f"{_EVENT} INDEXED BY events_by_agent WHERE agent = :name ORDER BY id",
)


@dataclass(frozen=True)
class Stored:
    """In bytes; `waiting` is what is on its way or open, and is never deleted for its size."""

    bytes: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Row:
    """A row of the table `kind`."""

    kind: str
    id: int
    at: float
    bytes: int


def stored(connection: sqlite3.Connection, name: str) -> Stored:
    row = connection.execute("SELECT bytes, waiting FROM stored_bytes WHERE name = ?", (name,)).fetchone()
    return Stored() if row is None else Stored(row["bytes"], row["waiting"])


def all_stored(connection: sqlite3.Connection) -> dict[str, Stored]:
    """By name; the hive's under `HIVE`."""
    rows = connection.execute("SELECT name, bytes, waiting FROM stored_bytes")
    return {row["name"]: Stored(row["bytes"], row["waiting"]) for row in rows}


def oldest(connection: sqlite3.Connection, name: str, excess: int) -> list[Row]:
    """The oldest finished rows of a name, or of the hive, that free so many bytes, or a part of them."""
    branches = _OF_AGENT if name else _OF_HIVE
    union = " UNION ALL ".join(f"SELECT * FROM ({one} LIMIT {_ROUND_ROWS})" for one in branches)  # noqa: S608 - fixed terms
    rows = connection.execute(f"{union} ORDER BY at LIMIT {_ROUND_ROWS}", {"name": name} if name else {})
    left = min(excess, _ROUND_BYTES)
    found: list[Row] = []
    for row in rows:
        if left <= 0:
            break
        found.append(Row(row["kind"], row["id"], row["at"], row["bytes"]))
        left -= row["bytes"]
    return found


def delete(tx: Transaction, rows: Sequence[Row]) -> None:
    for table, condition in (("messages", _FINISHED), ("questions", "state <> 'open'"), ("events", "TRUE")):
        ids = [row.id for row in rows if row.kind == table]
        if ids:
            tx.connection.execute(
                f"DELETE FROM {table} WHERE id IN (SELECT value FROM json_each(?)) AND {condition}",  # noqa: S608 - fixed terms
                (json.dumps(ids),),
            )
