"""What the loop breaker counts, and whom it told when."""

import sqlite3

from hyperhive.store.messages import measured
from hyperhive.store.transaction import Transaction


def count_sent(
    connection: sqlite3.Connection, sender: str, recipient: str, since: float, body: str | None = None
) -> int:
    """Messages that were accepted after `since`, with `body` only those of exactly that text."""
    # By its hash: a text of a megabyte is not to be read again for every one that follows.
    size, digest = (None, None) if body is None else measured(body)
    row = connection.execute(
        "SELECT count(*) FROM messages INDEXED BY messages_by_pair WHERE sender = ?1 AND recipient = ?2"
        " AND sent_at > ?3 AND state <> 'refused' AND (?4 IS NULL OR (size = ?4 AND digest = ?5))",
        (sender, recipient, since, size, digest),
    ).fetchone()
    return int(row[0])


def count_asked(
    connection: sqlite3.Connection, asker: str, target: str, since: float, question: str | None = None
) -> int:
    """Questions that were asked after `since`, with `question` only those of exactly that text."""
    same = "" if question is None else " AND digest = ?"
    values = () if question is None else (measured(question)[1],)
    index = "questions_by_pair" if question is None else "questions_same"
    row = connection.execute(
        f"SELECT count(*) FROM questions INDEXED BY {index}"  # noqa: S608 - fixed terms
        f" WHERE asker = ? AND target = ? AND asked_at > ?{same}",
        (asker, target, since, *values),
    ).fetchone()
    return int(row[0])


def last_outsider(connection: sqlite3.Connection, pair: tuple[str, str], since: float) -> float:
    """When anybody but the pair and the system last sent one of the pair a message; `since` at least."""
    first = connection.execute(
        "SELECT id FROM messages WHERE sent_at > ? ORDER BY sent_at LIMIT 1", (since,)
    ).fetchone()
    if first is None:
        return since
    latest = since
    for recipient in pair:
        row = connection.execute(
            "SELECT sent_at FROM messages INDEXED BY messages_by_recipient WHERE recipient = ?"
            " AND id >= ? AND sender NOT IN (?, ?, 'system') AND state <> 'refused'"
            " ORDER BY id DESC LIMIT 1",
            (recipient, first["id"], *pair),
        ).fetchone()
        latest = max(latest, row["sent_at"]) if row else latest
    return latest


def count_refused(connection: sqlite3.Connection, sender: str, since: float) -> int:
    row = connection.execute(
        "SELECT count(*) FROM messages INDEXED BY messages_refused WHERE sender = ? AND sent_at > ?"
        " AND state = 'refused'",
        (sender, since),
    ).fetchone()
    return int(row[0])


def note_notice(tx: Transaction, pair: tuple[str, str], window: float) -> bool:
    """Whether the pair is to be told now; it then counts as told for `window` seconds."""
    first, second = sorted(pair)
    return (
        tx.connection.execute(
            "INSERT INTO loop_notices (first, second, at) VALUES (?1, ?2, ?3)"
            " ON CONFLICT (first, second) DO UPDATE SET at = ?3 WHERE at <= ?3 - ?4 OR at > ?3",
            (first, second, tx.now, window),
        ).rowcount
        > 0
    )
