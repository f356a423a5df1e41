import contextlib
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hyperhive.errors import StoreError
from hyperhive.protocol.messages import MessageKind
from hyperhive.store import messages
from hyperhive.store.schema import migrate, migrations, schema_version
from hyperhive.store.transaction import Transaction

#: The last schema in which the rows of messages hold the texts.
BEFORE_BODIES = 5


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


def make_before_bodies(path: Path, rows: int, length: int) -> None:
    """A file whose messages hold their own texts; the last of them was deleted."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for step in migrations()[:BEFORE_BODIES]:
            connection.executescript(step.sql)
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (step.number,))
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO messages (sender, recipient, kind, body, in_reply_to, broadcast, question, sent_at,"
            " state, turn, deliveries, leased_at, lease_expires_at, acked_at, refused_rule, failures,"
            " failures_alone, error, lapsed_turn) VALUES (?, 'bob', 'text', ?, 7, 1, 9, 1.5, 'parked',"
            " 't1', 2, 2.5, 3.5, 4.5, 'rule', 5, 3, 'API Error', 't0')",
            ((f"agent-{number}", f"{number}\0ü" + "x" * length) for number in range(rows + 1)),
        )
        connection.execute("DELETE FROM messages WHERE id = ?", (rows + 1,))
        connection.execute("COMMIT")


def stored(path: Path) -> tuple[int, list[dict[str, Any]]]:
    """The schema's version and every message with its text."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        version = schema_version(connection)
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        sql = "SELECT messages.*, text AS body FROM messages JOIN bodies ON bodies.id = body_id"
        rows = map(dict, connection.execute("SELECT * FROM messages" if version == BEFORE_BODIES else sql))
        return version, [
            {name: value for name, value in row.items() if name not in {"body_id", "size", "digest"}}
            for row in rows
        ]


def test_messages_of_an_old_file_keep_everything_and_their_ids_are_not_used_again(tmp_path: Path) -> None:
    make_before_bodies(tmp_path / "x", 3, 2)
    version, before = stored(tmp_path / "x")
    with contextlib.closing(sqlite3.connect(tmp_path / "x", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection)
        sizes = [row["size"] for row in connection.execute("SELECT size FROM messages ORDER BY id")]
        new = messages.post(Transaction(connection, 1.0), "bob", MessageKind.NOTICE, "new")

    assert version == BEFORE_BODIES
    assert [row.pop("body") for row in before] == ["0\0üxx", "1\0üxx", "2\0üxx"]
    after = stored(tmp_path / "x")[1][:3]
    assert [row.pop("body") for row in after] == ["0\0üxx", "1\0üxx", "2\0üxx"]
    assert after == before
    assert sizes == [6, 6, 6]
    assert new.id == 5


def test_a_process_that_is_killed_while_it_moves_texts_leaves_the_old_file_or_the_new_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "broker.sqlite"
    make_before_bodies(path, 40, 500_000)
    _, before = stored(path)
    log = path.with_name("broker.sqlite-wal")
    script = (
        "import sys, sqlite3 as s; from hyperhive.store.schema import migrate as m; m(s.connect(sys.argv[1]))"
    )
    seen = set()
    for size in (1, 2_000_000, 8_000_000, 2**62):
        with subprocess.Popen([sys.executable, "-c", script, path]) as child:
            while child.poll() is None and not (log.exists() and log.stat().st_size >= size):
                time.sleep(0.001)
            child.kill()
        version, rows = stored(path)
        seen.add(version)
        assert rows == before

    assert seen == {BEFORE_BODIES, migrations()[-1].number}
