"""Questions to the operator and between agents: ask, answer, cancel, expire."""

import sqlite3
from itertools import accumulate
from typing import Final

from hyperhive.domain.questions import (
    answered_elsewhere_text,
    answered_text,
    asked_text,
    cancelled_text,
    check_answer,
    check_cancel,
    check_sees,
    expired_text,
    sizes_of_answering,
    sizes_of_asking,
)
from hyperhive.errors import ConflictError, HyperhiveError, InvalidRequestError
from hyperhive.protocol.messages import EVERYONE, OPERATOR, SYSTEM, MessageKind
from hyperhive.protocol.questions import AskRequest, Question, QuestionState
from hyperhive.services.messages import Messages
from hyperhive.services.sending import Rules, check_quota, check_sender, fingerprint, refuse
from hyperhive.store import idempotency, messages
from hyperhive.store import questions as store
from hyperhive.store.database import Database
from hyperhive.store.messages import NewMessage
from hyperhive.store.questions import Closing, NewQuestion
from hyperhive.store.transaction import Transaction

#: Most questions of one asker that are open at a time, and bytes of their texts: the page gets all of them.
OPEN_LIMIT: Final = 100
OPEN_BYTES: Final = 1024 * 1024
#: How many closed questions `recent` still shows, and characters of theirs.
RECENT_CLOSED: Final = 20
RECENT_CHARACTERS: Final = 128 * 1024


class Questions:
    def __init__(self, db: Database, messages: Messages) -> None:
        self._db = db
        self._messages = messages

    async def ask(self, asker: str, request: AskRequest) -> Question:
        """Open a question; an agent gets it as a message, the operator sees it on the page.

        Errors as in `Messages.send`, but `*` is refused; a `ConflictError` also when too many are open.
        """
        with self._messages.telling():
            outcome = await self._db.commit(self._messages.ruled(_ask), asker, request)
        if isinstance(outcome, HyperhiveError):
            raise outcome
        return outcome

    async def answer(self, question_id: int, by: str, text: str) -> Question:
        """Close a question with an answer, which goes to the asker as a message.

        A `NotFoundError` when it is none of the caller's business, a `ForbiddenError` for its asker, a
        `ConflictError` when it is closed, a `TooManyRequestsError` when the caller stored too much.
        """
        return await self._db.commit(self._messages.ruled(_answer), question_id, by, text)

    async def cancel(self, question_id: int, by: str) -> Question:
        """Without an answer; errors as in `answer`, but for the asker."""
        return await self._db.commit(self._messages.ruled(_cancel), question_id, by)

    async def get(self, question_id: int) -> Question:
        """A `NotFoundError` when there is none of that id."""
        question = await self._db.read(store.get, question_id)
        return check_sees(question, OPERATOR, question_id)

    async def open_for(self, agent: str) -> list[Question]:
        """Those it asked or was asked, oldest first."""
        return await self._db.read(store.open_for, agent)

    async def recent(self) -> list[Question]:
        """All open ones and the RECENT_CLOSED latest closed ones, fewer the longer they are; newest first."""
        return sorted(await self._db.read(_recent), key=lambda one: one.id, reverse=True)

    async def postpone(self, seconds: float) -> None:
        """Let open questions expire so much later."""
        await self._db.commit(store.postpone, seconds)

    async def sweep(self) -> None:
        await self._db.commit(self._messages.ruled(_expire))


def _ask(tx: Transaction, rules: Rules, asker: str, request: AskRequest) -> Question | HyperhiveError:
    check_sender(rules, asker)
    connection, key = tx.connection, request.idempotency_key
    call = fingerprint(
        "ask", request.to, request.question, request.options, request.multi, request.ttl_seconds
    )
    known = idempotency.find(connection, asker, key, call)
    if known is not None:
        return check_sees(store.get(connection, known[0]), asker, known[0])
    if request.to == EVERYONE:
        raise InvalidRequestError(f"to: a question goes to one recipient, not to {EVERYONE!r}")
    [target] = rules.roster.resolve(asker, request.to)
    message = NewMessage(
        sender=asker,
        recipient=target,
        kind=MessageKind.QUESTION_ASKED,
        body=request.question,
        sent_at=tx.now,
    )
    refusal = refuse(tx, rules, message)
    if refusal:
        return refusal
    if store.count_open(connection, asker) >= OPEN_LIMIT:
        raise ConflictError(f"{OPEN_LIMIT} of your questions are open: wait for answers or cancel some")
    if (held := store.open_bytes(connection, asker)) and held + len(request.question.encode()) > OPEN_BYTES:
        raise ConflictError("your open questions are long enough: wait for answers or cancel some")
    check_quota(tx, rules, [message])
    rules.budgets.store(asker, sizes_of_asking(request.question, request.options, target), tx.now)
    question = store.insert(tx, _new_question(tx.now, asker, target, request))
    if target != OPERATOR:
        messages.insert(tx, message.carrying(question.id, asked_text(question)))
    idempotency.keep(tx, asker, key, call, [question.id])
    return question


def _recent(connection: sqlite3.Connection) -> list[Question]:
    closed = store.latest_closed(connection, RECENT_CLOSED)[::-1]
    sizes = accumulate(len(one.question) + len(one.answer or "") for one in closed)
    fitting = [one for one, size in zip(closed, sizes, strict=True) if size <= RECENT_CHARACTERS]
    return store.open_all(connection) + fitting


def _new_question(now: float, asker: str, target: str, request: AskRequest) -> NewQuestion:
    return NewQuestion(
        asker=asker,
        target=target,
        question=request.question,
        options=request.options,
        multi=request.multi,
        asked_at=now,
        deadline_at=None if request.ttl_seconds is None else now + request.ttl_seconds,
    )


def _answer(tx: Transaction, rules: Rules, question_id: int, by: str, text: str) -> Question:
    found = check_sees(store.get(tx.connection, question_id), by, question_id)
    check_answer(found, by, tx.now)
    rules.budgets.store(by, sizes_of_answering(found, text), tx.now)
    closed = store.close(tx, found.id, Closing(QuestionState.ANSWERED, by, tx.now, text))
    kind = MessageKind.QUESTION_ANSWERED
    if closed.asker != by:
        _tell(tx, rules, closed.asker, kind, answered_text(closed), closed)
    if closed.target not in {by, OPERATOR}:
        _tell(tx, rules, closed.target, kind, answered_elsewhere_text(closed), closed)
    return closed


def _cancel(tx: Transaction, rules: Rules, question_id: int, by: str) -> Question:
    found = check_sees(store.get(tx.connection, question_id), by, question_id)
    check_cancel(found, by, tx.now)
    closed = store.close(tx, found.id, Closing(QuestionState.CANCELLED, by, tx.now))
    text = cancelled_text(closed, f"{by} cancelled it")
    for side in (closed.asker, closed.target):
        if side not in {by, OPERATOR}:
            _tell(tx, rules, side, MessageKind.QUESTION_CANCELLED, text, closed)
    return closed


def _expire(tx: Transaction, rules: Rules) -> None:
    for overdue in store.overdue(tx.connection, tx.now):
        closed = store.close(tx, overdue.id, Closing(QuestionState.EXPIRED, SYSTEM, tx.now))
        _tell(tx, rules, closed.asker, MessageKind.QUESTION_EXPIRED, expired_text(closed), closed)


def _tell(tx: Transaction, rules: Rules, name: str, kind: MessageKind, text: str, question: Question) -> None:
    if rules.roster.knows(name):
        messages.post(tx, name, kind, text, question=question.id)
