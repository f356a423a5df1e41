"""Departures inside a transaction: an agent left the hive, and what it leaves behind is returned."""

from hyperhive.domain.messages import left_text, undeliverable_text
from hyperhive.domain.questions import cancelled_text
from hyperhive.domain.recipients import Roster
from hyperhive.protocol.messages import OPERATOR, SYSTEM, Message, MessageKind
from hyperhive.protocol.questions import QuestionState
from hyperhive.services.changes import Changes
from hyperhive.store import messages as store
from hyperhive.store import questions
from hyperhive.store.questions import Closing


def depart_strangers(changes: Changes, roster: Roster) -> None:
    """Return what waits for, or was asked by, anybody that the roster does not know any more."""
    names = set(store.awaited_recipients(changes.connection))
    for question in questions.open_all(changes.connection):
        names |= {question.asker, question.target}
    for name in sorted(name for name in names if not roster.knows(name)):
        depart(changes, roster, name)


def depart(changes: Changes, roster: Roster, name: str) -> None:
    """Mark what is queued for `name` undeliverable, cancel its questions, and tell whom it concerns.

    `roster` is the hive without `name`.
    """
    stopped = store.undeliver(changes.connection, name)
    changes.changed(stopped)
    _return_to_senders(changes, roster, name, stopped)
    for question in questions.open_for(changes.connection, name):
        closing = Closing(QuestionState.CANCELLED, SYSTEM, changes.now)
        closed = questions.close(changes.connection, question.id, closing)
        changes.questions.append(closed)
        other = closed.target if closed.asker == name else closed.asker
        if roster.knows(other) and (other != OPERATOR or closed.asker == OPERATOR):
            text = cancelled_text(closed, f"{name} left the hive")
            changes.post(other, MessageKind.QUESTION_CANCELLED, text, question=closed.id)


def _return_to_senders(changes: Changes, roster: Roster, name: str, stopped: list[Message]) -> None:
    by_sender: dict[str, list[int]] = {}
    for message in stopped:
        by_sender.setdefault(message.sender, []).append(message.id)
    for sender, ids in by_sender.items():
        if roster.knows(sender):
            changes.post(sender, MessageKind.UNDELIVERABLE, undeliverable_text(name, ids), in_reply_to=ids[0])
    if stopped:
        text = left_text(name, len(stopped))
        changes.post(OPERATOR, MessageKind.NOTICE, text)
        changes.notices.append(("warning", text))
