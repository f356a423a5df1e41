"""The operator's logins in the store, as digests only."""

import sqlite3

from hyperhive.store.transaction import Transaction


def insert(tx: Transaction, digest: str, secret: str, expires_at: float) -> None:
    """`digest` and `secret` are SHA-256."""
    tx.connection.execute("INSERT INTO sessions VALUES (?, ?, ?)", (digest, secret, expires_at))


def load(connection: sqlite3.Connection, now: float) -> dict[str, tuple[str, float]]:
    """Logins that have not expired: digest -> secret's digest and expiry."""
    rows = connection.execute("SELECT * FROM sessions WHERE expires_at > ?", (now,))
    return {row["digest"]: (row["secret"], row["expires_at"]) for row in rows}


def delete(tx: Transaction, digests: list[str]) -> None:
    tx.connection.executemany("DELETE FROM sessions WHERE digest = ?", [(one,) for one in digests])
