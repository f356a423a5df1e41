"""The SQLite file as the event loop sees it: transactions on a writer thread, reads beside them."""

import asyncio
import contextlib
import fcntl
import functools
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Concatenate, Final, ParamSpec, Self, TypeVar, TypeVarTuple, Unpack

from hyperhive.errors import StoreError
from hyperhive.protocol.bus import Event
from hyperhive.store import messages
from hyperhive.store.schema import migrate, schema_version
from hyperhive.store.transaction import Transaction
from hyperhive.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

READERS: Final = 2

#: WAL lets readers go on beside the writer; FULL makes every commit survive a power cut.
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000")


class Database:
    """One SQLite file, owned by one process: `async with Database(path) as db: await db.commit(fn, x)`.

    A file that is damaged, foreign or newer than this program is refused before anything in it changes.

    Args:
        path: The file; it and its directory are made when missing, for the owner alone.
        clock: Seconds since 1970.
        publish: Called with the events of each transaction on the event loop after its commit, in the order
            of the commits, also when the awaiting task was cancelled meanwhile.
        record: Runs at the end of each transaction, inside of it, on the writer thread.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        *,
        publish: Callable[[Sequence[Event]], object] = lambda _: None,
        record: Callable[[Transaction], object] = lambda _: None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._publish = publish
        self._record = record
        self._closing = contextlib.ExitStack()
        self._pool: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._readers = ThreadPoolExecutor(READERS, "store-reader")
        self._writer: Writer | None = None

    async def __aenter__(self) -> Self:
        """Open the file and bring its schema up to date.

        Raises:
            StoreError: The file cannot be used; the message names it and the reason.
        """
        connection = await asyncio.to_thread(self._open)
        self._writer = Writer(connection, asyncio.get_running_loop(), self._publish)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what waits, then close the file."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.to_thread(writer.stop)
        await asyncio.to_thread(self._close)

    async def commit(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(transaction, ...)` and return its value once it is on the disk and published.

        It runs on the writer thread. Its exception undoes its own writes only and is raised here.

        Raises:
            StoreError: The disk refused; nothing of it was written.
        """
        return await self.submit(fn, *args, **kwargs)

    def submit(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """`commit` without waiting. Cancelling the future drops a transaction that has not begun yet."""
        if self._writer is None:
            raise StoreError(f"{self._path} is closed")
        now = self._clock()

        def run(connection: sqlite3.Connection) -> tuple[T, Sequence[Event]]:
            transaction = Transaction(connection, now)
            value = fn(transaction, *args, **kwargs)
            # First, so that whoever is told of a message knows how many wait.
            transaction.events[:0] = messages.queues(transaction)
            self._record(transaction)
            return value, transaction.events

        return self._writer.submit(run)

    async def read(self, fn: Callable[[sqlite3.Connection, Unpack[Ts]], T], *args: *Ts) -> T:
        """Run `fn(connection, *args)` on a reader thread over one consistent state of the file."""
        if self._writer is None:
            raise StoreError(f"{self._path} is closed")
        job = functools.partial(self._read, fn, *args)
        return await asyncio.get_running_loop().run_in_executor(self._readers, job)

    def _read(self, fn: Callable[[sqlite3.Connection, Unpack[Ts]], T], *args: *Ts) -> T:
        connection = self._pool.get()
        try:
            connection.execute("BEGIN")
            return fn(connection, *args)
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._pool.put(connection)

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._closing.enter_context(_locked(self._path))
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            writer = self._connect()
            if schema_version(writer):
                _check(writer)
            for pragma in _PRAGMAS:
                writer.execute(f"PRAGMA {pragma}")
            migrate(writer)
            for _ in range(READERS):
                reader = self._connect()
                reader.execute("PRAGMA query_only=ON")
                self._pool.put(reader)
        except (OSError, sqlite3.Error, StoreError) as error:
            self._close()
            raise StoreError(f"{self._path} cannot be used: {error}") from error
        return writer

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._closing.callback(connection.close)
        connection.row_factory = sqlite3.Row
        return connection

    def _close(self) -> None:
        self._readers.shutdown()
        self._closing.close()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold `<path>.lock`, so that a second broker cannot run on the same file."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError("another broker is running on it") from error
        yield
    finally:
        os.close(descriptor)


def _check(connection: sqlite3.Connection) -> None:
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise StoreError(f"it is damaged: {verdict}")
