"""The history of messages: pages for the operator, newest first, and the operator's inbox."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hyperhive.protocol.messages import InboxPage, Message, MessagePage, MessageState
from hyperhive.store.messages import as_message

#: Finished messages that went well are the rule; for every other state there is a partial index.
_STATE_INDEX: Final = {
    MessageState.QUEUED: "messages_queued",
    MessageState.LEASED: "messages_leased",
    MessageState.PARKED: "messages_parked",
    MessageState.REFUSED: "messages_refused",
    MessageState.UNDELIVERABLE: "messages_undeliverable",
}
#: The partial indexes that begin with the recipient.
_RECIPIENT_INDEX: Final = {
    MessageState.QUEUED: "messages_queued",
    MessageState.LEASED: "messages_leased",
    MessageState.PARKED: "messages_parked",
}


@dataclass(frozen=True)
class Filter:
    """None does not filter."""

    #: Only ids below this one.
    before: int | None = None
    #: Sender or recipient.
    agent: str | None = None
    #: Not together with `agent`.
    recipient: str | None = None
    state: MessageState | None = None
    #: Occurs in the body, in any case of ASCII letters.
    text: str | None = None


def page(connection: sqlite3.Connection, chosen: Filter, limit: int, characters: int) -> MessagePage:
    """At most `limit` messages with `characters` in their bodies, one at least, newest first."""
    terms, values = _conditions(chosen)
    branches = _branches(chosen, terms)
    named = [name for name in (chosen.agent, chosen.recipient) if name is not None]
    each = [*named, *values, limit + 1]
    rows = connection.execute(
        "SELECT messages.*, text FROM messages CROSS JOIN bodies ON bodies.id = body_id"  # noqa: S608 - fixed terms
        f" WHERE messages.id IN ({' UNION '.join(branches)}) ORDER BY messages.id DESC LIMIT ?",
        (*(each * len(branches)), limit + 1),
    )
    messages, more = _fitting(rows, limit, characters)
    return MessagePage(messages=messages, next_before=messages[-1].id if more else None)


def inbox(
    connection: sqlite3.Connection, recipient: str, after: int, limit: int, characters: int
) -> InboxPage:
    """Unfinished messages of a recipient that does not lease, oldest first; limits as in `page`."""
    rows = connection.execute(
        "SELECT messages.*, text FROM messages INDEXED BY messages_queued"
        " CROSS JOIN bodies ON bodies.id = body_id"
        " WHERE recipient = ? AND state = 'queued' AND messages.id > ? ORDER BY messages.id LIMIT ?",
        (recipient, after, limit + 1),
    )
    messages, more = _fitting(rows, limit, characters)
    return InboxPage(messages=messages, next_after=messages[-1].id if more else None)


def _fitting(rows: Iterable[sqlite3.Row], limit: int, characters: int) -> tuple[list[Message], bool]:
    """The first rows that fit, read one by one, and whether there are more."""
    messages: list[Message] = []
    for row in rows:
        characters -= len(row["text"])
        if messages and (len(messages) == limit or characters < 0):
            return messages, True
        messages.append(as_message(row))
    return messages, False


def _branches(chosen: Filter, terms: str) -> list[str]:
    """Queries for the newest ids, each along one index; their union holds the page.

    `sender = ? OR recipient = ?` in one query, or a rare state without its index, would walk the table.
    """
    if chosen.recipient is not None:
        partial = _RECIPIENT_INDEX.get(chosen.state) if chosen.state else None
        sources = [(f"INDEXED BY {partial or 'messages_by_recipient'}", f"recipient = ? AND {terms}")]
    elif chosen.agent is None:
        index = _STATE_INDEX.get(chosen.state) if chosen.state else None
        sources = [(f"INDEXED BY {index}" if index else "NOT INDEXED", terms)]
    else:
        sources = [
            (f"INDEXED BY messages_by_{side}", f"{side} = ? AND {terms}") for side in ("sender", "recipient")
        ]
    return [
        f"SELECT id FROM (SELECT id FROM messages {source} WHERE {where} ORDER BY id DESC LIMIT ?)"  # noqa: S608 - fixed terms
        for source, where in sources
    ]


def _conditions(chosen: Filter) -> tuple[str, list[object]]:
    terms, values = ["TRUE"], list[object]()
    if chosen.before is not None:
        terms.append("id < ?")
        values.append(chosen.before)
    if chosen.state is not None:
        # Written out, because a partial index is only used for a constant.
        terms.append(f"state = '{chosen.state.value}'")
    if chosen.text:
        terms.append("(SELECT text FROM bodies WHERE bodies.id = body_id) LIKE ? ESCAPE '\\'")
        escaped = chosen.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values.append(f"%{escaped}%")
    return " AND ".join(terms), values
