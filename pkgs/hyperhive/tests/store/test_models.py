from hyperhive.store import models
from hyperhive.store.transaction import Transaction


def test_the_latest_choice_of_each_agent_is_kept_until_forgotten(
    tx: Transaction,
) -> None:
    models.choose(tx, "alice", "opus")
    models.choose(tx, "bob", "haiku")
    models.choose(tx, "alice", "sonnet")
    assert models.load(tx.connection) == {"alice": "sonnet", "bob": "haiku"}
    models.choose(tx, "alice", None)
    models.choose(tx, "nobody", None)
    assert models.load(tx.connection) == {"bob": "haiku"}
