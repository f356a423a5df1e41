"""Sending inside a transaction: who may, whether it was said before, and what is kept of a refusal."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from hyperhive.config import LoopBreakerConfig
from hyperhive.domain.loops import (
    DUPLICATE_WINDOW,
    NOTICE_WINDOW,
    PING_PONG_WINDOW,
    RATE_WINDOW,
    LoopRefusal,
    PairCounts,
    judge,
    notice_text,
    refusal_text,
)
from hyperhive.domain.messages import REFUSED_PER_MINUTE, refused_body
from hyperhive.domain.quota import Quotas, full_text
from hyperhive.domain.recipients import RECIPIENT_DENIED, Roster
from hyperhive.errors import HyperhiveError, InvalidRequestError, LoopBrokenError, NotFoundError, QuotaError
from hyperhive.protocol.bus import Notice, RefusalUnstored
from hyperhive.protocol.messages import EVERYONE, OPERATOR, MessageHeader, MessageKind, SendRequest
from hyperhive.services.budgets import Budgets
from hyperhive.store import idempotency, loops, quota
from hyperhive.store import messages as store
from hyperhive.store.messages import NewMessage
from hyperhive.store.quota import HIVE, ROW_BYTES
from hyperhive.store.transaction import Transaction


@dataclass(frozen=True)
class Rules:
    """What a transaction decides with, as it is when the transaction runs."""

    roster: Roster
    limits: LoopBreakerConfig
    quotas: Quotas
    budgets: Budgets


def fingerprint(*parts: object) -> str:
    """Equal for two calls that are the same call."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def send(
    tx: Transaction, rules: Rules, sender: str, request: SendRequest
) -> list[MessageHeader] | HyperhiveError:
    """Store one message for every recipient, or the refusal, which the caller raises after the commit.

    Raises what makes no sense: `NotFoundError` of a sender that has left, `InvalidRequestError`,
    `UnknownRecipientError`, a `ConflictError` when the idempotency key belongs to another call, a
    `QuotaError`, and a `TooManyRequestsError` when the sender's budget is used up.
    """
    check_sender(rules, sender)
    connection, key = tx.connection, request.idempotency_key
    call = fingerprint("send", request.to, request.body, request.in_reply_to) if key is not None else ""
    known = idempotency.find(connection, sender, key, call)
    if known is not None:
        return store.headers(connection, known)
    _check_reply(tx, sender, request.in_reply_to)
    recipients = rules.roster.resolve(sender, request.to)
    news = [
        NewMessage(
            sender=sender,
            recipient=recipient,
            kind=MessageKind.TEXT,
            body=request.body,
            sent_at=tx.now,
            in_reply_to=request.in_reply_to,
            broadcast=request.to == EVERYONE,
        )
        for recipient in recipients
    ]
    for new in news:
        refusal = refuse(tx, rules, new)
        if refusal:
            return refusal
    check_quota(tx, rules, news)
    # All of them share one text.
    rules.budgets.store(sender, [len(request.body.encode()), *(0 for _ in news[1:])], tx.now)
    first = store.insert(tx, news[0])
    sent = [first, *(store.insert(tx, new, like=first.id) for new in news[1:])]
    idempotency.keep(tx, sender, key, call, [message.id for message in sent])
    return [*sent]


def check_sender(rules: Rules, name: str) -> None:
    """A `NotFoundError` when it has left: its allow-list went with it."""
    if not rules.roster.knows(name):
        raise NotFoundError(f"there is no agent {name!r}")


def refuse(tx: Transaction, rules: Rules, new: NewMessage) -> HyperhiveError | None:
    """Apply allow-list and loop breaker to a message that is not stored yet.

    Returns the error to raise after the commit, None when the message may be sent. A refused one is kept as
    `refused`, and a broken loop is told to both sides once in a while.
    """
    denial = rules.roster.denial(new.sender, new.recipient)
    if denial:
        _keep_refused(tx, rules, new, RECIPIENT_DENIED)
        return denial
    loop = _judge_loop(tx, rules.limits, new)
    if loop is None:
        return None
    _keep_refused(tx, rules, new, loop.rule)
    _tell_loop(tx, new, loop)
    return LoopBrokenError(refusal_text(loop))


def check_quota(tx: Transaction, rules: Rules, news: Sequence[NewMessage]) -> None:
    """Raise a `QuotaError` when messages of one sender would fill a quota with what is not finished."""
    cost = store.measured(news[0].body)[0] + ROW_BYTES
    shares = [(HIVE, len(news)), (news[0].sender, len(news)), *((new.recipient, 1) for new in news)]
    for name, share in shares:
        limit = rules.quotas.of(name) if name in rules.roster.agents or name == HIVE else 0
        if limit and quota.stored(tx.connection, name).waiting + share * cost > limit:
            raise QuotaError(full_text(name, news[0].sender, limit), name)


def _judge_loop(tx: Transaction, limits: LoopBreakerConfig, new: NewMessage) -> LoopRefusal | None:
    counts = PairCounts(
        recent=_count_recent(tx, new) if limits.messages_per_minute else 0,
        same=_count_same(tx, new) if limits.duplicates else 0,
        forth=0,
        back=0,
    )
    if limits.ping_pong and new.recipient != OPERATOR:
        pair = (new.sender, new.recipient)
        since = loops.last_outsider(tx.connection, pair, tx.now - PING_PONG_WINDOW)
        forth = loops.count_sent(tx.connection, new.sender, new.recipient, since)
        back = loops.count_sent(tx.connection, new.recipient, new.sender, since)
        counts = PairCounts(counts.recent, counts.same, forth, back)
    return judge(limits, new.sender, new.recipient, counts)


def _count_recent(tx: Transaction, new: NewMessage) -> int:
    """A question to an agent is a message too; one to the operator is only a question."""
    since = tx.now - RATE_WINDOW
    count = loops.count_sent(tx.connection, new.sender, new.recipient, since)
    if new.recipient == OPERATOR:
        count += loops.count_asked(tx.connection, new.sender, new.recipient, since)
    return count


def _count_same(tx: Transaction, new: NewMessage) -> int:
    """The message that carries a question holds its id, so questions are compared as such."""
    since = tx.now - DUPLICATE_WINDOW
    count = loops.count_asked if new.kind is MessageKind.QUESTION_ASKED else loops.count_sent
    return count(tx.connection, new.sender, new.recipient, since, new.body)


def _keep_refused(tx: Transaction, rules: Rules, new: NewMessage, rule: str) -> None:
    body = refused_body(new.body)
    many = loops.count_refused(tx.connection, new.sender, tx.now - 60) >= REFUSED_PER_MINUTE
    if many or not rules.budgets.stores(new.sender, [len(body.encode())], tx.now):
        tx.events.append(RefusalUnstored(new.sender))
        return
    store.insert(tx, new.refused(rule, body))


def _tell_loop(tx: Transaction, new: NewMessage, loop: LoopRefusal) -> None:
    pair = (new.sender, new.recipient)
    if loops.note_notice(tx, pair, NOTICE_WINDOW):
        text = notice_text(new.sender, new.recipient, loop)
        for side in pair:
            store.post(tx, side, MessageKind.NOTICE, text)
        tx.events.append(Notice("warning", text))


def _check_reply(tx: Transaction, sender: str, in_reply_to: int | None) -> None:
    if in_reply_to is None:
        return
    message = store.header(tx.connection, in_reply_to)
    if message is None or not concerns(message, sender):
        raise InvalidRequestError(f"in_reply_to: you neither sent nor received message {in_reply_to}")


def concerns(message: MessageHeader, name: str) -> bool:
    """Whether `name` may see the message: its sender, or its recipient unless it was refused."""
    return name == message.sender or (name == message.recipient and message.refused_rule is None)
