"""Messages between agents, operator and system: send, lease, ack, requeue, history."""

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from hyperhive.config import BrokerConfig
from hyperhive.domain.messages import (
    HARNESS_VANISHED,
    Rest,
    check_parked,
    dropped_text,
    left_text,
    parked_notice,
    parked_text,
    undeliverable_text,
    unstored_text,
)
from hyperhive.domain.questions import cancelled_text
from hyperhive.domain.quota import MIB, Quotas, full_notice
from hyperhive.domain.recipients import Roster
from hyperhive.domain.timing import DAY
from hyperhive.errors import HyperhiveError, NotFoundError, QuotaError, StoreError, UnknownRecipientError
from hyperhive.protocol.bus import Notice, QueueChanged, RefusalUnstored
from hyperhive.protocol.messages import (
    OPERATOR,
    SYSTEM,
    AckResult,
    InboxPage,
    LeaseRequest,
    LeaseResult,
    Message,
    MessageHeader,
    MessageKind,
    MessagePage,
    MessageState,
    SendRequest,
    SendResult,
)
from hyperhive.protocol.questions import QuestionState
from hyperhive.services.agents import Agents
from hyperhive.services.budgets import Budgets
from hyperhive.services.bus import Bus
from hyperhive.services.sending import Rules, concerns, send
from hyperhive.store import history, idempotency, questions
from hyperhive.store import messages as store
from hyperhive.store.database import Database
from hyperhive.store.history import Filter
from hyperhive.store.messages import Lease
from hyperhive.store.questions import Closing
from hyperhive.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

#: Most messages of one page of history or of the operator's inbox, and most characters of their bodies.
PAGE_LIMIT = 500
PAGE_CHARACTERS = 512 * 1024
#: Seconds between two rounds of retention, and rows that one round deletes of each table.
_PURGE_EVERY = 60.0
_PURGE_ROWS = 1000
#: Seconds between two notices that the same quota is full.
_TOLD_EVERY = 600.0


class Messages:
    def __init__(
        self,
        db: Database,
        bus: Bus,
        agents: Agents,
        budgets: Budgets,
        config: BrokerConfig,
        clock: Callable[[], float],
    ) -> None:
        self._db = db
        self._bus = bus
        self._agents = agents
        self._budgets = budgets
        self._config = config
        self._clock = clock
        self._purged_at = clock()
        self._pending: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._rests: dict[str, Rest] = {}
        retention = config.retention
        self._quotas = Quotas(hive=retention.hive_mib * MIB, agent=retention.agent_mib * MIB)
        #: When the operator was told last that a quota is full.
        self._told: dict[str, float] = {}
        self._unstored: Counter[str] = Counter()
        bus.subscribe(QueueChanged, self._queue_changed)
        bus.subscribe(RefusalUnstored, lambda refusal: self._unstored.update([refusal.sender]))

    @property
    def quotas(self) -> Quotas:
        return self._quotas

    @property
    def rules(self) -> Rules:
        return Rules(self._agents.roster, self._config.loop_breaker, self._quotas, self._budgets)

    def ruled(
        self, fn: Callable[Concatenate[Transaction, Rules, P], T]
    ) -> Callable[Concatenate[Transaction, P], T]:
        """`fn` with the rules of the time at which its transaction runs.

        Between the call and its turn agents may have come and gone.
        """

        def run(tx: Transaction, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return fn(tx, self.rules, *args, **kwargs)

        return run

    async def start(self) -> dict[str, int]:
        """Take the queues over from the store; returns how many messages are queued, by recipient."""
        depths = await self._db.read(store.all_pending)
        self._bus.publish(*(QueueChanged(name, depth, has_mail=False) for name, depth in depths.items()))
        return depths

    async def take_over(self) -> None:
        """Go on where the broker before this one ended, once all agents are known.

        Its leases get a full term again, so that a harness that reconnects keeps its turn. What waits for
        agents that have left is returned.
        """
        await self._db.commit(_take_over, self._agents.roster, self._lease_end())

    async def send(self, sender: str, request: SendRequest) -> SendResult:
        """Commit one message for every recipient.

        Raises:
            NotFoundError: The sender has left.
            InvalidRequestError: To oneself or `system`, `*` with nobody in reach, or a wrong `in_reply_to`.
            UnknownRecipientError: Nobody is called that.
            RecipientDeniedError: The allow-list does not permit it.
            LoopBrokenError: The loop breaker stopped it; of a broadcast nothing was sent then.
            TooManyRequestsError: The sender stored too much.
            ConflictError: The idempotency key belongs to another call.
            QuotaError: There is no room for more until something is finished.
        """
        with self.telling():
            outcome = await self._db.commit(self.ruled(send), sender, request)
        if isinstance(outcome, HyperhiveError):
            raise outcome
        return SendResult(messages=outcome)

    @contextlib.contextmanager
    def telling(self) -> Iterator[None]:
        """Tell the operator of a full quota, once in a while."""
        try:
            yield
        except QuotaError as error:
            now = self._clock()
            if not 0 <= now - self._told.get(error.name, -math.inf) < _TOLD_EVERY:
                self._told[error.name] = now
                self._bus.publish(Notice("warning", full_notice(error.name, self._quotas.of(error.name))))
            raise

    async def lease(self, agent: str, request: LeaseRequest) -> LeaseResult:
        """Hand out the oldest queued messages, waiting for a first one if asked to.

        There are none for an agent that gave its mail back again and again, until it has rested. Cancelling
        the call leases nothing. A `NotFoundError` says that the agent is not, or no longer, there.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + request.wait_seconds
        while True:
            self._require(agent)
            with self._next_change(agent) as changed:
                rested_at = self._rested_at(agent)
                rests = clock() < rested_at
                messages = await self._lease_now(agent, request) if self.pending(agent) and not rests else []
                if not messages and clock() < deadline:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout_at(min(deadline, rested_at) if rests else deadline):
                            await changed
                    continue
            none_now = rests or any(message.failures >= store.SUSPECT_FAILURES for message in messages)
            return LeaseResult(messages=messages, pending=0 if none_now else self.pending(agent))

    def let_go_on(self, agent: str) -> None:
        """The operator saw to it: it need not rest, and what it gave back is forgotten."""
        if self._rests.pop(agent, None):
            self._wake(agent)

    async def _lease_now(self, agent: str, request: LeaseRequest) -> list[Message]:
        handed: list[int] = []
        call = Lease(agent, request.turn, request.max, self._lease_end())
        try:
            return await self._db.submit(_lease, call, handed)
        except asyncio.CancelledError:
            # The writer may have leased already; the same thread takes it back before anything else.
            with contextlib.suppress(StoreError):
                self._db.submit(store.take_back, handed).add_done_callback(_forget)
            raise

    async def ack(self, agent: str, turn: str, ids: Sequence[int] | None = None) -> AckResult:
        """Finish these of the turn's messages, or all of them; those not in `ids` are queued again.

        It comes in time as long as no other turn has taken them, whatever became of the lease.
        """
        acked, given_back = await self._db.commit(_ack, agent, turn, ids)
        if acked:
            self._rests.pop(agent, None)
        elif given_back:
            self._gave_back(agent)
        return _ids(acked)

    async def requeue(self, agent: str, turn: str, failed: str | None = None) -> AckResult:
        """Put back what is leased to the turn, before everything that came later.

        `failed` is what the turn failed with, if its messages may be the reason; one that failed too many
        turns alone is parked.
        """
        given_back = await self._db.commit(self.ruled(_requeue), agent, turn, failed)
        # What turns fail with is parked after a few times, so that needs no rest.
        if given_back and failed is None:
            self._gave_back(agent)
        return _ids(given_back)

    async def retry(self, message_id: int) -> Message:
        """Queue a parked message again; a `NotFoundError`, or a `ConflictError` when it is not parked."""
        message = await self._db.commit(_retry, message_id)
        self.let_go_on(message.recipient)
        return message

    async def drop(self, message_id: int) -> Message:
        """Finish a parked message undelivered and tell its sender; errors as in `retry`."""
        return await self._db.commit(self.ruled(_drop), message_id)

    async def hold(self, agent: str, turns: Sequence[str]) -> None:
        """Give the turns' leases a full term, also those that have lapsed if nobody else took the mail."""
        await self._db.commit(_hold, agent, turns, self._lease_end())

    async def keep_only(self, agent: str, turns: Sequence[str], *, vanished: bool = False) -> AckResult:
        """Put back what is leased to the agent for any other turn; the listed ones get a full term.

        `vanished` when what held those others is no more and did not say goodbye: they count as failed, for
        a reason that their mail can have.
        """
        lease_end = self._lease_end()
        given_back = await self._db.commit(self.ruled(_keep_only), agent, turns, lease_end, vanished=vanished)
        if given_back:
            self._gave_back(agent)
        return _ids(given_back)

    async def read(self, ids: Sequence[int]) -> AckResult:
        """By the operator; ids that are not in the inbox are passed over."""
        return _ids(await self._db.commit(store.mark_read, OPERATOR, ids))

    async def post(
        self,
        recipient: str,
        kind: MessageKind,
        body: str,
        *,
        question: int | None = None,
        in_reply_to: int | None = None,
    ) -> Message:
        """Send as the system, without limits; an `UnknownRecipientError` when nobody is called that."""
        if not self._agents.roster.knows(recipient):
            raise UnknownRecipientError(f"nobody is called {recipient!r}")
        return await self._db.commit(
            store.post, recipient, kind, body, question=question, in_reply_to=in_reply_to
        )

    async def get(self, message_id: int, *, viewer: str | None = None) -> Message:
        """For a viewer only what it sent, or received and was not refused; else a `NotFoundError`."""
        message = await self._db.read(store.get, message_id)
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
        """Newest first; `limit` is cut to 1..PAGE_LIMIT, long bodies make a page shorter."""
        chosen = Filter(before=before, agent=agent, recipient=recipient, state=state, text=text)
        size = max(1, min(limit, PAGE_LIMIT))
        return await self._db.read(history.page, chosen, size, characters)

    async def inbox(
        self, *, after: int = 0, limit: int = PAGE_LIMIT, characters: int = PAGE_CHARACTERS
    ) -> InboxPage:
        """What the operator has not read, oldest first; limits as in `page`."""
        size = max(1, min(limit, PAGE_LIMIT))
        return await self._db.read(history.inbox, OPERATOR, after, size, characters)

    def pending(self, agent: str) -> int:
        """How many messages are queued for the agent (or the operator), as of the latest commit."""
        return self._pending.get(agent, 0)

    def recipients(self, agent: str) -> list[str]:
        """Whom the agent may reach: `operator` first, then agents by name."""
        return self._agents.roster.reach(agent)

    async def return_mail(self, name: str) -> None:
        """The agent left: return its mail to the senders, cancel its questions, tell the operator."""
        self._rests.pop(name, None)
        await self._db.commit(_return_mail, self._agents.roster, name)
        self._wake(name)

    async def renew(self) -> None:
        """Give every lease a full term again, so that its holder can speak before it ends."""
        await self._db.commit(store.hold_all, self._lease_end())

    async def sweep(self) -> None:
        """Put back what was leased too long; once a minute forget what retention does not keep."""
        await self._db.commit(store.requeue_expired)
        self._end_rests()
        now = self._clock()
        if 0 <= now - self._purged_at < _PURGE_EVERY:
            return
        self._purged_at = now
        unstored, self._unstored = self._unstored, Counter()
        for sender, count in sorted(unstored.items()):
            self._bus.publish(Notice("warning", unstored_text(sender, count)))
        if self._config.retention.messages_days:
            await self._db.commit(_purge, now - self._config.retention.messages_days * DAY)

    def _rested_at(self, agent: str) -> float:
        """In the event loop's time."""
        rest = self._rests.get(agent)
        return 0.0 if rest is None else rest.until

    def _gave_back(self, agent: str) -> None:
        self._rests.setdefault(agent, Rest()).gave_back(asyncio.get_running_loop().time())

    def _end_rests(self) -> None:
        """Wake who asked for mail while it rested, and was told that there is none."""
        now = asyncio.get_running_loop().time()
        for agent, rest in self._rests.items():
            if 0 < rest.until <= now:
                rest.until = 0.0
                depth = self.pending(agent)
                self._bus.publish(QueueChanged(agent, depth, has_mail=depth > 0))

    def _lease_end(self) -> float:
        return self._clock() + self._config.delivery.lease_seconds

    def _require(self, name: str) -> None:
        if not self._agents.roster.knows(name):
            raise NotFoundError(f"there is no agent {name!r}")

    @contextlib.contextmanager
    def _next_change(self, recipient: str) -> Iterator[asyncio.Future[None]]:
        group = self._waiting.setdefault(recipient, set())
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        group.add(future)
        try:
            yield future
        finally:
            group.discard(future)

    def _wake(self, recipient: str) -> None:
        for future in self._waiting.get(recipient, ()):
            if not future.done():
                future.set_result(None)

    def _queue_changed(self, queue: QueueChanged) -> None:
        self._pending[queue.recipient] = queue.depth
        self._wake(queue.recipient)


def _take_over(tx: Transaction, roster: Roster, lease_end: float) -> None:
    store.hold_all(tx, lease_end)
    names = set(store.awaited_recipients(tx.connection))
    for question in questions.open_all(tx.connection):
        names |= {question.asker, question.target}
    for name in sorted(name for name in names if not roster.knows(name)):
        _return_mail(tx, roster, name)


def _return_mail(tx: Transaction, roster: Roster, name: str) -> None:
    """Its queue becomes undeliverable and its questions are cancelled; `roster` is the hive without it."""
    stopped = store.undeliver(tx, name)
    by_sender: dict[str, list[int]] = {}
    for message in stopped:
        by_sender.setdefault(message.sender, []).append(message.id)
    for sender, ids in by_sender.items():
        if roster.knows(sender):
            store.post(
                tx, sender, MessageKind.UNDELIVERABLE, undeliverable_text(name, ids), in_reply_to=ids[0]
            )
    if stopped:
        text = left_text(name, len(stopped))
        store.post(tx, OPERATOR, MessageKind.NOTICE, text)
        tx.events.append(Notice("warning", text))
    for question in questions.open_for(tx.connection, name):
        closed = questions.close(tx, question.id, Closing(QuestionState.CANCELLED, SYSTEM, tx.now))
        other = closed.target if closed.asker == name else closed.asker
        if roster.knows(other) and (other != OPERATOR or closed.asker == OPERATOR):
            text = cancelled_text(closed, f"{name} left the hive")
            store.post(tx, other, MessageKind.QUESTION_CANCELLED, text, question=closed.id)


def _lease(tx: Transaction, call: Lease, handed: list[int]) -> list[Message]:
    # What it had it has already; only what is new to it is handed out.
    store.resume(tx, call.recipient, [call.turn], call.expires_at)
    messages = store.lease(tx, call)
    handed += [message.id for message in messages]
    return messages


def _ack(
    tx: Transaction, agent: str, turn: str, ids: Sequence[int] | None
) -> tuple[list[MessageHeader], list[MessageHeader]]:
    store.resume(tx, agent, [turn], tx.now)
    return store.ack(tx, agent, turn, ids), store.requeue(tx, agent, turn)


def _requeue(tx: Transaction, rules: Rules, agent: str, turn: str, failed: str | None) -> list[MessageHeader]:
    store.resume(tx, agent, [turn], tx.now)
    parked: Sequence[Message] = []
    if failed is not None:
        store.count_failure(tx, agent, turn, failed)
        parked = store.park(tx, agent, turn)
    for message in parked:
        _tell_sender(tx, rules, message, MessageKind.NOTICE, parked_text(message))
        tx.events.append(Notice("warning", parked_notice(message)))
    return [*parked, *store.requeue(tx, agent, turn)]


def _retry(tx: Transaction, message_id: int) -> Message:
    check_parked(store.header(tx.connection, message_id), message_id)
    return store.retry(tx, message_id)


def _drop(tx: Transaction, rules: Rules, message_id: int) -> Message:
    check_parked(store.header(tx.connection, message_id), message_id)
    message = store.drop(tx, message_id)
    carried = None
    if message.kind is MessageKind.QUESTION_ASKED and message.question is not None:
        carried = questions.get(tx.connection, message.question)
    if carried is None or carried.state is not QuestionState.OPEN:
        _tell_sender(tx, rules, message, MessageKind.UNDELIVERABLE, dropped_text(message))
        return message
    # Nobody will read the question any more.
    closed = questions.close(tx, carried.id, Closing(QuestionState.CANCELLED, OPERATOR, tx.now))
    text = cancelled_text(closed, dropped_text(message).rstrip("."))
    _tell_sender(tx, rules, message, MessageKind.QUESTION_CANCELLED, text, question=closed.id)
    return message


def _tell_sender(
    tx: Transaction,
    rules: Rules,
    message: MessageHeader,
    kind: MessageKind,
    text: str,
    *,
    question: int | None = None,
) -> None:
    """The operator sees on the page what becomes of parked mail, also of his own."""
    if message.sender != OPERATOR and rules.roster.knows(message.sender):
        store.post(tx, message.sender, kind, text, question=question, in_reply_to=message.id)


def _hold(tx: Transaction, agent: str, turns: Sequence[str], lease_end: float) -> None:
    store.resume(tx, agent, turns, lease_end)
    store.hold(tx, agent, turns, lease_end)


def _keep_only(
    tx: Transaction, rules: Rules, agent: str, turns: Sequence[str], lease_end: float, *, vanished: bool
) -> list[MessageHeader]:
    _hold(tx, agent, turns, lease_end)
    for turn in store.left_turns(tx.connection, agent, turns) if vanished else ():
        _requeue(tx, rules, agent, turn, HARNESS_VANISHED)
    return store.requeue_others(tx, agent, turns)


def _purge(tx: Transaction, before: float) -> None:
    store.purge(tx, before, _PURGE_ROWS)
    questions.purge(tx, before, _PURGE_ROWS)
    idempotency.purge(tx, before, _PURGE_ROWS)


def _ids(messages: Sequence[MessageHeader]) -> AckResult:
    return AckResult(ids=[message.id for message in messages])


def _forget(job: asyncio.Future[list[MessageHeader]]) -> None:
    """A failure that nobody waits for must not be reported as never retrieved."""
    if not job.cancelled():
        job.exception()
