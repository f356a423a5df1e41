"""Messages in the store: their life from insert to ack."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate, takewhile
from typing import Any, Final

from hyperhive.protocol.bus import MessageChanged, QueueChanged
from hyperhive.protocol.messages import SYSTEM, Message, MessageHeader, MessageKind, MessageState
from hyperhive.store.transaction import Transaction

#: States from which mail is available, or from which the way is free for later mail of the pair.
_FREEING: Final = frozenset({MessageState.QUEUED, MessageState.ACKED, MessageState.PARKED})
#: From so many failed turns on a message gets turns of its own, and after so many of these it is parked.
SUSPECT_FAILURES: Final = 2
PARKED_FAILURES: Final = 3
#: Most bytes of text that one lease hands out, unless the first message alone has more.
LEASE_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class NewMessage:
    """`queued`, or `refused` when `refused_rule` names the rule."""

    sender: str
    recipient: str
    kind: MessageKind
    body: str
    sent_at: float
    in_reply_to: int | None = None
    broadcast: bool = False
    question: int | None = None
    refused_rule: str | None = None

    def carrying(self, question: int, body: str) -> "NewMessage":
        """The carrier of a question."""
        return replace(self, question=question, body=body)

    def refused(self, rule: str, body: str) -> "NewMessage":
        """What is kept of a refusal."""
        return replace(self, refused_rule=rule, body=body)


@dataclass(frozen=True)
class Lease:
    recipient: str
    turn: str
    count: int
    #: Seconds since 1970.
    expires_at: float


def as_message(row: sqlite3.Row) -> Message:
    """From a row of a message and its `text`."""
    return Message(body=row["text"], **_fields(row))


def _header(row: sqlite3.Row) -> MessageHeader:
    return MessageHeader(**_fields(row))


def _fields(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "sender": row["sender"],
        "recipient": row["recipient"],
        "kind": MessageKind(row["kind"]),
        "in_reply_to": row["in_reply_to"],
        "broadcast": bool(row["broadcast"]),
        "question": row["question"],
        "sent_at": row["sent_at"],
        "state": MessageState(row["state"]),
        "turn": row["turn"],
        "deliveries": row["deliveries"],
        "redelivered": row["deliveries"] > 1,
        "leased_at": row["leased_at"],
        "acked_at": row["acked_at"],
        "refused_rule": row["refused_rule"],
        "failures": row["failures"],
        "error": row["error"],
    }


# The last one is kept for the recipients of a broadcast.
@lru_cache(maxsize=1)
def measured(text: str) -> tuple[int, int]:
    """Its bytes and the first 64 bits of its hash, as the store has them."""
    data = text.encode()
    return len(data), int.from_bytes(blake2b(data, digest_size=8).digest(), signed=True)


def insert(tx: Transaction, new: NewMessage, *, like: int | None = None) -> Message:
    """Ids grow in the order of the inserts; `like` is the id of a message of the same broadcast."""
    state = MessageState.REFUSED if new.refused_rule else MessageState.QUEUED
    size, digest = measured(new.body)
    if like is None:
        body = tx.connection.execute("INSERT INTO bodies (text) VALUES (?)", (new.body,)).lastrowid
    else:
        [body] = tx.connection.execute("SELECT body_id FROM messages WHERE id = ?", (like,)).fetchone()
    [row] = tx.connection.execute(
        "INSERT INTO messages (sender, recipient, kind, body_id, size, digest, in_reply_to, broadcast,"
        " question, sent_at, state, refused_rule) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
        (
            new.sender,
            new.recipient,
            new.kind,
            body,
            size,
            digest,
            new.in_reply_to,
            new.broadcast,
            new.question,
            new.sent_at,
            state,
            new.refused_rule,
        ),
    )
    tx.text_bytes += size
    message = Message(body=new.body, **_fields(row))
    tx.events.append(MessageChanged(message, is_new=True))
    return message


def post(
    tx: Transaction,
    recipient: str,
    kind: MessageKind,
    body: str,
    *,
    question: int | None = None,
    in_reply_to: int | None = None,
) -> Message:
    return insert(
        tx,
        NewMessage(
            sender=SYSTEM,
            recipient=recipient,
            kind=kind,
            body=body,
            sent_at=tx.now,
            question=question,
            in_reply_to=in_reply_to,
        ),
    )


def get(connection: sqlite3.Connection, message_id: int) -> Message | None:
    rows = get_all(connection, [message_id])
    return rows[0] if rows else None


def get_all(connection: sqlite3.Connection, ids: Sequence[int]) -> list[Message]:
    """Those that exist, by id."""
    rows = connection.execute(
        "SELECT messages.*, text FROM messages CROSS JOIN bodies ON bodies.id = body_id"
        " WHERE messages.id IN (SELECT value FROM json_each(?)) ORDER BY messages.id",
        (json.dumps(list(ids)),),
    )
    return [as_message(row) for row in rows]


def header(connection: sqlite3.Connection, message_id: int) -> MessageHeader | None:
    rows = headers(connection, [message_id])
    return rows[0] if rows else None


def headers(connection: sqlite3.Connection, ids: Sequence[int]) -> list[MessageHeader]:
    """Those that exist, by id."""
    return _headers(
        connection,
        "SELECT * FROM messages WHERE id IN (SELECT value FROM json_each(?))",
        json.dumps(list(ids)),
    )


def lease(tx: Transaction, call: Lease) -> list[Message]:
    """Hand out the recipient's oldest queued messages, in order.

    A message stays queued while an earlier one of the same sender is leased to another turn: were
    that turn to fail, the two would arrive in the wrong order. One that failed `SUSPECT_FAILURES` turns has
    a turn of its own, so that what fails next is known to be its doing.
    """
    leased = _changed(
        tx,
        "UPDATE messages SET state = 'leased', turn = ?, deliveries = deliveries + 1, leased_at = ?,"
        " lease_expires_at = ?, lapsed_turn = NULL WHERE id IN (SELECT value FROM json_each(?)) RETURNING *",
        call.turn,
        tx.now,
        call.expires_at,
        json.dumps(_next_batch(tx.connection, call)),
    )
    if not leased:
        return []
    texts = dict(
        tx.connection.execute(
            "SELECT messages.id, text FROM messages CROSS JOIN bodies ON bodies.id = body_id"
            " WHERE messages.id IN (SELECT value FROM json_each(?))",
            (json.dumps([one.id for one in leased]),),
        ).fetchall()
    )
    tx.text_bytes += sum(map(len, texts.values()))
    return [Message(body=texts[one.id], **vars(one)) for one in leased]


def _next_batch(connection: sqlite3.Connection, call: Lease) -> list[int]:
    [held, suspected] = connection.execute(
        "SELECT count(*), coalesce(max(failures), 0) >= ? FROM messages INDEXED BY messages_leased"
        " WHERE recipient = ? AND state = 'leased' AND turn = ?",
        (SUSPECT_FAILURES, call.recipient, call.turn),
    ).fetchone()
    if suspected:
        return []
    rows = connection.execute(
        "SELECT id, failures, size FROM messages AS one INDEXED BY messages_queued"
        " WHERE recipient = ?1 AND state = 'queued' AND NOT EXISTS (SELECT 1 FROM messages AS earlier"
        " WHERE earlier.recipient = ?1 AND earlier.state = 'leased' AND earlier.id < one.id"
        " AND earlier.sender = one.sender AND earlier.turn <> ?2) ORDER BY id LIMIT ?3",
        (call.recipient, call.turn, call.count),
    ).fetchall()
    if rows and rows[0]["failures"] >= SUSPECT_FAILURES:
        return [] if held else [rows[0]["id"]]
    fitting = sum(total <= LEASE_BYTES for total in accumulate(row["size"] for row in rows))
    unsuspected = takewhile(lambda row: row["failures"] < SUSPECT_FAILURES, rows[: max(1, fitting)])
    return [row["id"] for row in unsuspected]


def take_back(tx: Transaction, ids: Sequence[int]) -> list[MessageHeader]:
    """Undo a lease that never reached anybody, as if it had not been made."""
    return _changed(
        tx,
        "UPDATE messages SET state = 'queued', turn = NULL, deliveries = deliveries - 1, leased_at = NULL,"
        " lease_expires_at = NULL WHERE state = 'leased' AND id IN (SELECT value FROM json_each(?))"
        " RETURNING *",
        json.dumps(list(ids)),
    )


def resume(tx: Transaction, recipient: str, turns: Sequence[str], expires_at: float) -> list[MessageHeader]:
    """Lease again to these turns what lapsed while they went on, and no other turn has taken since.

    What follows a message of the same sender that is not theirs any more stays in the queue, for the order.
    """
    return _changed(
        tx,
        "UPDATE messages AS one INDEXED BY messages_lapsed SET state = 'leased', turn = lapsed_turn,"
        " leased_at = ?1, lease_expires_at = ?2, lapsed_turn = NULL"
        " WHERE recipient = ?3 AND state = 'queued' AND lapsed_turn IS NOT NULL"
        " AND lapsed_turn IN (SELECT value FROM json_each(?4))"
        " AND NOT EXISTS (SELECT 1 FROM messages AS earlier INDEXED BY messages_leased"
        " WHERE earlier.recipient = ?3 AND earlier.state = 'leased' AND earlier.id < one.id"
        " AND earlier.sender = one.sender AND earlier.turn <> one.lapsed_turn)"
        " AND NOT EXISTS (SELECT 1 FROM messages AS earlier INDEXED BY messages_queued"
        " WHERE earlier.recipient = ?3 AND earlier.state = 'queued' AND earlier.id < one.id"
        " AND earlier.sender = one.sender AND earlier.lapsed_turn IS NOT one.lapsed_turn) RETURNING *",
        tx.now,
        expires_at,
        recipient,
        json.dumps(list(turns)),
    )


def hold(tx: Transaction, recipient: str, turns: Sequence[str], expires_at: float) -> None:
    """Let the recipient's leases for these turns live until `expires_at`."""
    tx.connection.execute(
        "UPDATE messages INDEXED BY messages_leased SET lease_expires_at = ?"
        " WHERE recipient = ? AND state = 'leased'"
        " AND turn IN (SELECT value FROM json_each(?))",
        (expires_at, recipient, json.dumps(list(turns))),
    )


def hold_all(tx: Transaction, expires_at: float) -> None:
    tx.connection.execute("UPDATE messages SET lease_expires_at = ? WHERE state = 'leased'", (expires_at,))


def ack(tx: Transaction, recipient: str, turn: str, ids: Sequence[int] | None) -> list[MessageHeader]:
    """Finish what is leased to the turn: the messages of these ids, or all when `ids` is None."""
    return _finished(
        tx,
        "UPDATE messages INDEXED BY messages_leased"
        " SET state = 'acked', acked_at = ?1, lease_expires_at = NULL"
        " WHERE recipient = ?2 AND state = 'leased' AND turn = ?3"
        " AND (?4 IS NULL OR id IN (SELECT value FROM json_each(?4))) RETURNING *",
        tx.now,
        recipient,
        turn,
        None if ids is None else json.dumps(list(ids)),
    )


def mark_read(tx: Transaction, recipient: str, ids: Sequence[int]) -> list[MessageHeader]:
    """Finish queued messages of a recipient that reads without leasing."""
    return _finished(
        tx,
        "UPDATE messages SET state = 'acked', acked_at = ? WHERE recipient = ? AND state = 'queued'"
        " AND id IN (SELECT value FROM json_each(?)) RETURNING *",
        tx.now,
        recipient,
        json.dumps(list(ids)),
    )


_QUEUED = "state = 'queued', turn = NULL, leased_at = NULL, lease_expires_at = NULL"
_LEASED = "UPDATE messages INDEXED BY messages_leased SET {changes} WHERE state = 'leased' AND "
_REQUEUE = _LEASED.format(changes=_QUEUED)
#: For a turn that has said nothing, and may go on all the same: `resume` brings the lease back.
_LAPSE = _LEASED.format(changes=f"{_QUEUED}, lapsed_turn = turn")


def count_failure(tx: Transaction, recipient: str, turn: str, error: str) -> None:
    """Note with everything that is leased to the turn that it may be why the turn failed."""
    tx.connection.execute(
        "UPDATE messages INDEXED BY messages_leased SET failures = failures + 1, error = ?1,"
        " failures_alone = failures_alone + (1 = (SELECT count(*) FROM messages AS one"
        " INDEXED BY messages_leased WHERE recipient = ?2 AND state = 'leased' AND turn = ?3))"
        " WHERE recipient = ?2 AND state = 'leased' AND turn = ?3",
        (error, recipient, turn),
    )


def park(tx: Transaction, recipient: str, turn: str) -> list[Message]:
    """Take what failed too often out of the queue; it keeps turn and time of its last lease."""
    return _changed_whole(
        tx,
        "UPDATE messages INDEXED BY messages_leased SET state = 'parked', lease_expires_at = NULL"
        " WHERE recipient = ? AND state = 'leased' AND turn = ? AND failures_alone >= ? RETURNING *",
        recipient,
        turn,
        PARKED_FAILURES,
    )


def retry(tx: Transaction, message_id: int) -> Message:
    """Queue a parked message again, at its old place and as if it had never failed."""
    [message] = _changed_whole(
        tx,
        "UPDATE messages SET state = 'queued', turn = NULL, leased_at = NULL, failures = 0,"
        " failures_alone = 0, error = NULL WHERE id = ? AND state = 'parked' RETURNING *",
        message_id,
    )
    return message


def drop(tx: Transaction, message_id: int) -> Message:
    """Finish a parked message that nobody will get."""
    [message] = _changed_whole(
        tx,
        "UPDATE messages SET state = 'undeliverable', turn = NULL, leased_at = NULL"
        " WHERE id = ? AND state = 'parked' RETURNING *",
        message_id,
    )
    _count_finished(tx, [message])
    return message


def requeue(tx: Transaction, recipient: str, turn: str) -> list[MessageHeader]:
    """Put back what is leased to the turn, at its old place in the queue."""
    return _changed(tx, f"{_REQUEUE} recipient = ? AND turn = ? RETURNING *", recipient, turn)


def requeue_others(tx: Transaction, recipient: str, turns: Sequence[str]) -> list[MessageHeader]:
    """Put back what is leased to the recipient for any turn but these."""
    return _changed(
        tx,
        f"{_LAPSE} recipient = ? AND turn NOT IN (SELECT value FROM json_each(?)) RETURNING *",  # noqa: S608 - constant
        recipient,
        json.dumps(list(turns)),
    )


def left_turns(connection: sqlite3.Connection, recipient: str, turns: Sequence[str]) -> list[str]:
    """Turns, but these, that mail is leased to, or was until that lapsed and nobody else took it."""
    rows = connection.execute(
        "SELECT turn FROM messages INDEXED BY messages_leased WHERE recipient = ?1 AND state = 'leased'"
        " AND turn NOT IN (SELECT value FROM json_each(?2))"
        " UNION SELECT lapsed_turn FROM messages INDEXED BY messages_lapsed"
        " WHERE recipient = ?1 AND state = 'queued' AND lapsed_turn IS NOT NULL"
        " AND lapsed_turn NOT IN (SELECT value FROM json_each(?2))",
        (recipient, json.dumps(list(turns))),
    )
    return [row[0] for row in rows]


def requeue_expired(tx: Transaction) -> list[MessageHeader]:
    return _changed(tx, f"{_LAPSE} lease_expires_at <= ? RETURNING *", tx.now)


def undeliver(tx: Transaction, recipient: str) -> list[MessageHeader]:
    return _finished(
        tx,
        "UPDATE messages SET state = 'undeliverable', turn = NULL, leased_at = NULL,"
        " lease_expires_at = NULL"
        " WHERE recipient = ? AND state IN ('queued', 'leased', 'parked') RETURNING *",
        recipient,
    )


def pending(connection: sqlite3.Connection, recipient: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM messages INDEXED BY messages_queued WHERE recipient = ? AND state = 'queued'",
        (recipient,),
    ).fetchone()
    return int(row[0])


def all_pending(connection: sqlite3.Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT recipient, count(*) FROM messages WHERE state = 'queued' GROUP BY recipient"
    )
    return {row[0]: row[1] for row in rows}


def awaited_recipients(connection: sqlite3.Connection) -> list[str]:
    """Every recipient with queued, leased or parked messages, by name."""
    rows = connection.execute(
        "SELECT DISTINCT recipient FROM messages WHERE state = 'queued'"
        " UNION SELECT recipient FROM messages WHERE state = 'leased'"
        " UNION SELECT recipient FROM messages WHERE state = 'parked' ORDER BY 1"
    )
    return [row[0] for row in rows]


def purge(tx: Transaction, before: float, limit: int) -> int:
    """Delete finished messages that were sent before that time; returns how many, `limit` at most."""
    return tx.connection.execute(
        "DELETE FROM messages WHERE id IN (SELECT id FROM messages INDEXED BY messages_by_time"
        " WHERE sent_at < ? AND state NOT IN ('queued', 'leased', 'parked') LIMIT ?)",
        (before, limit),
    ).rowcount


def queues(tx: Transaction) -> list[QueueChanged]:
    """The queues of everybody whose messages the transaction changed, as it leaves them behind."""
    freed: dict[str, bool] = {}
    for event in tx.events:
        if isinstance(event, MessageChanged):
            recipient = event.message.recipient
            freed[recipient] = freed.get(recipient, False) or event.message.state in _FREEING
    depths = {recipient: pending(tx.connection, recipient) for recipient in freed}
    return [QueueChanged(name, depth, has_mail=freed[name] and depth > 0) for name, depth in depths.items()]


def _changed(tx: Transaction, sql: str, *values: object) -> list[MessageHeader]:
    messages = _headers(tx.connection, sql, *values)
    tx.events.extend(MessageChanged(message) for message in messages)
    return messages


def _finished(tx: Transaction, sql: str, *values: object) -> list[MessageHeader]:
    messages = _changed(tx, sql, *values)
    _count_finished(tx, messages)
    return messages


def _count_finished(tx: Transaction, messages: Sequence[MessageHeader]) -> None:
    """They wait no more, see `store/quota.py`."""
    tx.connection.executemany(
        "UPDATE stored_bytes SET waiting = waiting - (SELECT size + 512 FROM messages WHERE id = ?)"
        " WHERE name IN ('', ?, ?)",
        [(one.id, one.sender, one.recipient) for one in messages],
    )


def _changed_whole(tx: Transaction, sql: str, *values: object) -> list[Message]:
    """For changes that also those must be shown who did not know the message; they are rare."""
    ids = [message.id for message in _headers(tx.connection, sql, *values)]
    messages = get_all(tx.connection, ids)
    tx.events.extend(MessageChanged(message) for message in messages)
    return messages


def _headers(connection: sqlite3.Connection, sql: str, *values: object) -> list[MessageHeader]:
    """The rows by id: RETURNING promises no order."""
    return sorted((_header(row) for row in connection.execute(sql, values)), key=lambda one: one.id)
