"""Commits and tells: runs a transaction, then publishes what it changed and wakes who waits for mail."""

import asyncio
import contextlib
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Concatenate, ParamSpec, TypeVar

from hyperhive.protocol.messages import OPERATOR, MessageState
from hyperhive.protocol.questions import Question
from hyperhive.services.bus import Bus
from hyperhive.services.changes import Changes
from hyperhive.services.tally import Tally
from hyperhive.store.database import Database

P = ParamSpec("P")
T = TypeVar("T")

MailCallback = Callable[[str, int], object]

#: States from which mail is available, or from which the way is free for later mail of the pair.
_FREEING = frozenset({MessageState.QUEUED, MessageState.ACKED})


class Outbox:
    """Shared by messages and questions. Everything but the transactions runs on the event loop."""

    def __init__(self, db: Database, bus: Bus, tally: Tally) -> None:
        self._db = db
        self._bus = bus
        self._tally = tally
        self._pending: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._on_mail: list[MailCallback] = []
        self._on_depth: list[MailCallback] = []
        self._on_question: list[Callable[[Question], object]] = []
        self._unstored: Counter[str] = Counter()

    async def commit(
        self, now: float, fn: Callable[Concatenate[Changes, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `fn(changes, ...)` on the writer thread as of `now`; once it is on the disk, tell everyone."""
        value, _ = await self.submit(now, fn, *args, **kwargs)
        return value

    def submit(
        self, now: float, fn: Callable[Concatenate[Changes, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[tuple[T, Changes]]:
        """Like `commit`, without waiting; see `Database.submit` about cancelling."""

        def job(connection: sqlite3.Connection) -> tuple[T, Changes]:
            changes = Changes(connection, now)
            value = fn(changes, *args, **kwargs)
            changes.seal()
            self._tally.messages(changes)
            return value, changes

        return self._db.submit(job, then=lambda result: self._publish(result[1]))

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run `fn(connection)` over one consistent state of the store."""
        return await self._db.read(fn)

    def pending(self, recipient: str) -> int:
        """How many messages are queued, as of the latest commit."""
        return self._pending.get(recipient, 0)

    def set_pending(self, depths: dict[str, int]) -> None:
        """Take the depths over from the store at start."""
        self._pending = depths
        self._tally.start(depths)

    def on_mail(self, callback: MailCallback) -> None:
        """Call `callback(agent, pending)` whenever there is mail to lease that was not there before."""
        self._on_mail.append(callback)

    def on_depth(self, callback: MailCallback) -> None:
        """Call `callback(recipient, pending)` whenever a queue's depth changed."""
        self._on_depth.append(callback)

    def on_question(self, callback: Callable[[Question], object]) -> None:
        """Call `callback(question)` for every question that is new or closed."""
        self._on_question.append(callback)

    @contextlib.contextmanager
    def waiting(self, recipient: str) -> Iterator[asyncio.Future[None]]:
        """A future that is done as soon as anything changes for the recipient."""
        group = self._waiting.setdefault(recipient, set())
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        group.add(future)
        try:
            yield future
        finally:
            group.discard(future)

    def wake(self, recipient: str) -> None:
        """Let every call that waits for the recipient's mail look again."""
        for future in self._waiting.get(recipient, ()):
            if not future.done():
                future.set_result(None)

    def take_unstored(self) -> Counter[str]:
        """Refusals since the last call that were only counted, by sender."""
        taken, self._unstored = self._unstored, Counter()
        return taken

    def notice(self, text: str) -> None:
        """Warn the operator."""
        self._bus.publish_notice("warning", text)

    def _publish(self, changes: Changes) -> None:
        before = {recipient: self.pending(recipient) for recipient in changes.pending}
        self._pending.update(changes.pending)
        self._unstored.update(changes.unstored)
        for message in changes.messages:
            self._bus.publish_message(message, self.pending(OPERATOR))
        for question in changes.questions:
            self._bus.publish_question(question)
            for tell in self._on_question:
                tell(question)
        for level, text in changes.notices:
            self._bus.publish_notice(level, text)
        # Waiters first: a listener that fails must not leave a lease waiting.
        for recipient in changes.pending:
            self.wake(recipient)
        freed = {message.recipient for message in changes.messages if message.state in _FREEING}
        for recipient, depth in changes.pending.items():
            self._tell(recipient, depth, changed=depth != before[recipient], freed=recipient in freed)

    def _tell(self, recipient: str, depth: int, *, changed: bool, freed: bool) -> None:
        if changed:
            for callback in self._on_depth:
                callback(recipient, depth)
        if freed and depth:
            for callback in self._on_mail:
                callback(recipient, depth)
