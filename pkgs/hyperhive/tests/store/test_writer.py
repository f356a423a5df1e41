import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hyperhive.errors import StoreError
from hyperhive.protocol.bus import Event
from hyperhive.store.database import Writer


@pytest.fixture
async def statements() -> list[str]:
    return []


@pytest.fixture
async def connection(tmp_path: Path, statements: list[str]) -> AsyncIterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    connection.set_trace_callback(statements.append)
    yield connection
    connection.close()


@pytest.fixture
async def writer(connection: sqlite3.Connection) -> AsyncIterator[Writer]:
    writer = Writer(connection, asyncio.get_running_loop(), lambda _events: None)
    yield writer
    await asyncio.to_thread(writer.stop)


def add(connection: sqlite3.Connection) -> tuple[int, list[Event]]:
    return connection.execute("INSERT INTO t (body) VALUES (?)", ("x" * 3000,)).lastrowid or 0, []


async def test_jobs_that_wait_together_are_one_commit(writer: Writer, statements: list[str]) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: sqlite3.Connection) -> tuple[int, list[Event]]:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(5)
        return add(connection)

    first = writer.submit(hold)
    await begun.wait()
    others = [writer.submit(add) for _ in range(50)]
    go_on.set()

    assert await asyncio.gather(first, *others) == list(range(1, 52))
    assert statements.count("COMMIT") == 2


async def test_a_disk_that_refuses_fails_the_whole_group_and_the_next_one_may_succeed(
    writer: Writer, connection: sqlite3.Connection
) -> None:
    assert await writer.submit(add) == 1
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")

    outcomes = await asyncio.gather(*(writer.submit(add) for _ in range(3)), return_exceptions=True)
    connection.execute("PRAGMA max_page_count = 1000")

    assert [type(outcome) for outcome in outcomes] == [StoreError] * 3
    assert await writer.submit(add) == 2


async def test_a_transaction_that_sqlite_gave_up_is_an_error_for_every_job_in_it(writer: Writer) -> None:
    def give_up(connection: sqlite3.Connection) -> tuple[None, list[Event]]:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StoreError, match="cannot be written"):
        await writer.submit(give_up)
    assert await writer.submit(add) == 1
