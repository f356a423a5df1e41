"""The one thread that writes: jobs that wait together become one commit."""

import asyncio
import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, TypeVar

from hyperhive.errors import StoreError
from hyperhive.protocol.bus import Event

T = TypeVar("T")

#: Most jobs in one commit.
GROUP_LIMIT: Final = 256

_logger = logging.getLogger(__name__)


#: A job's value, and what it changed.
_Result = tuple[Any, Sequence[Event]]


@dataclass(frozen=True, eq=False)
class _Job:
    run: Callable[[sqlite3.Connection], _Result]
    future: asyncio.Future[Any]


_Outcome = tuple[_Job, _Result | BaseException]


class Writer:
    """Runs jobs on its own thread, in the order of `submit`, and settles them after the commit.

    Args:
        connection: In autocommit mode, used by nobody else while the writer lives.
        loop: Where events are published and futures are resolved.
        publish: Gets the events of each job.
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
        """Queue one job; see `Database.submit`."""
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
        """Wait for a job and take what waits behind it; empty means stop."""
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
            _logger.exception("the store refused a commit of %d jobs", len(group))
            failure = _store_error(error)
            return [(job, failure) for job in group]
        return outcomes

    def _run(self, job: _Job) -> _Outcome:
        """Run one job so that its failure undoes only its own writes.

        Raises:
            sqlite3.Error: SQLite gave up the whole transaction (full disk, I/O error).
        """
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
        """Tell the event loop's side how the jobs ended; runs on the event loop."""
        for job, outcome in outcomes:
            if not isinstance(outcome, BaseException):
                value, events = outcome
                try:
                    self._publish(events)
                except Exception:  # whoever listens must not make this look like a lost commit
                    _logger.exception("publishing failed after a commit")
                if not job.future.done():
                    job.future.set_result(value)
            elif not job.future.done():
                job.future.set_exception(outcome)


def _store_error(error: sqlite3.Error) -> StoreError:
    """A full or failing disk as the caller sees it."""
    failure = StoreError(f"the store cannot be written: {error}")
    failure.__cause__ = error
    return failure
