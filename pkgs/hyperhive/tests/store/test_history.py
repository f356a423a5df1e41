import sqlite3
import time

import pytest

from hyperhive.protocol.messages import MessageKind, MessageState
from hyperhive.store import history, messages
from hyperhive.store.history import Filter
from hyperhive.store.messages import NewMessage

#: More characters than any page here has.
MANY = 1_000_000


@pytest.fixture
def filled(connection: sqlite3.Connection) -> sqlite3.Connection:
    """100,000 messages among ten agents; the rare words and states are far back."""
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO messages (sender, recipient, kind, body, broadcast, sent_at, state)"
        " VALUES (?, ?, 'text', ?, 0, ?, ?)",
        (
            (
                f"agent-{number % 10}",
                "rare" if number == 5 else f"agent-{number % 7}",
                "a needle" if number == 3 else f"message {number} " + "x" * 200,
                float(number),
                "undeliverable" if number == 4 else "acked",
            )
            for number in range(100_000)
        ),
    )
    connection.execute("COMMIT")
    return connection


def ids(connection: sqlite3.Connection, **chosen: object) -> list[int]:
    page = history.page(connection, Filter(**chosen), 50, MANY)  # type: ignore[arg-type]  # fields vary by case
    return [message.id for message in page.messages]


def test_every_page_of_a_long_history_comes_quickly(filled: sqlite3.Connection) -> None:
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


def test_both_directions_of_an_agent_are_merged_in_order(connection: sqlite3.Connection) -> None:
    for sender, recipient in (("a", "b"), ("b", "c"), ("c", "a"), ("b", "a"), ("c", "b")):
        messages.insert(connection, NewMessage(sender, recipient, MessageKind.TEXT, "x", 1.0))

    assert ids(connection, agent="a") == [4, 3, 1]


def test_the_next_page_begins_where_the_last_one_ended(connection: sqlite3.Connection) -> None:
    for _ in range(4):
        messages.insert(connection, NewMessage("a", "b", MessageKind.TEXT, "x", 1.0))

    cursors = [history.page(connection, Filter(before=5), limit, MANY).next_before for limit in (1, 3, 4, 5)]
    assert cursors == [4, 2, None, None]


def test_long_bodies_make_a_page_shorter_and_never_empty(connection: sqlite3.Connection) -> None:
    for length in (10, 600, 600, 10):
        messages.insert(connection, NewMessage("a", "operator", MessageKind.TEXT, "x" * length, 1.0))

    newest = history.page(connection, Filter(), 50, 1000)
    assert ([one.id for one in newest.messages], newest.next_before) == ([4, 3], 3)
    one = history.page(connection, Filter(before=4), 50, 1)
    assert ([one.id for one in one.messages], one.next_before) == ([3], 3)
    oldest = history.inbox(connection, "operator", 0, 50, 1000)
    assert ([one.id for one in oldest.messages], oldest.next_after) == ([1, 2], 2)
    rest = history.inbox(connection, "operator", 2, 50, 1000)
    assert ([one.id for one in rest.messages], rest.next_after) == ([3, 4], None)
    some = history.inbox(connection, "operator", 0, 3, MANY)
    assert ([one.id for one in some.messages], some.next_after) == ([1, 2, 3], 3)
