import random
import time

from hyperhive.store import stats as store
from hyperhive.store.stats import Latest, Merged, Window
from hyperhive.store.transaction import Transaction

#: A multiple of every length that a bucket has.
T = 21_600 * 80_000
DAY = 86_400


def count(tx: Transaction) -> int:
    return int(tx.connection.execute("SELECT count(*) FROM stats").fetchone()[0])


def test_samples_of_one_bucket_are_one_row(tx: Transaction) -> None:
    store.add(tx, "alice", T, [("a", 0, 2.0), ("a", 0, 5.0), ("a", 0, 3.0), ("d", 4, 9.0)])
    store.add(tx, "alice", T, [("a", 0, 1.0), ("d", 5, 10.0)])
    store.add(tx, "bob", T, [("a", 0, 100.0)])

    assert store.merged(tx.connection, Window("alice", T, T + 60, 60)) == [
        Merged(0, "a", 0, 4, 11.0, 5.0, 1.0),
        Merged(0, "d", 4, 1, 9.0, 9.0, 9.0),
        Merged(0, "d", 5, 1, 10.0, 10.0, 10.0),
    ]
    assert count(tx) == 4


def test_buckets_are_read_in_longer_steps_with_the_newest_sample_as_the_last(
    tx: Transaction,
) -> None:
    for minute, value in ((0, 7.0), (1, 9.0), (4, 3.0), (5, 1.0), (30, 8.0)):
        store.add(tx, "alice", T + 60 * minute, [("a", 0, value)])

    assert store.merged(tx.connection, Window("alice", T, T + 900, 300)) == [
        Merged(0, "a", 0, 3, 19.0, 9.0, 3.0),
        Merged(1, "a", 0, 1, 1.0, 1.0, 1.0),
    ]


def test_what_held_before_a_window_is_found(tx: Transaction) -> None:
    store.add(tx, "alice", T, [("a", 0, 1.0), ("b", 0, 2.0)])
    store.add(tx, "alice", T + 60, [("a", 0, 3.0)])

    assert store.latest_before(tx.connection, "alice", "b", T + 600) == Latest(T, 2.0)
    assert store.latest_before(tx.connection, "alice", "a", T + 60) == Latest(T, 1.0)
    assert store.latest_before(tx.connection, "alice", "a", T) is None
    assert store.latest_before(tx.connection, "bob", "a", T + 600) is None


def test_everybody_with_stats_and_their_keys_are_listed(tx: Transaction) -> None:
    assert store.agents(tx.connection) == []
    store.add(tx, "", T, [("tool.B", 0, 1.0)])
    store.add(tx, "bob", T, [("tool.A", 0, 1.0), ("tool.B", 0, 1.0), ("toolbox", 0, 1.0)])
    store.add(tx, "alice", T + 60, [("a", 0, 1.0)])

    assert store.agents(tx.connection) == ["", "alice", "bob"]
    assert store.keys_like(tx.connection, "bob", T, "tool.") == {"tool.A", "tool.B"}
    assert store.keys_like(tx.connection, "bob", T + 1, "tool.") == set()


def test_folding_makes_one_bucket_that_says_the_same(tx: Transaction) -> None:
    rng = random.Random(3)
    for minute in range(45):
        store.add(tx, "alice", T + 60 * minute, [("a", 0, rng.random()), ("d", minute % 3, 1.0)])
    store.add(tx, "bob", T, [("a", 0, 1.0)])
    window = Window("alice", T, T + 2700, 900)
    before = store.merged(tx.connection, window)

    assert store.fold(tx, "alice", T, 900) == 30
    assert store.fold(tx, "alice", T + 900, 900) == 30

    assert store.merged(tx.connection, window) == before
    assert count(tx) == 4 + 4 + 30 + 1
    assert store.folded_until(tx.connection, "alice", 900) == T + 1800
    assert (
        store.folded_until(tx.connection, "bob", 900),
        store.folded_until(tx.connection, "alice", 3600),
    ) == (
        0,
        0,
    )
    assert store.oldest(tx.connection, "alice", T + 1800) == T + 1800
    assert store.oldest(tx.connection, "alice", T + 9000) is None
    assert store.fold(tx, "alice", T, 900) == 4
    assert store.merged(tx.connection, window) == before


def test_old_buckets_are_purged_up_to_the_limit(tx: Transaction) -> None:
    for minute in range(5):
        store.add(tx, "alice", T + 60 * minute, [("a", 0, 1.0)])
    store.add(tx, "bob", T, [("a", 0, 1.0)])

    assert store.purge(tx, "alice", T + 180, 2) == 2
    assert store.purge(tx, "alice", T + 180, 2) == 1
    assert store.purge(tx, "alice", T + 180, 2) == 0
    assert [one.slot for one in store.merged(tx.connection, Window("alice", T, T + 600, 60))] == [3, 4]
    assert store.agents(tx.connection) == ["alice", "bob"]


def test_every_question_is_answered_from_the_primary_key(tx: Transaction) -> None:
    seen: list[str] = []
    tx.connection.set_trace_callback(seen.append)
    store.add(tx, "alice", T, [("a", 0, 1.0)])
    store.merged(tx.connection, Window("alice", T, T + 600, 60))
    store.latest_before(tx.connection, "alice", "a", T)
    store.keys_like(tx.connection, "alice", T, "tool.")
    store.agents(tx.connection)
    store.oldest(tx.connection, "alice", T)
    store.folded_until(tx.connection, "alice", 900)
    store.fold(tx, "alice", T, 900)
    store.purge(tx, "alice", T, 10)
    tx.connection.set_trace_callback(None)

    queries = [one for one in seen if one.startswith(("SELECT", "DELETE", "WITH"))]
    assert len(queries) >= 9
    for query in queries:
        plan = [row["detail"] for row in tx.connection.execute(f"EXPLAIN QUERY PLAN {query}")]
        assert [step for step in plan if step.startswith("SCAN") and "names" not in step] == [], (query, plan)


def fill_month(tx: Transaction, agents: int, turns: int, keys: int) -> None:
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
    tx.connection.execute("BEGIN")
    tx.connection.executemany(
        "INSERT INTO stats (agent, ts, key, bin, samples, total, most, last) VALUES (?, ?, ?, ?, 1, 2, 3, 4)",
        rows,
    )
    tx.connection.execute("COMMIT")


def test_a_month_of_twenty_busy_agents_is_few_rows_and_read_at_once(tx: Transaction) -> None:
    fill_month(tx, agents=21, turns=500, keys=30)
    rows = count(tx)
    # 20 agents x 500 turns x 30 days x 40 samples of a turn would be 12 million.
    assert rows < 700_000
    started = time.monotonic()
    cells = store.merged(tx.connection, Window("", T - 30 * DAY, T, 21_600))
    elapsed = time.monotonic() - started
    assert {one.slot for one in cells} == set(range(120))
    assert len(cells) < 120 * 70
    assert elapsed < 5
