import asyncio
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hyperhive.errors import StoreError
from hyperhive.store.database import OWNER, OWNER_BYTES, OWNER_JOBS, Result, Writer


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


def add(connection: sqlite3.Connection, text_bytes: int = 0) -> Result:
    row = connection.execute("INSERT INTO t (body) VALUES (?)", ("x" * 3000,)).lastrowid
    return Result(row, text_bytes=text_bytes)


@dataclass
class Held:
    """A commit that goes on at the end of the block; it has no room for more of the same owner."""

    writer: Writer

    async def __aenter__(self) -> None:
        begun, self._go_on = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(_connection: sqlite3.Connection) -> Result:
            loop.call_soon_threadsafe(begun.set)
            asyncio.run_coroutine_threadsafe(self._go_on.wait(), loop).result(5)
            return Result(None, text_bytes=OWNER_BYTES)

        self._first = self.writer.submit(hold)
        await begun.wait()

    async def __aexit__(self, *_error: object) -> None:
        self._go_on.set()
        await self._first


async def test_jobs_that_wait_together_are_one_commit(writer: Writer, statements: list[str]) -> None:
    async with Held(writer):
        others = [writer.submit(add) for _ in range(OWNER_JOBS)]

    assert await asyncio.gather(*others) == list(range(1, OWNER_JOBS + 1))
    assert statements.count("COMMIT") == 2


def submit(writer: Writer, owner: str, count: int, text_bytes: int = 0) -> list[asyncio.Future[int]]:
    token = OWNER.set(owner)
    jobs = [writer.submit(lambda connection: add(connection, text_bytes)) for _ in range(count)]
    OWNER.reset(token)
    return jobs


async def test_owners_take_turns_and_each_keeps_its_order(writer: Writer) -> None:
    async with Held(writer):
        flood = submit(writer, "mallory", 5)
        bob, alice = submit(writer, "bob", 2), submit(writer, "alice", 1)

    assert await asyncio.gather(*flood) == [1, 4, 6, 7, 8]
    assert await asyncio.gather(*bob, *alice) == [2, 5, 3]


@pytest.mark.parametrize(
    ("text_bytes", "in_one"), [(0, OWNER_JOBS), (OWNER_BYTES // 2, 2), (OWNER_BYTES * 9, 1)]
)
async def test_one_owner_s_flood_does_not_fill_a_commit(
    writer: Writer, statements: list[str], text_bytes: int, in_one: int
) -> None:
    async with Held(writer):
        flood = submit(writer, "mallory", 3 * OWNER_JOBS, text_bytes)
        [other] = submit(writer, "alice", 1)

    assert await other == 2
    assert sorted(await asyncio.gather(*flood)) == [1, *range(3, 3 * OWNER_JOBS + 2)]
    first = statements[: statements.index("COMMIT")]
    assert len([one for one in first if one.startswith("INSERT")]) == in_one + 1


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
    def give_up(connection: sqlite3.Connection) -> Result:
        connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StoreError, match="cannot be written"):
        await writer.submit(give_up)
    assert await writer.submit(add) == 1
