import sqlite3
from pathlib import Path

import pytest

from hyperhive.store import integrity


def test_a_sound_file_is_ok_and_has_a_size(connection: sqlite3.Connection) -> None:
    assert integrity.quick_check(connection, 5) == "ok"
    assert integrity.size(connection) > 4096


def test_a_file_too_large_for_the_time_gets_no_verdict(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(integrity, "_STEPS", 1)
    assert integrity.quick_check(connection, -1) is None
    # What ends one look must not end the next one.
    assert connection.execute("SELECT 1").fetchone()[0] == 1


def test_a_torn_page_is_found(tmp_path: Path) -> None:
    path = tmp_path / "torn.sqlite"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (a)")
        made.executemany("INSERT INTO t VALUES (?)", [("x" * 500,)] * 200)
    made.close()
    body = bytearray(path.read_bytes())
    body[8192:8292] = b"\xff" * 100
    path.write_bytes(body)
    torn = sqlite3.connect(path)
    try:
        assert integrity.quick_check(torn, 5) != "ok"
    except sqlite3.DatabaseError as error:
        assert "malformed" in str(error)  # noqa: PT017 - either is a finding
    torn.close()


def test_another_error_is_not_taken_for_one(tmp_path: Path) -> None:
    closed = sqlite3.connect(tmp_path / "a.sqlite")
    closed.close()
    with pytest.raises(sqlite3.ProgrammingError):
        integrity.quick_check(closed, 5)
