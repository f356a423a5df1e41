"""A real database, and a plain connection to its schema with a transaction on it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from hyperhive.store.schema import migrate
from hyperhive.store.transaction import Transaction


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db" / "broker.sqlite"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    migrate(connection)
    yield connection
    connection.close()


@pytest.fixture
def tx(connection: sqlite3.Connection) -> Transaction:
    return Transaction(connection, now=10.0)
