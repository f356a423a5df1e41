import time

import pytest

from hyperhive.protocol.messages import MessageKind, MessageState
from hyperhive.store import history, messages
from hyperhive.store.history import Filter
from hyperhive.store.messages import NewMessage
from hyperhive.store.transaction import Transaction

#: More characters than any page here has.
MANY = 1_000_000


@pytest.fixture
def filled(tx: Transaction) -> Transaction:
    """100,000 messages among ten agents; the rare words and states are far back."""
    tx.connection.execute("BEGIN")
    tx.connection.executemany(
        "INSERT INTO bodies (id, text) VALUES (?, ?)",
        (
            (number, "a needle" if number == 3 else f"message {number} " + "x" * 200)
            for number in range(100_000)
        ),
    )
    tx.connection.executemany(
        "INSERT INTO messages (sender, recipient, kind, body_id, size, broadcast, sent_at, state)"
        " VALUES (?, ?, 'text', ?, 0, 0, ?, ?)",
        (
            (
                f"agent-{number % 10}",
                "rare" if number == 5 else f"agent-{number % 7}",
                number,
                float(number),
                "undeliverable" if number == 4 else "acked",
            )
            for number in range(100_000)
        ),
    )
    tx.connection.execute("COMMIT")
    return tx


def ids(tx: Transaction, **chosen: object) -> list[int]:
    page = history.page(tx.connection, Filter(**chosen), 50, MANY)  # type: ignore[arg-type]  # fields vary by case
    return [message.id for message in page.messages]


def test_every_page_of_a_long_history_comes_quickly(filled: Transaction) -> None:
    started = time.monotonic()

    assert ids(filled) == list(range(100_000, 99_950, -1))
    assert ids(filled, before=11) == list(range(10, 0, -1))
    assert ids(filled, agent="rare") == [6]
    assert ids(filled, agent="agent-9", before=8) == []
    assert ids(filled, recipient="rare") == [6]
    assert ids(filled, recipient="agent-3", state=MessageState.QUEUED) == []
    assert ids(filled, recipient="agent-3", state=MessageState.ACKED, before=20) == [18, 11, 4]
    assert ids(filled, state=MessageState.UNDELIVERABLE) == [5]
    assert ids(filled, state=MessageState.QUEUED) == []
    assert ids(filled, state=MessageState.ACKED, before=8) == [7, 6, 4, 3, 2, 1]
    assert ids(filled, text="needle") == [4]
    assert ids(filled, state=MessageState.ACKED, text="needle") == [4]
    assert ids(filled, agent="agent-3", text="needle") == [4]

    assert time.monotonic() - started < 2


def test_both_directions_of_an_agent_are_merged_in_order(tx: Transaction) -> None:
    for sender, recipient in (("a", "b"), ("b", "c"), ("c", "a"), ("b", "a"), ("c", "b")):
        messages.insert(tx, NewMessage(sender, recipient, MessageKind.TEXT, "x", 1.0))

    assert ids(tx, agent="a") == [4, 3, 1]


def test_the_next_page_begins_where_the_last_one_ended(tx: Transaction) -> None:
    for _ in range(4):
        messages.insert(tx, NewMessage("a", "b", MessageKind.TEXT, "x", 1.0))

    pages = [history.page(tx.connection, Filter(before=5), limit, MANY) for limit in (1, 3, 4, 5)]
    assert [page.next_before for page in pages] == [4, 2, None, None]


def test_long_bodies_make_a_page_shorter_and_never_empty(tx: Transaction) -> None:
    for length in (10, 600, 600, 10):
        messages.insert(tx, NewMessage("a", "operator", MessageKind.TEXT, "x" * length, 1.0))

    newest = history.page(tx.connection, Filter(), 50, 1000)
    assert ([one.id for one in newest.messages], newest.next_before) == ([4, 3], 3)
    one = history.page(tx.connection, Filter(before=4), 50, 1)
    assert ([one.id for one in one.messages], one.next_before) == ([3], 3)
    oldest = history.inbox(tx.connection, "operator", 0, 50, 1000)
    assert ([one.id for one in oldest.messages], oldest.next_after) == ([1, 2], 2)
    rest = history.inbox(tx.connection, "operator", 2, 50, 1000)
    assert ([one.id for one in rest.messages], rest.next_after) == ([3, 4], None)
    some = history.inbox(tx.connection, "operator", 0, 3, MANY)
    assert ([one.id for one in some.messages], some.next_after) == ([1, 2, 3], 3)
