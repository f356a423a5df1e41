from dataclasses import replace

import pytest

from hyperhive.errors import ConflictError
from hyperhive.store import idempotency
from hyperhive.store.transaction import Transaction


def test_a_key_answers_what_was_kept_for_its_caller(tx: Transaction) -> None:
    idempotency.keep(tx, "alice", "k", "call", [1, 2])

    assert idempotency.find(tx.connection, "alice", "k", "call") == [1, 2]
    assert idempotency.find(tx.connection, "bob", "k", "call") is None
    with pytest.raises(ConflictError, match="'k'"):
        idempotency.find(tx.connection, "alice", "k", "another call")


def test_without_a_key_nothing_is_kept(tx: Transaction) -> None:
    idempotency.keep(tx, "alice", None, "call", [1])

    assert idempotency.find(tx.connection, "alice", None, "call") is None


def test_old_keys_are_forgotten(tx: Transaction) -> None:
    idempotency.keep(tx, "alice", "old", "call", [1])
    idempotency.keep(replace(tx, now=15.0), "alice", "new", "call", [2])
    idempotency.purge(tx, 15.0, 10)

    assert idempotency.find(tx.connection, "alice", "old", "call") is None
    assert idempotency.find(tx.connection, "alice", "new", "call") == [2]
