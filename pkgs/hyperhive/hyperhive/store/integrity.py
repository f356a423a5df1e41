"""Integrity of the database file, looked at within a time."""

import sqlite3
import time
from typing import Final

#: SQLite instructions between two looks at the clock.
_STEPS: Final = 100_000


def quick_check(connection: sqlite3.Connection, seconds: float) -> str | None:
    """SQLite's verdict, `ok` for a file without a fault; None when it took longer than `seconds`."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)


def size(connection: sqlite3.Connection) -> int:
    """Bytes of the file, without what is still in the write-ahead log."""
    pages = int(connection.execute("PRAGMA page_count").fetchone()[0])
    return pages * int(connection.execute("PRAGMA page_size").fetchone()[0])
