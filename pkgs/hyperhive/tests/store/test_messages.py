from dataclasses import replace

from hyperhive.protocol.bus import MessageChanged
from hyperhive.protocol.messages import Message, MessageKind, MessageState
from hyperhive.store import messages as store
from hyperhive.store.messages import Lease, NewMessage
from hyperhive.store.transaction import Transaction


def new(sender: str = "alice", recipient: str = "bob", body: str = "x", sent_at: float = 1.0) -> NewMessage:
    return NewMessage(sender, recipient, MessageKind.TEXT, body, sent_at)


def leased(tx: Transaction, turn: str, count: int = 1, expires_at: float = 100.0) -> list[int]:
    return [one.id for one in store.lease(tx, Lease("bob", turn, count, expires_at))]


def test_a_message_comes_back_as_it_was_inserted(tx: Transaction) -> None:
    inserted = store.insert(
        tx,
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

    assert store.get(tx.connection, inserted.id) == inserted
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


def test_an_id_that_no_message_has_gives_none(tx: Transaction) -> None:
    assert (store.get(tx.connection, 1), store.get(tx.connection, 2**80)) == (None, None)


def test_ids_are_never_used_again(tx: Transaction) -> None:
    last = [store.insert(tx, new()).id for _ in range(3)][-1]
    tx.connection.execute("DELETE FROM messages")

    assert store.insert(tx, new()).id == last + 1


def test_taking_a_lease_back_leaves_the_message_as_it_was(tx: Transaction) -> None:
    before = store.insert(tx, new())
    store.take_back(tx, leased(tx, "t1"))

    assert store.get(tx.connection, before.id) == before


def test_only_leases_that_ran_out_are_put_back(tx: Transaction) -> None:
    first, second = store.insert(tx, new()), store.insert(tx, new("boss"))
    leased(tx, "t1", expires_at=50.0)
    leased(tx, "t2", expires_at=60.0)

    assert [one.id for one in store.requeue_expired(replace(tx, now=50.0))] == [first.id]
    store.hold_all(tx, 80.0)
    assert store.requeue_expired(replace(tx, now=79.0)) == []
    assert [one.id for one in store.requeue_expired(replace(tx, now=80.0))] == [second.id]


def test_leases_and_acks_of_other_recipients_are_not_touched(tx: Transaction) -> None:
    store.insert(tx, new())
    other = store.insert(tx, new(recipient="boss"))
    store.lease(tx, Lease("boss", "t1", 5, 100.0))

    assert store.ack(tx, "bob", "t1", None) == []
    assert store.requeue_others(tx, "bob", []) == []
    assert store.mark_read(tx, "bob", [other.id]) == []


def test_queues_are_counted_by_recipient(tx: Transaction) -> None:
    for recipient in ("bob", "bob", "boss", "carol"):
        store.insert(tx, new(recipient=recipient))
    store.lease(tx, Lease("carol", "t1", 1, 100.0))

    assert store.pending(tx.connection, "bob") == 2
    assert store.all_pending(tx.connection) == {"bob": 2, "boss": 1}
    assert store.awaited_recipients(tx.connection) == ["bob", "boss", "carol"]


def test_purging_stops_at_its_limit_and_leaves_what_is_on_its_way(tx: Transaction) -> None:
    for _ in range(5):
        store.insert(tx, new())
    leased(tx, "t1", 3)
    store.ack(tx, "bob", "t1", None)
    leased(tx, "t2", 1)

    assert store.purge(tx, 2.0, 2) == 2
    assert store.purge(tx, 2.0, 2) == 1
    assert [one.id for one in store.get_all(tx.connection, range(10))] == [4, 5]


def test_every_query_of_the_delivery_uses_an_index(tx: Transaction) -> None:
    seen: list[str] = []
    tx.connection.set_trace_callback(seen.append)
    store.insert(tx, new())
    leased(tx, "t1")
    store.hold(tx, "bob", ["t1"], 1.0)
    store.resume(tx, "bob", ["t1"], 1.0)
    store.count_failure(tx, "bob", "t1", "400")
    store.park(tx, "bob", "t1")
    store.requeue(tx, "bob", "t1")
    store.requeue_others(tx, "bob", [])
    store.requeue_expired(tx)
    store.ack(tx, "bob", "t1", [1])
    store.mark_read(tx, "bob", [1])
    store.pending(tx.connection, "bob")
    store.all_pending(tx.connection)
    store.awaited_recipients(tx.connection)
    store.purge(tx, 1.0, 1)
    store.undeliver(tx, "bob")
    tx.connection.set_trace_callback(None)

    plans = [row["detail"] for sql in seen for row in tx.connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert [plan for plan in plans if plan.startswith("SCAN messages") and "INDEX" not in plan] == []
    assert [plan for plan in plans if plan.startswith(("SCAN earlier", "SCAN one"))] == []


def fail(tx: Transaction, turn: str, error: str = "400") -> None:
    store.count_failure(tx, "bob", turn, error)
    store.requeue(tx, "bob", turn)


def test_a_message_of_two_failed_turns_gets_turns_of_its_own(tx: Transaction) -> None:
    ids = [store.insert(tx, new(sender)).id for sender in ("alice", "boss", "carol")]
    for turn in ("t1", "t2"):
        assert leased(tx, turn, 2) == ids[:2]
        fail(tx, turn)

    assert leased(tx, "t3", 8) == ids[:1]
    assert leased(tx, "t3", 8) == []
    store.ack(tx, "bob", "t3", None)
    assert leased(tx, "t4", 8) == ids[1:2]
    fail(tx, "t4", "refused")
    assert leased(tx, "t5", 8) == ids[1:2]
    store.ack(tx, "bob", "t5", None)
    assert leased(tx, "t6", 8) == ids[2:]

    found = store.get_all(tx.connection, ids)
    assert [(one.failures, one.error) for one in found] == [(2, "400"), (3, "refused"), (0, None)]


def test_a_turn_that_has_mail_takes_no_suspect_and_nothing_from_behind_it(tx: Transaction) -> None:
    suspect = store.insert(tx, new()).id
    for turn in ("t1", "t2"):
        leased(tx, turn)
        fail(tx, turn)
    behind = store.insert(tx, new("boss")).id

    assert leased(tx, "t3", 8) == [suspect]
    assert leased(tx, "t4", 8) == [behind]
    fail(tx, "t3")
    assert leased(tx, "t4", 8) == []


def test_failures_alone_are_counted_apart(tx: Transaction) -> None:
    first, second = store.insert(tx, new()).id, store.insert(tx, new()).id
    leased(tx, "t1", 2)
    fail(tx, "t1")
    leased(tx, "t2", 1)
    fail(tx, "t2")

    rows = tx.connection.execute("SELECT id, failures, failures_alone FROM messages ORDER BY id")
    assert [tuple(row) for row in rows] == [(first, 2, 1), (second, 1, 0)]


def test_a_lease_that_lapsed_comes_back_to_its_turn_alone(tx: Transaction) -> None:
    ids = [store.insert(tx, new(sender)).id for sender in ("alice", "boss")]
    leased(tx, "t1", 2, expires_at=10.0)
    assert len(store.requeue_expired(tx)) == 2

    assert store.resume(tx, "bob", ["t0"], 20.0) == []
    assert store.resume(tx, "alice", ["t1"], 20.0) == []
    back = store.resume(tx, "bob", ["t0", "t1"], 20.0)
    assert [(one.id, one.turn, one.deliveries, one.redelivered) for one in back] == [
        (number, "t1", 1, False) for number in ids
    ]
    assert store.requeue_expired(replace(tx, now=19.0)) == []


def test_a_lease_that_lapsed_is_gone_once_another_turn_took_the_message(tx: Transaction) -> None:
    store.insert(tx, new())
    leased(tx, "t1")
    store.requeue_others(tx, "bob", [])
    leased(tx, "t2")
    store.requeue(tx, "bob", "t2")

    assert store.resume(tx, "bob", ["t1", "t2"], 20.0) == []


def test_what_a_turn_gave_back_itself_does_not_come_back_to_it(tx: Transaction) -> None:
    store.insert(tx, new())
    leased(tx, "t1")
    store.requeue(tx, "bob", "t1")

    assert store.resume(tx, "bob", ["t1"], 20.0) == []


def test_what_lapsed_does_not_overtake_an_earlier_message_that_another_turn_took(tx: Transaction) -> None:
    first, second = store.insert(tx, new()).id, store.insert(tx, new()).id
    other = store.insert(tx, new("boss")).id
    leased(tx, "t1", 3)
    store.requeue_others(tx, "bob", [])
    assert leased(tx, "t2", 1) == [first]

    assert [one.id for one in store.resume(tx, "bob", ["t1"], 20.0)] == [other]
    store.requeue(tx, "bob", "t2")
    assert store.resume(tx, "bob", ["t1"], 20.0) == []
    leased(tx, "t3", 1)
    store.ack(tx, "bob", "t3", None)
    assert [one.id for one in store.resume(tx, "bob", ["t1"], 20.0)] == [second]


def texts(tx: Transaction) -> list[str]:
    return [row[0] for row in tx.connection.execute("SELECT text FROM bodies ORDER BY id")]


def test_a_broadcast_s_text_is_kept_once_and_as_long_as_one_of_its_messages(tx: Transaction) -> None:
    alone = store.insert(tx, new(body="alone"))
    all_ = replace(new(body="to all"), broadcast=True)
    first = store.insert(tx, all_)
    second = store.insert(tx, replace(all_, recipient="carol"), like=first.id)

    assert texts(tx) == ["alone", "to all"]
    assert store.get(tx.connection, second.id) == second
    gone = []
    for message in (first, alone, second):
        tx.connection.execute("DELETE FROM messages WHERE id = ?", (message.id,))
        gone.append(texts(tx))
    assert gone == [["alone", "to all"], ["to all"], []]


def test_a_lease_hands_out_as_much_text_as_fits_and_one_message_at_least(tx: Transaction) -> None:
    length = store.LEASE_BYTES // 4
    ids = [store.insert(tx, new(body="ü" * length)).id for _ in range(3)]
    ids += [store.insert(tx, new(body="x" * 4 * length + "x")).id, store.insert(tx, new()).id]

    leases = iter(lambda: leased(tx, "t0", 8), [])
    assert list(leases) == [ids[:2], ids[2:3], ids[3:4], ids[4:]]


def test_no_change_of_a_large_message_writes_or_reads_its_text(tx: Transaction) -> None:
    ids = [store.insert(tx, new(body="x" * 1_000_000)).id for _ in range(2)]
    seen: list[str] = []
    tx.connection.execute("BEGIN")
    tx.connection.set_trace_callback(seen.append)
    for _ in range(2):
        store.lease(tx, Lease("bob", "t1", 1, 20.0))
        texts_read = [sql for sql in seen if "bodies" in sql]
        assert len(texts_read) == 1
        seen.clear()
        store.hold(tx, "bob", ["t1"], 20.0)
        store.requeue_others(tx, "bob", [])
        store.resume(tx, "bob", ["t1"], 20.0)
        store.requeue(tx, "bob", "t1")
    store.lease(tx, Lease("bob", "t1", 1, 20.0))
    seen.clear()
    store.ack(tx, "bob", "t1", None)
    store.mark_read(tx, "bob", ids)
    tx.connection.set_trace_callback(None)
    assert not [sql for sql in seen if "bodies" in sql]
    assert {type(one.message).__name__ for one in tx.events[2:] if isinstance(one, MessageChanged)} == {
        "MessageHeader"
    }


def test_a_message_that_is_parked_or_decided_on_is_told_whole(tx: Transaction) -> None:
    message = store.insert(tx, new(body="poison"))
    for turn in ("t1", "t2", "t3"):
        leased(tx, turn)
        store.count_failure(tx, "bob", turn, "400")
        parked = store.park(tx, "bob", turn)
        store.requeue(tx, "bob", turn)

    assert [one.body for one in parked] == ["poison"]
    assert store.retry(tx, message.id).body == "poison"
    assert [one.message for one in tx.events if isinstance(one, MessageChanged)][-2:] == [
        *parked,
        store.get(tx.connection, message.id),
    ]
