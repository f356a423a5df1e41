"""The models that the operator chose for agents, in the store."""

import sqlite3

from hyperhive.store.transaction import Transaction


def load(connection: sqlite3.Connection) -> dict[str, str]:
    return {row["name"]: row["model"] for row in connection.execute("SELECT name, model FROM agents")}


def choose(tx: Transaction, name: str, model: str | None) -> None:
    """None forgets the choice."""
    if model is None:
        tx.connection.execute("DELETE FROM agents WHERE name = ?", (name,))
    else:
        tx.connection.execute(
            "INSERT INTO agents (name, model) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET model = excluded.model",
            (name, model),
        )
