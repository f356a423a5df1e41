import sqlite3

import pytest

from hyperhive.errors import ConflictError
from hyperhive.store import idempotency


def test_a_key_answers_what_was_kept_for_its_caller(connection: sqlite3.Connection) -> None:
    idempotency.keep(connection, "alice", "k", "call", [1, 2], 1.0)

    assert idempotency.find(connection, "alice", "k", "call") == [1, 2]
    assert idempotency.find(connection, "bob", "k", "call") is None
    with pytest.raises(ConflictError, match="'k'"):
        idempotency.find(connection, "alice", "k", "another call")


def test_without_a_key_nothing_is_kept(connection: sqlite3.Connection) -> None:
    idempotency.keep(connection, "alice", None, "call", [1], 1.0)

    assert idempotency.find(connection, "alice", None, "call") is None


def test_old_keys_are_forgotten(connection: sqlite3.Connection) -> None:
    idempotency.keep(connection, "alice", "old", "call", [1], 1.0)
    idempotency.keep(connection, "alice", "new", "call", [2], 5.0)
    idempotency.purge(connection, 5.0, 10)

    assert idempotency.find(connection, "alice", "old", "call") is None
    assert idempotency.find(connection, "alice", "new", "call") == [2]
