"""The SQLite file as the event loop sees it: transactions on a writer thread, reads beside them."""

import asyncio
import contextlib
import fcntl
import functools
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Concatenate, Final, ParamSpec, Self, TypeVar, TypeVarTuple, Unpack

from hyperhive.errors import StoreError
from hyperhive.protocol.bus import Event
from hyperhive.store import messages
from hyperhive.store.schema import migrate, schema_version
from hyperhive.store.transaction import Transaction

log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

READERS: Final = 2
#: Most jobs in one commit.
GROUP_LIMIT: Final = 256

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
        """A `StoreError` names the file and why it cannot be used."""
        connection = await asyncio.to_thread(self._open)
        self._writer = Writer(connection, asyncio.get_running_loop(), self._publish)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What waits is committed first."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await asyncio.to_thread(writer.stop)
        await asyncio.to_thread(self._close)

    async def commit(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(transaction, ...)` on the writer thread; returns once it is on the disk and published.

        Its exception undoes its own writes only and is raised here; a `StoreError` says that the disk
        refused and nothing of it was written.
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
        """Run `fn(connection, *args)` on a reader thread, over one consistent state of the file."""
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
            # A migration can leave a log as large as the file.
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
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


#: A job's value, and what it changed.
_Result = tuple[Any, Sequence[Event]]


@dataclass(frozen=True, eq=False)
class _Job:
    run: Callable[[sqlite3.Connection], _Result]
    future: asyncio.Future[Any]


_Outcome = tuple[_Job, _Result | BaseException]


class Writer:
    """Runs jobs on its own thread, in the order of `submit`, and settles them after the commit.

    Nobody else uses `connection`, in autocommit mode, while the writer lives. Events are published and
    futures resolved on `loop`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        loop: asyncio.AbstractEventLoop,
        publish: Callable[[Sequence[Event]], object],
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._publish = publish
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[sqlite3.Connection], tuple[T, Sequence[Event]]]) -> asyncio.Future[T]:
        """As `Database.submit`."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put(_Job(run, future))
        return future

    def stop(self) -> None:
        """Finish what is queued and end the thread; blocks."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while group := self._next_group():
            outcomes = self._commit(group)
            # The loop may be gone when the process is torn down; the commits stand all the same.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _next_group(self) -> list[_Job]:
        """What waits, up to `GROUP_LIMIT`; waits for a first job, and is empty to stop."""
        group: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            if not job.future.cancelled():
                group.append(job)
            if len(group) == GROUP_LIMIT:
                break
            try:
                job = self._jobs.get_nowait() if group else self._jobs.get()
            except Empty:
                break
        else:
            if group:
                self._jobs.put(None)
        return group

    def _commit(self, group: Sequence[_Job]) -> list[_Outcome]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._run(job) for job in group]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            log.exception("the store refused a commit of %d jobs", len(group))
            failure = _store_error(error)
            return [(job, failure) for job in group]
        return outcomes

    def _run(self, job: _Job) -> _Outcome:
        """A job's failure undoes only its own writes; an `sqlite3.Error` means that all of them are lost."""
        self._connection.execute("SAVEPOINT job")
        try:
            result = job.run(self._connection)
        except Exception as error:  # the caller's future is the boundary
            if not self._connection.in_transaction:
                raise sqlite3.OperationalError(f"the transaction was lost: {error}") from error
            self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
            return job, _store_error(error) if isinstance(error, sqlite3.OperationalError) else error
        self._connection.execute("RELEASE job")
        return job, result

    def _settle(self, outcomes: Sequence[_Outcome]) -> None:
        """On the event loop."""
        for job, outcome in outcomes:
            if not isinstance(outcome, BaseException):
                value, events = outcome
                try:
                    self._publish(events)
                except Exception:  # whoever listens must not make this look like a lost commit
                    log.exception("publishing failed after a commit")
                if not job.future.done():
                    job.future.set_result(value)
            elif not job.future.done():
                job.future.set_exception(outcome)


def _store_error(error: sqlite3.Error) -> StoreError:
    failure = StoreError(f"the store cannot be written: {error}")
    failure.__cause__ = error
    return failure
