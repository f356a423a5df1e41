import sqlite3
from pathlib import Path

from bench.history import fill
from hyperhive.store import events, history
from hyperhive.store.history import Filter


def test_a_long_history_is_one_that_the_broker_could_have_written(tmp_path: Path) -> None:
    path = tmp_path / "db" / "broker.sqlite"
    fill(path, ["alice", "bob", "boss"], messages=3000, events=200)
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    page = history.page(connection, Filter(), 3000, 10**9)
    assert (len(page.messages), page.next_before) == (3000, None)
    assert {message.sender for message in page.messages} == {"alice", "bob", "boss"}
    assert {message.state.value for message in page.messages} == {
        "acked",
        "queued",
        "refused",
        "undeliverable",
    }
    assert len(history.inbox(connection, "operator", 0, 500, 10**9).messages) == 39
    log = events.page(connection, "alice", events.Slice(), 200)
    assert len(log.events) == 200
    assert events.turn_counts(connection, 0)["alice"].turns == 20
    connection.close()
