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
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Concatenate, Final, NamedTuple, ParamSpec, Self, TypeVar, TypeVarTuple, Unpack

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
#: Most jobs of one owner in one commit, and bytes of text after which its further jobs wait for the next one.
OWNER_JOBS: Final = 32
OWNER_BYTES: Final = 1024 * 1024

#: On whose behalf transactions are asked for, an agent's name; empty for operator and system.
OWNER: ContextVar[str] = ContextVar("owner", default="")

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
        refused and nothing of it was written. Transactions of one `OWNER` run in the order in which they were
        asked for, and take turns with those of others.
        """
        return await self.submit(fn, *args, **kwargs)

    def submit(
        self, fn: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """`commit` without waiting. Cancelling the future drops a transaction that has not begun yet."""
        if self._writer is None:
            raise StoreError(f"{self._path} is closed")
        now = self._clock()

        def run(connection: sqlite3.Connection) -> Result:
            transaction = Transaction(connection, now)
            value = fn(transaction, *args, **kwargs)
            # First, so that whoever is told of a message knows how many wait.
            transaction.events[:0] = messages.queues(transaction)
            self._record(transaction)
            return Result(value, transaction.events, transaction.text_bytes)

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


class Result(NamedTuple):
    """What a job gave back, what it changed, and how much text it wrote or read."""

    value: Any
    events: Sequence[Event] = ()
    text_bytes: int = 0


@dataclass(frozen=True, eq=False)
class _Job:
    run: Callable[[sqlite3.Connection], Result]
    future: asyncio.Future[Any]
    owner: str


_Outcome = tuple[_Job, Result | BaseException]


@dataclass
class _Group:
    """The jobs of one commit."""

    jobs: list[_Job] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)
    _bytes: Counter[str] = field(default_factory=Counter)

    def has_room(self, owner: str) -> bool:
        return (
            len(self.jobs) < GROUP_LIMIT
            and self._counts[owner] < OWNER_JOBS
            and self._bytes[owner] < OWNER_BYTES
        )

    def add(self, job: _Job) -> None:
        self.jobs.append(job)
        self._counts[job.owner] += 1

    def count_text(self, owner: str, size: int) -> None:
        self._bytes[owner] += size


class _Queue:
    """Jobs that wait: each owner's in their order, the owners in turns."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        #: By owner, never empty; whose turn is next comes first.
        self._waiting: dict[str, deque[_Job]] = {}
        self._closed = False

    def put(self, job: _Job) -> None:
        with self._changed:
            self._waiting.setdefault(job.owner, deque()).append(job)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take_first(self, group: _Group) -> bool:
        """Wait for a job and move it into the group; False once the queue is closed and empty."""
        with self._changed:
            while not self._take(group):
                if self._closed:
                    return False
                self._changed.wait()
            return True

    def take(self, group: _Group) -> bool:
        """Move the next job that has room into the group, if there is one."""
        with self._changed:
            return self._take(group)

    def _take(self, group: _Group) -> bool:
        for owner in [owner for owner in self._waiting if group.has_room(owner)]:
            jobs = self._waiting.pop(owner)
            while jobs and jobs[0].future.cancelled():
                jobs.popleft()
            if jobs:
                group.add(jobs.popleft())
                if jobs:
                    self._waiting[owner] = jobs
                return True
        return False


class Writer:
    """Runs jobs on its own thread, each owner's in the order of `submit`, and settles them after the commit.

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
        self._queue = _Queue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, run: Callable[[sqlite3.Connection], Result]) -> asyncio.Future[Any]:
        """As `Database.submit`."""
        future: asyncio.Future[Any] = self._loop.create_future()
        self._queue.put(_Job(run, future, OWNER.get()))
        return future

    def stop(self) -> None:
        """Finish what is queued and end the thread; blocks."""
        self._queue.close()
        self._thread.join()

    def _work(self) -> None:
        while self._queue.take_first(group := _Group()):
            outcomes = self._commit(group)
            # The loop may be gone when the process is torn down; the commits stand all the same.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._settle, outcomes)

    def _commit(self, group: _Group) -> list[_Outcome]:
        """The group's first job, and with it all that waits and has room."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._run_next(group)]
            while self._queue.take(group):
                outcomes.append(self._run_next(group))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            log.exception("the store refused a commit of %d jobs", len(group.jobs))
            failure = _store_error(error)
            return [(job, failure) for job in group.jobs]
        return outcomes

    def _run_next(self, group: _Group) -> _Outcome:
        job, result = self._run(group.jobs[-1])
        if isinstance(result, Result):
            group.count_text(job.owner, result.text_bytes)
        return job, result

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
            if isinstance(outcome, Result):
                try:
                    self._publish(outcome.events)
                except Exception:  # whoever listens must not make this look like a lost commit
                    log.exception("publishing failed after a commit")
                if not job.future.done():
                    job.future.set_result(outcome.value)
            elif not job.future.done():
                job.future.set_exception(outcome)


def _store_error(error: sqlite3.Error) -> StoreError:
    failure = StoreError(f"the store cannot be written: {error}")
    failure.__cause__ = error
    return failure
