"""Questions in the store."""

import json
import sqlite3
from dataclasses import dataclass

from hyperhive.protocol.bus import QuestionChanged
from hyperhive.protocol.questions import Question, QuestionState
from hyperhive.store.messages import measured
from hyperhive.store.transaction import Transaction


@dataclass(frozen=True)
class NewQuestion:
    asker: str
    target: str
    question: str
    options: list[str]
    multi: bool
    asked_at: float
    deadline_at: float | None


@dataclass(frozen=True)
class Closing:
    state: QuestionState
    by: str
    #: Seconds since 1970.
    at: float
    answer: str | None = None


def insert(tx: Transaction, new: NewQuestion) -> Question:
    size, digest = measured(new.question)
    tx.text_bytes += size
    return _changed(
        tx,
        "INSERT INTO questions (asker, target, question, options, multi, asked_at, deadline_at, state,"
        " digest) VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?) RETURNING *",
        new.asker,
        new.target,
        new.question,
        json.dumps(new.options, ensure_ascii=False),
        new.multi,
        new.asked_at,
        new.deadline_at,
        digest,
    )


def get(connection: sqlite3.Connection, question_id: int) -> Question | None:
    rows = _all(connection, "SELECT * FROM questions WHERE id = ?", question_id)
    return rows[0] if rows else None


def close(tx: Transaction, question_id: int, closing: Closing) -> Question:
    tx.text_bytes += len(closing.answer or "")
    return _changed(
        tx,
        "UPDATE questions SET state = ?, closed_by = ?, closed_at = ?, answer = ?"
        " WHERE id = ? AND state = 'open' RETURNING *",
        closing.state,
        closing.by,
        closing.at,
        closing.answer,
        question_id,
    )


def postpone(tx: Transaction, seconds: float) -> None:
    questions = _all(
        tx.connection,
        "UPDATE questions SET deadline_at = deadline_at + ?"
        " WHERE state = 'open' AND deadline_at IS NOT NULL RETURNING *",
        seconds,
    )
    tx.events.extend(QuestionChanged(question) for question in questions)


def overdue(connection: sqlite3.Connection, now: float) -> list[Question]:
    """Open questions whose deadline has come, by id."""
    return _all(connection, "SELECT * FROM questions WHERE state = 'open' AND deadline_at <= ?", now)


def open_all(connection: sqlite3.Connection) -> list[Question]:
    return _all(connection, "SELECT * FROM questions WHERE state = 'open'")


def open_for(connection: sqlite3.Connection, name: str) -> list[Question]:
    """Open questions that `name` asked or was asked, by id."""
    return _all(
        connection, "SELECT * FROM questions WHERE state = 'open' AND (asker = ?1 OR target = ?1)", name
    )


def count_open(connection: sqlite3.Connection, asker: str) -> int:
    row = connection.execute(
        "SELECT count(*) FROM questions WHERE state = 'open' AND asker = ?", (asker,)
    ).fetchone()
    return int(row[0])


def open_bytes(connection: sqlite3.Connection, asker: str) -> int:
    """Of the texts of its open questions."""
    row = connection.execute(
        "SELECT coalesce(sum(length(CAST(question AS BLOB))), 0) FROM questions"
        " WHERE state = 'open' AND asker = ?",
        (asker,),
    ).fetchone()
    return int(row[0])


def latest_closed(connection: sqlite3.Connection, limit: int) -> list[Question]:
    return _all(
        connection,
        "SELECT * FROM questions WHERE state <> 'open' ORDER BY closed_at DESC, id DESC LIMIT ?",
        limit,
    )


def purge(tx: Transaction, before: float, limit: int) -> None:
    tx.connection.execute(
        "DELETE FROM questions WHERE id IN"
        " (SELECT id FROM questions WHERE state <> 'open' AND closed_at < ? LIMIT ?)",
        (before, limit),
    )


def _changed(tx: Transaction, sql: str, *values: object) -> Question:
    [question] = _all(tx.connection, sql, *values)
    tx.events.append(QuestionChanged(question))
    return question


def _all(connection: sqlite3.Connection, sql: str, *values: object) -> list[Question]:
    return sorted((_question(row) for row in connection.execute(sql, values)), key=lambda one: one.id)


def _question(row: sqlite3.Row) -> Question:
    return Question(
        id=row["id"],
        asker=row["asker"],
        target=row["target"],
        question=row["question"],
        options=json.loads(row["options"]),
        multi=bool(row["multi"]),
        asked_at=row["asked_at"],
        deadline_at=row["deadline_at"],
        state=QuestionState(row["state"]),
        answer=row["answer"],
        closed_by=row["closed_by"],
        closed_at=row["closed_at"],
    )
