import sqlite3
import time

from hyperhive.protocol.events import EventKind, NewEvent
from hyperhive.store import events as store
from hyperhive.store.events import TurnCounts


def turn_end(ts: float, cost: object) -> NewEvent:
    return NewEvent(ts=ts, kind=EventKind.TURN_END, turn="t", data={"cost_usd": cost})


def test_turns_are_counted_by_agent_from_a_time_on_whatever_the_harness_wrote_as_cost(
    connection: sqlite3.Connection,
) -> None:
    store.append(connection, "alice", [turn_end(1.0, 9.0), turn_end(5.0, 0.25), turn_end(6.0, 1)])
    store.append(connection, "alice", [turn_end(7.0, "much"), turn_end(8.0, -4.0), turn_end(8.0, None)])
    store.append(
        connection, "alice", [NewEvent(ts=9.0, kind=EventKind.TEXT, turn=None, data={"cost_usd": 7.0})]
    )
    store.append(connection, "bob", [turn_end(2.0, 1.0)])

    assert store.turn_counts(connection, 5.0) == {"alice": TurnCounts(turns=5, cost_usd=1.25)}
    assert store.last_turn_ends(connection) == {"alice": 8.0, "bob": 2.0}


def test_a_long_log_is_paged_and_counted_quickly(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO events (agent, ts, kind, turn, data, cost_usd) VALUES (?, ?, ?, 't', '{}', 0)",
        (
            (f"agent-{number % 10}", float(number), "turn_end" if number % 5 == 0 else "text")
            for number in range(50_000)
        ),
    )
    connection.execute("COMMIT")
    started = time.monotonic()

    page = store.page(connection, "agent-3", 25_000, 100)
    counts = store.turn_counts(connection, 40_000.0)
    store.last_turn_ends(connection)

    assert time.monotonic() - started < 0.5
    assert (page.events[0].id, len(page.events), page.next_before) == (24_994, 100, 24_004)
    assert counts == {f"agent-{number}": TurnCounts(1000, 0.0) for number in (0, 5)}


def test_old_events_are_purged_up_to_the_limit(connection: sqlite3.Connection) -> None:
    store.append(connection, "alice", [turn_end(float(number), 0.0) for number in range(5)])

    assert store.purge(connection, 3.0, 2) == 2
    assert store.purge(connection, 3.0, 2) == 1
    assert [one.ts for one in store.page(connection, "alice", None, 9).events] == [4.0, 3.0]
