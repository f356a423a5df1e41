from hyperhive.protocol.questions import Question, QuestionState
from hyperhive.store import questions as store
from hyperhive.store.questions import Closing, NewQuestion
from hyperhive.store.transaction import Transaction


def ask(tx: Transaction, asker: str, target: str, deadline: float | None = None) -> Question:
    return store.insert(tx, NewQuestion(asker, target, "?", ["ä", "b"], True, 1.0, deadline))


def test_a_question_comes_back_as_it_was_inserted_and_closed(tx: Transaction) -> None:
    asked = ask(tx, "alice", "bob", 9.0)
    assert (
        store.get(tx.connection, asked.id)
        == asked
        == Question(
            id=1,
            asker="alice",
            target="bob",
            question="?",
            options=["ä", "b"],
            multi=True,
            asked_at=1.0,
            deadline_at=9.0,
            state=QuestionState.OPEN,
            answer=None,
            closed_by=None,
            closed_at=None,
        )
    )

    closed = store.close(tx, asked.id, Closing(QuestionState.ANSWERED, "bob", 2.0, "!"))
    assert store.get(tx.connection, asked.id) == closed
    assert (closed.state, closed.answer, closed.closed_by, closed.closed_at) == (
        QuestionState.ANSWERED,
        "!",
        "bob",
        2.0,
    )


def test_open_questions_are_found_by_side_and_deadline(tx: Transaction) -> None:
    first, second, third = (
        ask(tx, "a", "b", 5.0),
        ask(tx, "b", "c"),
        ask(tx, "c", "a", 9.0),
    )
    store.close(tx, third.id, Closing(QuestionState.CANCELLED, "c", 2.0))

    assert store.open_all(tx.connection) == [first, second]
    assert store.open_for(tx.connection, "a") == [first]
    assert store.open_for(tx.connection, "b") == [first, second]
    assert store.count_open(tx.connection, "b") == 1
    assert store.overdue(tx.connection, 4.9) == []
    assert store.overdue(tx.connection, 10.0) == [first]


def test_the_latest_closed_ones_stay_and_old_ones_are_purged(tx: Transaction) -> None:
    for number in range(4):
        asked = ask(tx, "a", "b")
        store.close(tx, asked.id, Closing(QuestionState.EXPIRED, "system", 10.0 - number))
    still_open = ask(tx, "a", "b")

    assert [one.id for one in store.latest_closed(tx.connection, 2)] == [1, 2]
    store.purge(tx, 9.0, 10)
    assert [one.id for one in store.latest_closed(tx.connection, 9)] == [1, 2]
    assert store.open_all(tx.connection) == [still_open]
