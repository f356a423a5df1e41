from hyperhive.store import agents
from hyperhive.store.transaction import Transaction


def test_the_latest_choice_of_each_agent_is_kept_until_forgotten(
    tx: Transaction,
) -> None:
    agents.choose_model(tx, "alice", "opus")
    agents.choose_model(tx, "bob", "haiku")
    agents.choose_model(tx, "alice", "sonnet")
    assert agents.models(tx.connection) == {"alice": "sonnet", "bob": "haiku"}
    agents.choose_model(tx, "alice", None)
    agents.choose_model(tx, "nobody", None)
    assert agents.models(tx.connection) == {"bob": "haiku"}
