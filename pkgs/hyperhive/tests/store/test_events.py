import json
import sqlite3
import time

from hyperhive.protocol.events import EventKind, NewEvent, Note, Text, ToolUse, TurnEnd, TurnResult
from hyperhive.store import events as store
from hyperhive.store.events import PAGE_BYTES, Slice, TurnCounts
from hyperhive.store.transaction import Transaction


def turn_end(ts: float, cost: object) -> NewEvent:
    return NewEvent(ts=ts, turn="t", data=TurnEnd.model_validate({"cost_usd": cost}))


def test_turns_are_counted_by_agent_from_a_time_on_whatever_the_harness_wrote_as_cost(
    tx: Transaction,
) -> None:
    store.append(tx, "alice", [turn_end(1.0, 9.0), turn_end(5.0, 0.25), turn_end(6.0, 1)])
    store.append(tx, "alice", [turn_end(7.0, "much"), turn_end(8.0, -4.0), turn_end(8.0, None)])
    store.append(tx, "alice", [NewEvent(ts=9.0, turn=None, data=Text(text="7.0"))])
    store.append(tx, "bob", [turn_end(2.0, 1.0)])

    assert store.turn_counts(tx.connection, 5.0) == {"alice": TurnCounts(turns=5, cost_usd=1.25)}
    assert store.last_turn_ends(tx.connection) == {"alice": 8.0, "bob": 2.0}


def test_a_long_log_is_paged_and_counted_quickly(tx: Transaction) -> None:
    tx.connection.execute("BEGIN")
    tx.connection.executemany(
        "INSERT INTO events (agent, ts, kind, turn, data, cost_usd) VALUES (?, ?, ?, 't', '{}', 0)",
        (
            (f"agent-{number % 10}", float(number), "turn_end" if number % 5 == 0 else "text")
            for number in range(50_000)
        ),
    )
    tx.connection.execute("COMMIT")
    started = time.monotonic()

    page = store.page(tx.connection, "agent-3", Slice(before=25_000), 100)
    counts = store.turn_counts(tx.connection, 40_000.0)
    store.last_turn_ends(tx.connection)
    ends = store.page(tx.connection, "agent-5", Slice(kinds=(EventKind.TURN_END,)), 3)

    assert time.monotonic() - started < 0.5
    assert (page.events[0].id, len(page.events), page.next_before) == (24_994, 100, 24_004)
    assert [one.id for one in ends.events] == [49_996, 49_986, 49_976]
    assert counts == {f"agent-{number}": TurnCounts(1000, 0.0) for number in (0, 5)}


def test_old_events_are_purged_up_to_the_limit(tx: Transaction) -> None:
    store.append(tx, "alice", [turn_end(float(number), 0.0) for number in range(5)])

    assert store.purge(tx, 3.0, 2) == 2
    assert store.purge(tx, 3.0, 2) == 1
    assert [one.ts for one in store.page(tx.connection, "alice", Slice(), 9).events] == [4.0, 3.0]


def note(text: str) -> NewEvent:
    return NewEvent(ts=1.0, turn=None, data=Note(text=text))


def insert(connection: sqlite3.Connection, kind: str, data: str) -> None:
    """A row as any version may have written it."""
    connection.execute(
        "INSERT INTO events (agent, ts, kind, turn, data, cost_usd) VALUES ('alice', 1.0, ?, 't', ?, 0)",
        (kind, data),
    )


def test_rows_that_do_not_fit_are_read_as_far_as_they_do(tx: Transaction) -> None:
    rows = [
        ("turn_end", '{"result": "ok", "duration_ms": "long", "cost_usd": 0.5, "dropped": "much"}'),
        ("tool_use", "{}"),
        ("state", '{"state": "idle"}'),
        ("text", "no JSON"),
    ]
    for kind, data in rows:
        insert(tx.connection, kind, data)

    events = store.page(tx.connection, "alice", Slice(), 9).events[::-1]

    assert [one.data for one in events[:2]] == [TurnEnd(result=TurnResult.OK, cost_usd=0.5), ToolUse()]
    assert [type(one.data) for one in events[2:]] == [Note, Note]
    assert "idle" in events[2].data.text
    assert "no JSON" in events[3].data.text


def test_a_log_is_paged_forward_from_an_event_on(tx: Transaction) -> None:
    store.append(tx, "alice", [note(str(number)) for number in range(5)])
    store.append(tx, "bob", [note("elsewhere")])

    first = store.page(tx.connection, "alice", Slice(after=0), 3)
    second = store.page(tx.connection, "alice", Slice(after=first.next_after), 3)
    between = store.page(tx.connection, "alice", Slice(after=1, before=4), 9)

    assert ([one.id for one in first.events], first.next_before, first.next_after) == ([3, 2, 1], None, 3)
    assert ([one.id for one in second.events], second.next_before, second.next_after) == ([5, 4], None, None)
    assert [one.id for one in between.events] == [3, 2]


def test_a_page_is_of_the_kinds_that_were_asked_for(tx: Transaction) -> None:
    store.append(tx, "alice", [note("one"), turn_end(1.0, 0.0), note("two")])

    page = store.page(tx.connection, "alice", Slice(kinds=(EventKind.TURN_END, EventKind.TEXT)), 9)

    assert [one.kind for one in page.events] == [EventKind.TURN_END]


def test_a_page_of_large_events_holds_fewer_of_them_and_at_least_one(tx: Transaction) -> None:
    for size in (PAGE_BYTES // 3, 2 * PAGE_BYTES, PAGE_BYTES // 3, PAGE_BYTES // 3):
        insert(tx.connection, "note", json.dumps({"text": "x" * size}))

    newest = store.page(tx.connection, "alice", Slice(), 100)
    next_one = store.page(tx.connection, "alice", Slice(before=newest.next_before), 100)
    oldest = store.page(tx.connection, "alice", Slice(before=next_one.next_before), 100)

    pages = [newest, next_one, oldest]
    assert [[one.id for one in page.events] for page in pages] == [[4, 3], [2], [1]]
    assert oldest.next_before is None
