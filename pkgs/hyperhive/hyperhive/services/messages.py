"""Messages between agents, operator and system: send, lease, ack, requeue, history."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from hyperhive.config import BrokerConfig
from hyperhive.domain.days import DAY
from hyperhive.domain.messages import unstored_text
from hyperhive.domain.recipients import Roster
from hyperhive.errors import HyperhiveError, NotFoundError, StoreError, UnknownRecipientError
from hyperhive.protocol.messages import (
    OPERATOR,
    AckResult,
    InboxPage,
    LeaseRequest,
    LeaseResult,
    Message,
    MessageKind,
    MessagePage,
    MessageState,
    SendRequest,
    SendResult,
)
from hyperhive.services.changes import Changes
from hyperhive.services.departures import depart, depart_strangers
from hyperhive.services.outbox import MailCallback, Outbox
from hyperhive.services.sending import Rules, concerns, send
from hyperhive.store import history, idempotency, questions
from hyperhive.store import messages as store
from hyperhive.store.history import Filter
from hyperhive.store.messages import Lease

#: Most messages of one page of history or of the operator's inbox, and most characters of their bodies.
PAGE_LIMIT = 500
PAGE_CHARACTERS = 512 * 1024
#: Seconds between two rounds of retention, and rows that one round deletes of each table.
_PURGE_EVERY = 60.0
_PURGE_ROWS = 1000


class Messages:
    """What agents and the operator may do with messages."""

    def __init__(self, outbox: Outbox, config: BrokerConfig, clock: Callable[[], float]) -> None:
        self._outbox = outbox
        self._config = config
        self._clock = clock
        self._purged_at = clock()
        self._rules = Rules(Roster(config.agents), config.loop_breaker)

    @property
    def rules(self) -> Rules:
        """Everybody in the hive and the limits, as they are now."""
        return self._rules

    async def start(self) -> None:
        """Take the queues over from the store.

        Leases of a broker that ran before get a full term again, so that a harness that reconnects
        keeps its turn. What waits for agents that are not configured any more is returned.
        """
        self._outbox.set_pending(await self._outbox.read(store.all_pending))
        await self._outbox.commit(self._clock(), _take_over, self._rules.roster, self._lease_end())

    async def send(self, sender: str, request: SendRequest) -> SendResult:
        """Commit one message for every recipient.

        Raises:
            InvalidRequestError: To oneself or `system`, `*` with nobody in reach, or a wrong `in_reply_to`.
            UnknownRecipientError: Nobody is called that.
            RecipientDeniedError: The allow-list does not permit it.
            LoopBrokenError: The loop breaker stopped it; of a broadcast nothing was sent then.
            ConflictError: The idempotency key belongs to another call.
        """
        self._require(sender)
        outcome = await self._outbox.commit(self._clock(), send, self._rules, sender, request)
        if isinstance(outcome, HyperhiveError):
            raise outcome
        return SendResult(messages=outcome)

    async def lease(self, agent: str, request: LeaseRequest) -> LeaseResult:
        """Hand out the oldest queued messages, waiting for a first one if asked to.

        Cancelling the call leases nothing.

        Raises:
            NotFoundError: There is no such agent (any more).
        """
        deadline = asyncio.get_running_loop().time() + request.wait_seconds
        while True:
            self._require(agent)
            with self._outbox.waiting(agent) as changed:
                messages = await self._lease_now(agent, request) if self.pending(agent) else []
                if not messages and asyncio.get_running_loop().time() < deadline:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout_at(deadline):
                            await changed
                    continue
            return LeaseResult(messages=messages, pending=self.pending(agent))

    async def _lease_now(self, agent: str, request: LeaseRequest) -> list[Message]:
        handed: list[int] = []
        call = Lease(agent, request.turn, request.max, self._clock(), self._lease_end())
        job = self._outbox.submit(self._clock(), _lease, call, handed)
        try:
            messages, _ = await job
        except asyncio.CancelledError:
            # The writer may have leased already; the same thread takes it back before anything else.
            with contextlib.suppress(StoreError):
                self._outbox.submit(self._clock(), _take_back, handed).add_done_callback(_forget)
            raise
        return messages

    async def ack(self, agent: str, turn: str, ids: Sequence[int] | None = None) -> AckResult:
        """Finish what is still leased to the turn: these messages, or all when `ids` is None.

        What is leased to the turn and not among `ids` goes back to the queue.
        """
        return AckResult(ids=await self._outbox.commit(self._clock(), _ack, agent, turn, ids))

    async def requeue(self, agent: str, turn: str) -> AckResult:
        """Put back what is leased to the turn, before everything that came later."""
        return AckResult(ids=await self._outbox.commit(self._clock(), _requeue, agent, turn))

    async def hold(self, agent: str, turns: Sequence[str]) -> None:
        """Give the leases of these turns a full term again."""
        await self._outbox.commit(self._clock(), _hold, agent, turns, self._lease_end())

    async def keep_only(self, agent: str, turns: Sequence[str]) -> AckResult:
        """Put back what is leased to the agent for any other turn; the listed ones get a full term."""
        return AckResult(
            ids=await self._outbox.commit(self._clock(), _keep_only, agent, turns, self._lease_end())
        )

    async def read(self, ids: Sequence[int]) -> AckResult:
        """The operator has read these messages; ids that are not in the inbox are passed over."""
        return AckResult(ids=await self._outbox.commit(self._clock(), _read, ids))

    async def post(
        self,
        recipient: str,
        kind: MessageKind,
        body: str,
        *,
        question: int | None = None,
        in_reply_to: int | None = None,
    ) -> Message:
        """Send as the system; no limits apply.

        Raises:
            UnknownRecipientError: Nobody is called that.
        """
        if not self._rules.roster.knows(recipient):
            raise UnknownRecipientError(f"nobody is called {recipient!r}")
        return await self._outbox.commit(
            self._clock(), Changes.post, recipient, kind, body, question=question, in_reply_to=in_reply_to
        )

    async def get(self, message_id: int, *, viewer: str | None = None) -> Message:
        """One message; for a viewer only if it sent it, or received it and it was not refused.

        Raises:
            NotFoundError: There is none (for this viewer).
        """
        message = await self._outbox.read(lambda connection: store.get(connection, message_id))
        if message is None or (viewer is not None and not concerns(message, viewer)):
            raise NotFoundError(f"there is no message {message_id}")
        return message

    async def page(
        self,
        *,
        before: int | None = None,
        limit: int = 50,
        agent: str | None = None,
        recipient: str | None = None,
        state: MessageState | None = None,
        text: str | None = None,
        characters: int = PAGE_CHARACTERS,
    ) -> MessagePage:
        """History, newest first; `limit` is cut to 1..PAGE_LIMIT, long bodies make a page shorter."""
        chosen = Filter(before=before, agent=agent, recipient=recipient, state=state, text=text)
        size = max(1, min(limit, PAGE_LIMIT))
        return await self._outbox.read(lambda connection: history.page(connection, chosen, size, characters))

    async def inbox(
        self, *, after: int = 0, limit: int = PAGE_LIMIT, characters: int = PAGE_CHARACTERS
    ) -> InboxPage:
        """Messages to the operator that are not read yet, oldest first; limits as in `page`."""
        size = max(1, min(limit, PAGE_LIMIT))
        return await self._outbox.read(
            lambda connection: history.inbox(connection, OPERATOR, after, size, characters)
        )

    def pending(self, agent: str) -> int:
        """How many messages are queued for the agent (or the operator)."""
        return self._outbox.pending(agent)

    def recipients(self, agent: str) -> list[str]:
        """Whom the agent may reach: `operator` first, then agents by name."""
        return self._rules.roster.reach(agent)

    def on_mail(self, callback: MailCallback) -> None:
        """Call `callback(agent, pending)` on the event loop whenever there is mail to lease."""
        self._outbox.on_mail(callback)

    def on_depth(self, callback: MailCallback) -> None:
        """Call `callback(recipient, pending)` on the event loop whenever a queue's depth changed."""
        self._outbox.on_depth(callback)

    async def remove_agent(self, name: str) -> None:
        """The agent left: return its mail to the senders, cancel its questions, tell the operator."""
        self._rules = Rules(self._rules.roster.without(name), self._rules.limits)
        await self._outbox.commit(self._clock(), depart, self._rules.roster, name)
        self._outbox.wake(name)

    async def sweep(self) -> None:
        """Put back what was leased too long; once a minute forget what retention does not keep."""
        await self._outbox.commit(self._clock(), _requeue_expired)
        now = self._clock()
        if 0 <= now - self._purged_at < _PURGE_EVERY:
            return
        self._purged_at = now
        for sender, count in sorted(self._outbox.take_unstored().items()):
            self._outbox.notice(unstored_text(sender, count))
        if self._config.retention.messages_days:
            await self._outbox.commit(self._clock(), _purge, now - self._config.retention.messages_days * DAY)

    def _lease_end(self) -> float:
        return self._clock() + self._config.delivery.lease_seconds

    def _require(self, name: str) -> None:
        if not self._rules.roster.knows(name):
            raise NotFoundError(f"there is no agent {name!r}")


def _take_over(changes: Changes, roster: Roster, lease_end: float) -> None:
    store.hold_all(changes.connection, lease_end)
    depart_strangers(changes, roster)


def _lease(changes: Changes, call: Lease, handed: list[int]) -> list[Message]:
    messages = store.lease(changes.connection, call)
    handed += changes.changed(messages)
    return messages


def _take_back(changes: Changes, handed: list[int]) -> None:
    changes.changed(store.take_back(changes.connection, handed))


def _ack(changes: Changes, agent: str, turn: str, ids: Sequence[int] | None) -> list[int]:
    acked = changes.changed(store.ack(changes.connection, agent, turn, ids, changes.now))
    changes.changed(store.requeue(changes.connection, agent, turn))
    return acked


def _requeue(changes: Changes, agent: str, turn: str) -> list[int]:
    return changes.changed(store.requeue(changes.connection, agent, turn))


def _requeue_expired(changes: Changes) -> list[int]:
    return changes.changed(store.requeue_expired(changes.connection, changes.now))


def _keep_only(changes: Changes, agent: str, turns: Sequence[str], lease_end: float) -> list[int]:
    store.hold(changes.connection, agent, turns, lease_end)
    return changes.changed(store.requeue_others(changes.connection, agent, turns))


def _hold(changes: Changes, agent: str, turns: Sequence[str], lease_end: float) -> None:
    store.hold(changes.connection, agent, turns, lease_end)


def _read(changes: Changes, ids: Sequence[int]) -> list[int]:
    return changes.changed(store.mark_read(changes.connection, OPERATOR, ids, changes.now))


def _purge(changes: Changes, before: float) -> None:
    store.purge(changes.connection, before, _PURGE_ROWS)
    questions.purge(changes.connection, before, _PURGE_ROWS)
    idempotency.purge(changes.connection, before, _PURGE_ROWS)


def _forget(job: "asyncio.Future[tuple[None, Changes]]") -> None:
    """Take note of the outcome, so that a failure is not reported as never retrieved."""
    if not job.cancelled():
        job.exception()
