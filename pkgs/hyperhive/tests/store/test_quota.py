import random
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from hyperhive.protocol.events import NewEvent, Note
from hyperhive.protocol.messages import MessageKind
from hyperhive.protocol.questions import QuestionState
from hyperhive.store import events, messages, questions
from hyperhive.store import quota as store
from hyperhive.store.messages import Lease, NewMessage
from hyperhive.store.questions import Closing, NewQuestion
from hyperhive.store.quota import HIVE, ROW_BYTES, Stored
from hyperhive.store.schema import migrate, migrations
from hyperhive.store.transaction import Transaction

NAMES = ("alice", "bob", "carol")


def send(
    tx: Transaction, sender: str, recipient: str, text: str, at: float = 1.0, rule: str | None = None
) -> int:
    return messages.insert(
        tx, NewMessage(sender, recipient, MessageKind.TEXT, text, at, refused_rule=rule)
    ).id


def ask(tx: Transaction, asker: str, target: str, text: str, at: float = 1.0) -> int:
    return questions.insert(
        tx, NewQuestion(asker, target, text, ["ü"], multi=False, asked_at=at, deadline_at=None)
    ).id


def log(tx: Transaction, agent: str, text: str, at: float = 1.0) -> None:
    events.append(tx, agent, [NewEvent(ts=at, turn=None, data=Note(text=text))])


def finish(tx: Transaction, recipient: str) -> None:
    while messages.lease(tx, Lease(recipient, "t", 32, 100.0)):
        messages.ack(tx, recipient, "t", None)


def counted(connection: sqlite3.Connection) -> dict[str, Stored]:
    """What the tables really hold, by name."""
    found: dict[str, Stored] = {}

    def add(names: Sequence[str], size: int, *, waits: bool = False) -> None:
        for name in (HIVE, *names):
            old = found.get(name, Stored())
            cost = size + ROW_BYTES
            found[name] = Stored(old.bytes + cost, old.waiting + cost * waits)

    for row in connection.execute("SELECT * FROM messages JOIN bodies ON bodies.id = body_id"):
        names = [row["sender"]] if row["state"] == "refused" else [row["sender"], row["recipient"]]
        add(names, len(row["text"].encode()), waits=row["state"] in {"queued", "leased", "parked"})
    for row in connection.execute("SELECT * FROM questions"):
        size = len((row["question"] + row["options"] + (row["answer"] or "")).encode())
        add([row["asker"], row["target"]], size, waits=row["state"] == "open")
    for row in connection.execute("SELECT * FROM events"):
        add([row["agent"]], len(row["data"].encode()))
    return found


def close_one(tx: Transaction, name: str, text: str) -> None:
    for question in questions.open_for(tx.connection, name)[:1]:
        questions.close(tx, question.id, Closing(QuestionState.ANSWERED, name, 2.0, text))


def test_what_is_counted_is_what_is_stored_whatever_happens(tx: Transaction) -> None:
    chance = random.Random(5)

    def forget(name: str) -> None:
        store.delete(tx, store.oldest(tx.connection, name, 2000))

    for step in range(300):
        one, other = chance.sample(NAMES, 2)
        text = "ü\0x" * chance.randrange(1, 50)
        rule = chance.choice([None, None, "loop_rate"])
        acts: list[Callable[[], object]] = [
            partial(send, tx, one, other, text, rule=rule),
            partial(send, tx, other, one, text),
            partial(messages.lease, tx, Lease(one, f"t{step}", 3, 100.0)),
            partial(messages.requeue_others, tx, one, []),
            partial(finish, tx, one),
            partial(ask, tx, one, other, text),
            partial(close_one, tx, one, text),
            partial(log, tx, one, text),
            partial(messages.undeliver, tx, one),
            partial(forget, one),
            partial(forget, HIVE),
        ]
        chance.choice(acts)()
        if step % 20 == 0:
            real = counted(tx.connection)
            for name in (HIVE, *NAMES):
                assert store.stored(tx.connection, name) == real.get(name, Stored())
    messages.purge(tx, 100.0, 1000)
    questions.purge(tx, 100.0, 1000)
    events.purge(tx, 100.0, 1000)
    real = counted(tx.connection)
    assert {name: one for name, one in store.all_stored(tx.connection).items() if one.bytes} == real


def test_an_old_file_is_counted_once(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "x", isolation_level=None)
    connection.row_factory = sqlite3.Row
    for step in migrations()[:6]:
        connection.executescript(step.sql)
        connection.execute("INSERT INTO schema_version (version) VALUES (?)", (step.number,))
    tx = Transaction(connection, 1.0)
    for name, other in (("alice", "bob"), ("bob", "alice"), ("alice", "carol")):
        send(tx, name, other, "ü\0" * 10)
        connection.execute(
            "INSERT INTO questions (asker, target, question, options, multi, asked_at, state)"
            " VALUES (?, ?, 'wäre es?', '[]', 0, 1.0, 'open')",
            (name, other),
        )
        log(tx, name, "done")
    send(tx, "alice", "carol", "no", rule="loop_rate")
    connection.execute("UPDATE messages SET state = 'acked' WHERE recipient = 'bob'")
    questions.close(tx, 1, Closing(QuestionState.ANSWERED, "bob", 2.0, "so"))
    migrate(connection)

    assert store.all_stored(connection) == counted(connection)
    connection.close()


def test_the_oldest_that_is_finished_goes_first_whatever_it_is(tx: Transaction) -> None:
    send(tx, "alice", "bob", "1", at=1.0)
    waiting = send(tx, "alice", "carol", "waits", at=0.0)
    question = ask(tx, "bob", "alice", "2")
    questions.close(tx, question, Closing(QuestionState.EXPIRED, "system", 2.0))
    open_question = ask(tx, "alice", "bob", "open", at=0.0)
    log(tx, "alice", "3", at=3.0)
    send(tx, "bob", "alice", "4", at=4.0)
    log(tx, "carol", "of another", at=0.0)
    finish(tx, "bob")
    finish(tx, "alice")

    order = [(row.kind, row.at) for row in store.oldest(tx.connection, "alice", 10**9)]
    assert order == [("messages", 1.0), ("questions", 2.0), ("events", 3.0), ("messages", 4.0)]
    assert [row.at for row in store.oldest(tx.connection, "alice", ROW_BYTES + 2)] == [1.0, 2.0]
    assert [row.kind for row in store.oldest(tx.connection, HIVE, 10**9)] == [
        "events",
        *(kind for kind, _ in order),
    ]
    store.delete(tx, store.oldest(tx.connection, HIVE, 10**9))
    stored = store.stored(tx.connection, HIVE)
    assert stored.bytes == stored.waiting > 0
    assert messages.header(tx.connection, waiting) is not None
    assert [one.id for one in questions.open_all(tx.connection)] == [open_question]


def test_what_is_taken_up_again_before_it_is_deleted_stays(tx: Transaction) -> None:
    number = send(tx, "alice", "bob", "x")
    finish(tx, "bob")
    rows = store.oldest(tx.connection, "alice", 1)
    tx.connection.execute("UPDATE messages SET state = 'parked' WHERE id = ?", (number,))
    store.delete(tx, rows)
    assert messages.header(tx.connection, number) is not None


def test_the_oldest_of_each_kind_are_found_in_their_order(tx: Transaction) -> None:
    for query in (*store._OF_HIVE, *store._OF_AGENT):
        plans = tx.connection.execute(f"EXPLAIN QUERY PLAN {query} LIMIT 9", {"name": "alice"}).fetchall()
        assert [plan["detail"] for plan in plans if "TEMP B-TREE" in plan["detail"]] == [], query
