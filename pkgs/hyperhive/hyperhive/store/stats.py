"""Stats in the store: samples merged into buckets, which are read, folded into longer ones and forgotten."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from hyperhive.store.transaction import Transaction


class Merged(NamedTuple):
    """What the samples of one key (and bin) in one step of a window add up to.

    Attributes:
        slot: Which step of the window, from 0 on.
        most: The greatest sample.
        last: The newest one.
    """

    slot: int
    key: str
    bin: int
    samples: int
    total: float
    most: float
    last: float


class Latest(NamedTuple):
    """Beginning of a bucket, and its newest sample."""

    ts: int
    last: float


@dataclass(frozen=True)
class Window:
    """Buckets of an agent (empty for the hive) from `start` to before `end`, in steps of `step` seconds."""

    agent: str
    start: int
    end: int
    step: int


def add(tx: Transaction, agent: str, ts: int, samples: Iterable[tuple[str, int, float]]) -> None:
    """Merge samples (key, bin, value) into the agent's bucket that begins at `ts`."""
    tx.connection.executemany(
        "INSERT INTO stats (agent, ts, key, bin, samples, total, most, last)"
        " VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5, ?5) ON CONFLICT DO UPDATE SET"
        " samples = samples + 1, total = total + ?5, most = max(most, ?5), last = ?5",
        ((agent, ts, key, number, value) for key, number, value in samples),
    )


def merged(connection: sqlite3.Connection, window: Window) -> list[Merged]:
    """Everything of the window, by slot, key and bin."""
    where = (window.start, window.step, window.agent, window.end)
    # A column beside the only max() is taken from the row that has it: hence two queries.
    newest = {
        tuple(row)[:3]: row[3]
        for row in connection.execute(
            "SELECT (ts - ?1) / ?2 AS slot, key, bin, last, max(ts) FROM stats"
            " WHERE agent = ?3 AND ts >= ?1 AND ts < ?4 GROUP BY slot, key, bin",
            where,
        )
    }
    cells = connection.execute(
        "SELECT (ts - ?1) / ?2 AS slot, key, bin, sum(samples), sum(total), max(most) FROM stats"
        " WHERE agent = ?3 AND ts >= ?1 AND ts < ?4 GROUP BY slot, key, bin",
        where,
    )
    return [Merged._make((*cell, newest[tuple(cell)[:3]])) for cell in cells]


def latest_before(connection: sqlite3.Connection, agent: str, key: str, ts: int) -> Latest | None:
    """The newest bucket before `ts` that has the key."""
    row = connection.execute(
        "SELECT ts, last FROM stats WHERE agent = ? AND ts < ? AND key = ? ORDER BY ts DESC LIMIT 1",
        (agent, ts, key),
    ).fetchone()
    return None if row is None else Latest(*row)


def keys_like(connection: sqlite3.Connection, agent: str, since: int, prefix: str) -> set[str]:
    """Keys with that prefix that the agent has from `since` on."""
    rows = connection.execute(
        "SELECT DISTINCT key FROM stats WHERE agent = ? AND ts >= ? AND substr(key, 1, ?) = ?",
        (agent, since, len(prefix), prefix),
    )
    return {row[0] for row in rows}


def agents(connection: sqlite3.Connection) -> list[str]:
    """Everybody who has stats, the hive (empty) among them, by name."""
    # One step in the index for each name, where DISTINCT would walk it whole.
    rows = connection.execute(
        "WITH RECURSIVE names (name) AS (SELECT min(agent) FROM stats UNION ALL"
        " SELECT (SELECT min(agent) FROM stats WHERE agent > name) FROM names WHERE name IS NOT NULL)"
        " SELECT name FROM names WHERE name IS NOT NULL"
    )
    return [row[0] for row in rows]


def oldest(connection: sqlite3.Connection, agent: str, since: int) -> int | None:
    """Beginning of the agent's oldest bucket from `since` on."""
    row = connection.execute(
        "SELECT min(ts) FROM stats WHERE agent = ? AND ts >= ?", (agent, since)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def folded_until(connection: sqlite3.Connection, agent: str, step: int) -> int:
    """Up to where the agent's buckets are at least `step` long; 0 when nothing was folded yet."""
    row = connection.execute(
        "SELECT until FROM stats_folds WHERE agent = ? AND step = ?", (agent, step)
    ).fetchone()
    return 0 if row is None else int(row[0])


def fold(tx: Transaction, agent: str, start: int, step: int) -> int:
    """Make one bucket of those in the `step` seconds from `start` on; returns how many rows that were.

    Everything before the end of it counts as folded then.
    """
    window = Window(agent, start, start + step, step)
    rows = merged(tx.connection, window)
    deleted = tx.connection.execute(
        "DELETE FROM stats WHERE agent = ? AND ts >= ? AND ts < ?", (agent, start, window.end)
    ).rowcount
    tx.connection.executemany(
        "INSERT INTO stats (agent, ts, key, bin, samples, total, most, last) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        ((agent, start, one.key, one.bin, one.samples, one.total, one.most, one.last) for one in rows),
    )
    tx.connection.execute(
        "INSERT INTO stats_folds (agent, step, until) VALUES (?1, ?2, ?3)"
        " ON CONFLICT DO UPDATE SET until = ?3",
        (agent, step, window.end),
    )
    return deleted


def purge(tx: Transaction, agent: str, before: int, limit: int) -> int:
    """Delete the agent's buckets from before that time, `limit` rows at most; returns how many."""
    return tx.connection.execute(
        "DELETE FROM stats WHERE agent = ?1 AND (ts, key, bin) IN"
        " (SELECT ts, key, bin FROM stats WHERE agent = ?1 AND ts < ?2 LIMIT ?3)",
        (agent, before, limit),
    ).rowcount
