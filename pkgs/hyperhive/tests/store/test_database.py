import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from blockbuster import blockbuster_ctx

from hyperhive.errors import StoreError
from hyperhive.protocol.bus import Event, MessageChanged, Notice, QueueChanged
from hyperhive.protocol.messages import MessageKind, MessageState
from hyperhive.store import messages
from hyperhive.store.database import Database
from hyperhive.store.schema import migrations
from hyperhive.store.transaction import Transaction

CHILD = Path(__file__).with_name("committing_child.py")


@pytest.fixture
async def db(path: Path) -> AsyncIterator[Database]:
    with blockbuster_ctx("hyperhive"):
        async with Database(path) as db:
            yield db


def add(tx: Transaction, name: str, secret: str = "s") -> str:
    tx.connection.execute("INSERT INTO sessions VALUES (?, ?, 1)", (name, secret))
    return name


def names(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT digest FROM sessions ORDER BY digest")]


async def opened(path: Path) -> list[str]:
    async with Database(path) as db:
        return await db.read(names)


async def test_a_write_is_read_at_once_and_after_opening_again(path: Path) -> None:
    async with Database(path) as db:
        assert await db.commit(add, "a") == "a"
        assert await db.read(names) == ["a"]

    assert await opened(path) == ["a"]


async def test_the_files_are_for_the_owner_alone(db: Database, path: Path) -> None:
    await db.commit(add, "a")

    modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert set(modes) >= {"broker.sqlite", "broker.sqlite-wal"}
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_the_file_is_opened_so_that_a_commit_survives_a_power_cut(db: Database) -> None:
    def pragmas(tx: Transaction) -> list[Any]:
        return [
            tx.connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    async with asyncio.timeout(30):
        assert await db.commit(pragmas) == ["wal", 2, 1]


async def test_a_job_that_fails_undoes_its_own_writes_and_no_others(db: Database) -> None:
    def fail(tx: Transaction) -> None:
        add(tx, "lost")
        raise ValueError("no")

    outcomes = await asyncio.gather(
        db.commit(add, "a"), db.commit(fail), db.commit(add, "a"), db.commit(add, "b"), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [str, ValueError, sqlite3.IntegrityError, str]
    assert await db.read(names) == ["a", "b"]


def tell(tx: Transaction, text: str) -> str:
    tx.events.append(Notice("info", text))
    return text


async def test_events_are_published_in_the_order_of_the_commits_even_when_the_caller_is_gone(
    path: Path,
) -> None:
    told: list[Event] = []
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(tx: Transaction) -> str:
        loop.call_soon_threadsafe(begun.set)
        return tell(tx, "first")

    def fail(tx: Transaction) -> None:
        tell(tx, "lost")
        raise ValueError("no")

    async with Database(path, publish=told.extend) as db:
        gone = asyncio.ensure_future(db.commit(slow))
        await begun.wait()
        gone.cancel()
        with pytest.raises(ValueError, match="no"):
            await db.commit(fail)
        await db.commit(tell, "second")

    assert gone.cancelled()
    assert told == [Notice("info", "first"), Notice("info", "second")]


async def test_what_a_transaction_changed_is_recorded_in_it_with_the_queues_it_leaves_behind(
    path: Path,
) -> None:
    told: list[Event] = []

    def post(tx: Transaction) -> None:
        for recipient in ("alice", "alice", "bob"):
            messages.post(tx, recipient, MessageKind.NOTICE, "x")
        messages.undeliver(tx, "bob")

    def record(tx: Transaction) -> None:
        add(tx, f"{tx.now}: {len(tx.events)} events")

    async with Database(path, lambda: 7.0, publish=told.extend, record=record) as db:
        await db.commit(post)
        assert await db.read(names) == ["7.0: 6 events"]

    assert told[:2] == [QueueChanged("alice", 2, has_mail=True), QueueChanged("bob", 0, has_mail=False)]
    assert [
        (one.message.id, one.message.sender, one.message.sent_at, one.message.state, one.is_new)
        for one in told
        if isinstance(one, MessageChanged)
    ] == [
        (1, "system", 7.0, MessageState.QUEUED, True),
        (2, "system", 7.0, MessageState.QUEUED, True),
        (3, "system", 7.0, MessageState.QUEUED, True),
        (3, "system", 7.0, MessageState.UNDELIVERABLE, False),
    ]


async def test_a_job_that_is_cancelled_before_it_begins_is_never_run(db: Database) -> None:
    job = db.submit(add, "dropped")
    job.cancel()
    await db.commit(add, "kept")

    assert await db.read(names) == ["kept"]


async def test_a_publisher_that_fails_does_not_look_like_a_lost_commit(path: Path) -> None:
    def fail(_events: Sequence[Event]) -> None:
        raise ValueError("publisher")

    async with Database(path, publish=fail) as db:
        assert await db.commit(add, "a") == "a"
        assert await db.commit(add, "b") == "b"


async def test_readers_go_on_while_the_writer_is_busy_and_see_only_what_is_committed(db: Database) -> None:
    await db.commit(add, "before")
    loop, written, seen = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()

    def hold(tx: Transaction) -> None:
        add(tx, "during")
        loop.call_soon_threadsafe(written.set)
        asyncio.run_coroutine_threadsafe(seen.wait(), loop).result(5)

    writing = asyncio.ensure_future(db.commit(hold))
    await written.wait()
    during = await db.read(names)
    seen.set()
    await writing

    assert during == ["before"]
    assert await db.read(names) == ["before", "during"]


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.read(lambda connection: connection.execute("INSERT INTO sessions VALUES ('a', 's', 1)"))


async def test_closing_commits_what_waits_and_then_refuses(path: Path) -> None:
    async with Database(path) as db:
        waiting = [asyncio.ensure_future(db.commit(add, f"{number:03}")) for number in range(300)]
        await asyncio.sleep(0)

    await asyncio.gather(*waiting)
    with pytest.raises(StoreError, match="is closed"):
        await db.commit(add, "late")
    assert len(await opened(path)) == 300
    assert not path.with_name(path.name + "-wal").exists()


async def test_a_second_broker_on_the_same_file_is_refused(db: Database, path: Path) -> None:
    with pytest.raises(StoreError, match="another broker is running"):
        await opened(path)
    assert await db.commit(add, "still here") == "still here"


async def test_a_damaged_file_is_refused_and_left_as_it_is(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database " * 1000)

    with pytest.raises(StoreError, match=r"broker\.sqlite cannot be used: file is not a database"):
        await opened(path)
    assert path.read_bytes() == b"this is no database " * 1000


async def test_a_file_with_a_damaged_page_is_refused_and_left_as_it_is(path: Path) -> None:
    async with Database(path) as db:
        await asyncio.gather(*(db.commit(add, f"{number:03}", "x" * 500) for number in range(300)))
    damaged = bytearray(path.read_bytes())
    for page in range(20, len(damaged) // 4096, 3):
        damaged[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(damaged)

    with pytest.raises(StoreError, match="cannot be used"):
        await opened(path)
    assert path.read_bytes() == damaged


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO schema_version (version) VALUES (999)", "schema version 999"),
        ("ALTER TABLE schema_version RENAME TO something", "another program"),
    ],
)
async def test_a_file_of_a_newer_hyperhive_or_another_program_is_refused_and_left_as_it_is(
    path: Path, statement: str, reason: str
) -> None:
    async with Database(path) as db:
        await db.commit(lambda tx: tx.connection.execute(statement).rowcount)
    before = path.read_bytes()

    with pytest.raises(StoreError, match=reason):
        await opened(path)
    assert path.read_bytes() == before


async def test_a_directory_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be used"):
        await opened(tmp_path / "file" / "broker.sqlite")


async def test_an_empty_file_becomes_a_database_of_the_latest_schema(path: Path) -> None:
    path.parent.mkdir()
    path.touch()

    async with Database(path) as db:
        version = await db.read(
            lambda connection: connection.execute("SELECT max(version) FROM schema_version").fetchone()[0]
        )
    assert version == migrations()[-1].number


async def stored_ids(path: Path) -> set[int]:
    async with Database(path) as db:
        return await db.read(
            lambda connection: {row[0] for row in connection.execute("SELECT id FROM messages")}
        )


def test_every_acknowledged_write_is_there_after_the_process_was_killed_at_any_point(path: Path) -> None:
    acknowledged: set[int] = set()
    chance = random.Random(7)
    for _ in range(6):
        child = subprocess.Popen([sys.executable, CHILD, path], stdout=subprocess.PIPE)
        assert child.stdout is not None
        with child, child.stdout as output:
            # The first commit, and then a random number of bytes: a random point of its work.
            printed = output.readline() + output.read(chance.randint(1, 2000))
            child.kill()
            lines = (printed + output.read()).split(b"\n")
        new = {int(line) for line in lines[:-1]}
        assert new
        assert not new & acknowledged
        acknowledged |= new
        assert acknowledged <= asyncio.run(stored_ids(path))
