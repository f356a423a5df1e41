import sqlite3

from hyperhive.store import agents


def test_the_latest_choice_of_each_agent_is_kept_until_forgotten(
    connection: sqlite3.Connection,
) -> None:
    agents.choose_model(connection, "alice", "opus")
    agents.choose_model(connection, "bob", "haiku")
    agents.choose_model(connection, "alice", "sonnet")
    assert agents.models(connection) == {"alice": "sonnet", "bob": "haiku"}
    agents.choose_model(connection, "alice", None)
    agents.choose_model(connection, "nobody", None)
    assert agents.models(connection) == {"bob": "haiku"}
