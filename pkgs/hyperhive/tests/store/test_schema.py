import sqlite3

import pytest

from hyperhive.errors import StoreError
from hyperhive.store.schema import migrate, migrations, schema_version


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


def test_an_empty_database_gets_the_latest_schema_and_migrating_again_changes_nothing(
    connection: sqlite3.Connection,
) -> None:
    before = connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    migrate(connection)

    assert schema_version(connection) == migrations()[-1].number
    assert connection.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before


def test_every_table_checks_its_types(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    assert [row[0] for row in rows if "STRICT" not in row[0].rpartition(")")[2]] == []


def test_a_newer_schema_is_refused(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO schema_version (version) VALUES (1000)")

    with pytest.raises(StoreError, match="use a newer one"):
        migrate(connection)


def test_a_database_without_a_version_is_somebody_else_s() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (id INTEGER)")

    with pytest.raises(StoreError, match="another program"):
        schema_version(connection)
    connection.close()
