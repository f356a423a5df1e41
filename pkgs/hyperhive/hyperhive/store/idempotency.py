"""Idempotency keys: what a call answered the first time."""

import json
import sqlite3

from hyperhive.errors import ConflictError
from hyperhive.store.transaction import Transaction


def find(connection: sqlite3.Connection, caller: str, key: str | None, fingerprint: str) -> list[int] | None:
    """What the first call with this key answered, or None; a `ConflictError` when it was another call."""
    if key is None:
        return None
    row = connection.execute(
        "SELECT fingerprint, result FROM idempotency WHERE caller = ? AND key = ?", (caller, key)
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != fingerprint:
        raise ConflictError(f"idempotency_key: {key!r} was used for a different call before")
    return [int(one) for one in json.loads(row["result"])]


def keep(tx: Transaction, caller: str, key: str | None, fingerprint: str, ids: list[int]) -> None:
    if key is not None:
        tx.connection.execute(
            "INSERT INTO idempotency (caller, key, fingerprint, result, at) VALUES (?, ?, ?, ?, ?)",
            (caller, key, fingerprint, json.dumps(ids), tx.now),
        )


def purge(tx: Transaction, before: float, limit: int) -> None:
    tx.connection.execute(
        "DELETE FROM idempotency WHERE (caller, key) IN"
        " (SELECT caller, key FROM idempotency WHERE at < ? LIMIT ?)",
        (before, limit),
    )
