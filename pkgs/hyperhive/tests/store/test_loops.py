from dataclasses import replace

import pytest

from hyperhive.protocol.messages import MessageKind
from hyperhive.store import loops, messages, questions
from hyperhive.store.messages import NewMessage
from hyperhive.store.questions import NewQuestion
from hyperhive.store.transaction import Transaction


@pytest.fixture
def filled(tx: Transaction) -> Transaction:
    for sender, recipient, at, rule in (
        ("carol", "alice", 5.0, None),
        ("alice", "bob", 10.0, None),
        ("alice", "bob", 20.0, None),
        ("bob", "alice", 30.0, None),
        ("carol", "bob", 40.0, None),
        ("carol", "bob", 50.0, "loop_rate"),
        ("system", "bob", 60.0, None),
        ("alice", "bob", 70.0, "recipient_denied"),
    ):
        new = NewMessage(sender, recipient, MessageKind.TEXT, f"at {at:.0f}", at, refused_rule=rule)
        messages.insert(tx, new)
    return tx


def test_accepted_messages_of_one_direction_are_counted(filled: Transaction) -> None:
    assert loops.count_sent(filled.connection, "alice", "bob", 0.0) == 2
    assert loops.count_sent(filled.connection, "alice", "bob", 10.0) == 1
    assert loops.count_sent(filled.connection, "alice", "bob", 0.0, "at 20") == 1
    assert loops.count_refused(filled.connection, "alice", 0.0) == 1


def test_the_last_outsider_is_nobody_of_the_pair_nor_the_system_nor_refused(
    filled: Transaction,
) -> None:
    assert loops.last_outsider(filled.connection, ("alice", "bob"), 0.0) == 40.0
    assert loops.last_outsider(filled.connection, ("bob", "carol"), 0.0) == 20.0
    assert loops.last_outsider(filled.connection, ("alice", "bob"), 45.0) == 45.0
    assert loops.last_outsider(filled.connection, ("alice", "bob"), 99.0) == 99.0


def test_questions_are_counted_with_their_text(tx: Transaction) -> None:
    for at in (1.0, 2.0):
        questions.insert(
            tx,
            NewQuestion("alice", "bob", f"q{at:.0f}", [], multi=False, asked_at=at, deadline_at=None),
        )

    assert loops.count_asked(tx.connection, "alice", "bob", 0.0) == 2
    assert loops.count_asked(tx.connection, "alice", "bob", 0.0, "q2") == 1


def test_a_long_text_is_known_again_without_reading_those_before_it(tx: Transaction) -> None:
    text = "x" * 100_000
    messages.insert(tx, NewMessage("alice", "bob", MessageKind.TEXT, text, 5.0))
    questions.insert(tx, NewQuestion("alice", "bob", text, [], multi=False, asked_at=5.0, deadline_at=None))
    seen: list[str] = []
    tx.connection.set_trace_callback(seen.append)
    for count in (loops.count_sent, loops.count_asked):
        assert [count(tx.connection, "alice", "bob", 0.0, body) for body in (text, text + "x")] == [1, 0]
    tx.connection.set_trace_callback(None)

    assert [sql for sql in seen if "bodies" in sql or "question =" in sql] == []
    plans = [row["detail"] for sql in seen for row in tx.connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert [plan.split(" (")[0] for plan in plans] == [
        *["SEARCH messages USING INDEX messages_by_pair"] * 2,
        *["SEARCH questions USING COVERING INDEX questions_same"] * 2,
    ]


def test_a_pair_is_told_once_in_the_window_whoever_of_them_sends(tx: Transaction) -> None:
    told = [
        loops.note_notice(replace(tx, now=now), pair, 600.0)
        for pair, now in (
            (("a", "b"), 1000.0),
            (("b", "a"), 1599.0),
            (("a", "c"), 1599.0),
            (("b", "a"), 1600.0),
            (("a", "b"), 1601.0),
        )
    ]
    assert told == [True, False, True, True, False]


def test_a_clock_that_was_set_back_does_not_silence_notices(tx: Transaction) -> None:
    assert loops.note_notice(replace(tx, now=9000.0), ("a", "b"), 600.0)
    assert loops.note_notice(replace(tx, now=100.0), ("a", "b"), 600.0)
