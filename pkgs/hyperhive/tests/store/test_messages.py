import sqlite3

from hyperhive.protocol.messages import Message, MessageKind, MessageState
from hyperhive.store import messages as store
from hyperhive.store.messages import Lease, NewMessage


def new(sender: str = "alice", recipient: str = "bob", body: str = "x", sent_at: float = 1.0) -> NewMessage:
    return NewMessage(sender, recipient, MessageKind.TEXT, body, sent_at)


def leased(connection: sqlite3.Connection, turn: str, count: int = 1, expires_at: float = 100.0) -> list[int]:
    return [one.id for one in store.lease(connection, Lease("bob", turn, count, 10.0, expires_at))]


def test_a_message_comes_back_as_it_was_inserted(connection: sqlite3.Connection) -> None:
    inserted = store.insert(
        connection,
        NewMessage(
            sender="alice",
            recipient="bob",
            kind=MessageKind.QUESTION_ASKED,
            body="Grüße \0 🐝",
            sent_at=1.25,
            in_reply_to=7,
            broadcast=True,
            question=9,
            refused_rule="loop_rate",
        ),
    )

    assert store.get(connection, inserted.id) == inserted
    assert inserted == Message(
        id=1,
        sender="alice",
        recipient="bob",
        kind=MessageKind.QUESTION_ASKED,
        body="Grüße \0 🐝",
        in_reply_to=7,
        broadcast=True,
        question=9,
        sent_at=1.25,
        state=MessageState.REFUSED,
        turn=None,
        deliveries=0,
        redelivered=False,
        leased_at=None,
        acked_at=None,
        refused_rule="loop_rate",
    )


def test_an_id_that_no_message_has_gives_none(connection: sqlite3.Connection) -> None:
    assert (store.get(connection, 1), store.get(connection, 2**80)) == (None, None)


def test_ids_are_never_used_again(connection: sqlite3.Connection) -> None:
    last = [store.insert(connection, new()).id for _ in range(3)][-1]
    connection.execute("DELETE FROM messages")

    assert store.insert(connection, new()).id == last + 1


def test_taking_a_lease_back_leaves_the_message_as_it_was(connection: sqlite3.Connection) -> None:
    before = store.insert(connection, new())
    store.take_back(connection, leased(connection, "t1"))

    assert store.get(connection, before.id) == before


def test_only_leases_that_ran_out_are_put_back(connection: sqlite3.Connection) -> None:
    first, second = store.insert(connection, new()), store.insert(connection, new("boss"))
    leased(connection, "t1", expires_at=50.0)
    leased(connection, "t2", expires_at=60.0)

    assert [one.id for one in store.requeue_expired(connection, 50.0)] == [first.id]
    store.hold_all(connection, 80.0)
    assert store.requeue_expired(connection, 79.0) == []
    assert [one.id for one in store.requeue_expired(connection, 80.0)] == [second.id]


def test_leases_and_acks_of_other_recipients_are_not_touched(connection: sqlite3.Connection) -> None:
    store.insert(connection, new())
    other = store.insert(connection, new(recipient="boss"))
    store.lease(connection, Lease("boss", "t1", 5, 10.0, 100.0))

    assert store.ack(connection, "bob", "t1", None, 11.0) == []
    assert store.requeue_others(connection, "bob", []) == []
    assert store.mark_read(connection, "bob", [other.id], 11.0) == []


def test_queues_are_counted_by_recipient(connection: sqlite3.Connection) -> None:
    for recipient in ("bob", "bob", "boss", "carol"):
        store.insert(connection, new(recipient=recipient))
    store.lease(connection, Lease("carol", "t1", 1, 10.0, 100.0))

    assert store.pending(connection, "bob") == 2
    assert store.all_pending(connection) == {"bob": 2, "boss": 1}
    assert store.awaited_recipients(connection) == ["bob", "boss", "carol"]


def test_purging_stops_at_its_limit_and_leaves_what_is_on_its_way(connection: sqlite3.Connection) -> None:
    for _ in range(5):
        store.insert(connection, new())
    leased(connection, "t1", 3)
    store.ack(connection, "bob", "t1", None, 2.0)
    leased(connection, "t2", 1)

    assert store.purge(connection, 2.0, 2) == 2
    assert store.purge(connection, 2.0, 2) == 1
    assert [one.id for one in store.get_all(connection, range(10))] == [4, 5]


def test_every_query_of_the_delivery_uses_an_index(connection: sqlite3.Connection) -> None:
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    store.insert(connection, new())
    leased(connection, "t1")
    store.hold(connection, "bob", ["t1"], 1.0)
    store.requeue(connection, "bob", "t1")
    store.requeue_others(connection, "bob", [])
    store.requeue_expired(connection, 1.0)
    store.ack(connection, "bob", "t1", [1], 1.0)
    store.mark_read(connection, "bob", [1], 1.0)
    store.pending(connection, "bob")
    store.all_pending(connection)
    store.awaited_recipients(connection)
    store.purge(connection, 1.0, 1)
    store.undeliver(connection, "bob")
    connection.set_trace_callback(None)

    plans = [row["detail"] for sql in seen for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert [plan for plan in plans if plan.startswith("SCAN messages") and "INDEX" not in plan] == []
    assert [plan for plan in plans if plan.startswith(("SCAN earlier", "SCAN one"))] == []
