import sqlite3
from dataclasses import replace

import pytest

from hyperhive.protocol.messages import MessageKind
from hyperhive.protocol.notifications import Delivery, DeliveryState
from hyperhive.store import messages
from hyperhive.store import notifications as store
from hyperhive.store.messages import NewMessage
from hyperhive.store.notifications import NewDelivery, Settled, Unread
from hyperhive.store.transaction import Transaction


def new(kind: str, item: str, at: float = 10.0) -> NewDelivery:
    return NewDelivery(kind, item, f"{kind} {item}", at, at + 60)


@pytest.fixture
def filled(tx: Transaction) -> Transaction:
    store.insert(tx, [new("message", "7"), new("question", "10"), new("agent_failed", "alice")])
    return tx


def states(tx: Transaction) -> list[tuple[int, str]]:
    return [(one.id, one.state.value) for one in reversed(store.latest(tx.connection, 99))]


def test_a_delivery_waits_until_it_is_settled(filled: Transaction) -> None:
    store.note_attempt(filled, [1])
    store.note_trouble(filled, [1], "no answer")
    pending = store.tracked(filled.connection)[0]
    assert pending == Delivery(
        id=1,
        kind="message",
        item="7",
        title="message 7",
        opened_at=10.0,
        due_at=70.0,
        state=DeliveryState.PENDING,
        attempts=1,
        tried_at=10.0,
        error="no answer",
        settled_at=None,
        summed=False,
    )
    store.settle(filled, [1], Settled(DeliveryState.SENT, 90.0, summed=True))
    sent = {"state": DeliveryState.SENT, "error": "", "settled_at": 90.0}
    assert store.latest(filled.connection, 99)[-1] == pending.model_copy(update={**sent, "summed": True})
    # What is settled stays as it is.
    store.settle(filled, [1], Settled(DeliveryState.SKIPPED, 99.0))
    store.note_attempt(replace(filled, now=99.0), [1])
    store.note_trouble(filled, [1], "late")
    assert store.latest(filled.connection, 99)[-1] == pending.model_copy(update={**sent, "summed": True})


def test_a_numbered_item_is_let_go_when_settled_and_a_standing_one_when_it_is_over(
    filled: Transaction,
) -> None:
    store.settle(filled, [1, 2, 3], Settled(DeliveryState.SENT, 90.0, recurring=["agent_failed"]))
    assert [one.id for one in store.tracked(filled.connection)] == [3]
    with pytest.raises(sqlite3.IntegrityError):
        store.insert(filled, [new("agent_failed", "alice")])
    store.release(filled, [3])
    store.insert(filled, [new("agent_failed", "alice")])
    assert states(filled) == [(1, "sent"), (2, "sent"), (3, "sent"), (4, "pending")]


def test_the_floor_is_the_highest_number_that_was_noted(filled: Transaction) -> None:
    store.insert(filled, [new("message", "100"), new("message", "12")])
    kinds = ("message", "question", "agent_needs_login")
    assert [store.floor(filled.connection, kind) for kind in kinds] == [100, 10, 0]


def test_of_unread_messages_the_noted_and_the_newest_are_read_and_no_more_than_their_beginnings(
    tx: Transaction,
) -> None:
    for sender, recipient in (
        ("a", "operator"),
        ("a", "b"),
        ("b", "operator"),
        ("c", "operator"),
        ("d", "operator"),
    ):
        messages.insert(tx, NewMessage(sender, recipient, MessageKind.TEXT, f"{sender}\0 says ä", 1.0))
    messages.mark_read(tx, "operator", [3])

    def found(noted: list[int], floor: int, most: int) -> list[int]:
        return [one.id for one in store.unread(tx.connection, "operator", noted, floor, most, 99)]

    assert found([], 0, 9) == [1, 4, 5]
    assert found([], 1, 9) == [4, 5]
    assert found([], 0, 1) == [5]
    # Of those that were noted all that wait, whatever else there is room for.
    assert found([1, 2, 3], 3, 4) == [1, 5]
    assert found([1, 4, 5], 5, 2) == [1, 4, 5]
    assert store.unread(tx.connection, "operator", [], 4, 9, 3) == [Unread(5, "d", "d\0 ", 1.0)]
    assert store.unread(tx.connection, "operator", [], 4, 9, 9)[0].body == "d\0 says "
    assert store.unread(tx.connection, "operator", [], 4, 9, 10)[0].body == "d\0 says ä"


def test_a_test_is_recorded_and_does_not_wait(filled: Transaction) -> None:
    store.record_test(filled, "Test", Settled(DeliveryState.FAILED, 50.0, "403 forbidden"))
    found = store.latest(filled.connection, 1)[0]
    assert (found.kind, found.item, found.state, found.attempts, found.error, found.settled_at) == (
        "test",
        "",
        DeliveryState.FAILED,
        1,
        "403 forbidden",
        50.0,
    )
    assert found not in store.tracked(filled.connection)


def test_old_rows_go_but_not_those_that_say_what_is_new(filled: Transaction) -> None:
    store.settle(filled, [1, 2, 3], Settled(DeliveryState.SENT, 90.0, recurring=["agent_failed"]))
    store.insert(filled, [new("message", str(number)) for number in range(20, 26)])
    store.settle(filled, range(4, 10), Settled(DeliveryState.SENT, 91.0))
    store.purge(filled, 2)
    # The newest two, the agent that is still in trouble, and the only question.
    assert [number for number, _ in states(filled)] == [2, 3, 8, 9]
    assert [store.floor(filled.connection, kind) for kind in ("message", "question")] == [25, 10]
