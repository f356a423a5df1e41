import random
import sqlite3
import time

from hyperhive.store import stats as store
from hyperhive.store.stats import Latest, Merged, Window

#: A multiple of every length that a bucket has.
T = 21_600 * 80_000
DAY = 86_400


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM stats").fetchone()[0])


def test_samples_of_one_bucket_are_one_row(connection: sqlite3.Connection) -> None:
    store.add(connection, "alice", T, [("a", 0, 2.0), ("a", 0, 5.0), ("a", 0, 3.0), ("d", 4, 9.0)])
    store.add(connection, "alice", T, [("a", 0, 1.0), ("d", 5, 10.0)])
    store.add(connection, "bob", T, [("a", 0, 100.0)])

    assert store.merged(connection, Window("alice", T, T + 60, 60)) == [
        Merged(0, "a", 0, 4, 11.0, 5.0, 1.0),
        Merged(0, "d", 4, 1, 9.0, 9.0, 9.0),
        Merged(0, "d", 5, 1, 10.0, 10.0, 10.0),
    ]
    assert count(connection) == 4


def test_buckets_are_read_in_longer_steps_with_the_newest_sample_as_the_last(
    connection: sqlite3.Connection,
) -> None:
    for minute, value in ((0, 7.0), (1, 9.0), (4, 3.0), (5, 1.0), (30, 8.0)):
        store.add(connection, "alice", T + 60 * minute, [("a", 0, value)])

    assert store.merged(connection, Window("alice", T, T + 900, 300)) == [
        Merged(0, "a", 0, 3, 19.0, 9.0, 3.0),
        Merged(1, "a", 0, 1, 1.0, 1.0, 1.0),
    ]


def test_what_held_before_a_window_is_found(connection: sqlite3.Connection) -> None:
    store.add(connection, "alice", T, [("a", 0, 1.0), ("b", 0, 2.0)])
    store.add(connection, "alice", T + 60, [("a", 0, 3.0)])

    assert store.latest_before(connection, "alice", "b", T + 600) == Latest(T, 2.0)
    assert store.latest_before(connection, "alice", "a", T + 60) == Latest(T, 1.0)
    assert store.latest_before(connection, "alice", "a", T) is None
    assert store.latest_before(connection, "bob", "a", T + 600) is None


def test_everybody_with_stats_and_their_keys_are_listed(connection: sqlite3.Connection) -> None:
    assert store.agents(connection) == []
    store.add(connection, "", T, [("tool.B", 0, 1.0)])
    store.add(connection, "bob", T, [("tool.A", 0, 1.0), ("tool.B", 0, 1.0), ("toolbox", 0, 1.0)])
    store.add(connection, "alice", T + 60, [("a", 0, 1.0)])

    assert store.agents(connection) == ["", "alice", "bob"]
    assert store.keys_like(connection, "bob", T, "tool.") == {"tool.A", "tool.B"}
    assert store.keys_like(connection, "bob", T + 1, "tool.") == set()


def test_folding_makes_one_bucket_that_says_the_same(connection: sqlite3.Connection) -> None:
    rng = random.Random(3)
    for minute in range(45):
        store.add(connection, "alice", T + 60 * minute, [("a", 0, rng.random()), ("d", minute % 3, 1.0)])
    store.add(connection, "bob", T, [("a", 0, 1.0)])
    window = Window("alice", T, T + 2700, 900)
    before = store.merged(connection, window)

    assert store.fold(connection, "alice", T, 900) == 30
    assert store.fold(connection, "alice", T + 900, 900) == 30

    assert store.merged(connection, window) == before
    assert count(connection) == 4 + 4 + 30 + 1
    assert store.folded_until(connection, "alice", 900) == T + 1800
    assert (store.folded_until(connection, "bob", 900), store.folded_until(connection, "alice", 3600)) == (
        0,
        0,
    )
    assert store.oldest(connection, "alice", T + 1800) == T + 1800
    assert store.oldest(connection, "alice", T + 9000) is None
    assert store.fold(connection, "alice", T, 900) == 4
    assert store.merged(connection, window) == before


def test_old_buckets_are_purged_up_to_the_limit(connection: sqlite3.Connection) -> None:
    for minute in range(5):
        store.add(connection, "alice", T + 60 * minute, [("a", 0, 1.0)])
    store.add(connection, "bob", T, [("a", 0, 1.0)])

    assert store.purge(connection, "alice", T + 180, 2) == 2
    assert store.purge(connection, "alice", T + 180, 2) == 1
    assert store.purge(connection, "alice", T + 180, 2) == 0
    assert [one.slot for one in store.merged(connection, Window("alice", T, T + 600, 60))] == [3, 4]
    assert store.agents(connection) == ["alice", "bob"]


def test_every_question_is_answered_from_the_primary_key(connection: sqlite3.Connection) -> None:
    seen: list[str] = []
    connection.set_trace_callback(seen.append)
    store.add(connection, "alice", T, [("a", 0, 1.0)])
    store.merged(connection, Window("alice", T, T + 600, 60))
    store.latest_before(connection, "alice", "a", T)
    store.keys_like(connection, "alice", T, "tool.")
    store.agents(connection)
    store.oldest(connection, "alice", T)
    store.folded_until(connection, "alice", 900)
    store.fold(connection, "alice", T, 900)
    store.purge(connection, "alice", T, 10)
    connection.set_trace_callback(None)

    queries = [one for one in seen if one.startswith(("SELECT", "DELETE", "WITH"))]
    assert len(queries) >= 9
    for query in queries:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
        assert [step for step in plan if step.startswith("SCAN") and "names" not in step] == [], (query, plan)


def fill_month(connection: sqlite3.Connection, agents: int, turns: int, keys: int) -> None:
    """A month of an agent's day of so many turns, kept as finely as it is after folding."""
    ladder = ((3 * 3600, 60), (2 * DAY, 900), (8 * DAY, 3600), (30 * DAY, 21_600))
    rows = []
    for number in range(agents):
        name = f"agent-{number}" if number else ""
        younger = 0
        for age, step in ladder:
            for ts in range(T - age, T - younger, step):
                if step > DAY / turns or ts % (DAY // turns) < step:
                    bins = min(40, max(1, step * turns // DAY))
                    rows += [(name, ts, f"key-{key}", 0) for key in range(keys)]
                    rows += [(name, ts, "turn.duration_ms", 80 + one) for one in range(bins)]
            younger = age
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO stats (agent, ts, key, bin, samples, total, most, last) VALUES (?, ?, ?, ?, 1, 2, 3, 4)",
        rows,
    )
    connection.execute("COMMIT")


def test_a_month_of_twenty_busy_agents_is_few_rows_and_read_at_once(connection: sqlite3.Connection) -> None:
    fill_month(connection, agents=21, turns=500, keys=30)
    rows = count(connection)
    # 20 agents x 500 turns x 30 days x 40 samples of a turn would be 12 million.
    assert rows < 700_000
    started = time.monotonic()
    cells = store.merged(connection, Window("", T - 30 * DAY, T, 21_600))
    elapsed = time.monotonic() - started
    assert {one.slot for one in cells} == set(range(120))
    assert len(cells) < 120 * 70
    assert elapsed < 5
