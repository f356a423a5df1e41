from hyperhive.store import sessions as store
from hyperhive.store.transaction import Transaction


def test_logins_are_loaded_until_they_expire_or_are_deleted(tx: Transaction) -> None:
    for digest, expires_at in (("a", 10.0), ("b", 20.0), ("c", 20.0)):
        store.insert(tx, digest, "secret", expires_at)
    store.delete(tx, ["c", "unknown"])

    assert store.load(tx.connection, 5.0) == {"a": ("secret", 10.0), "b": ("secret", 20.0)}
    assert store.load(tx.connection, 10.0) == {"b": ("secret", 20.0)}
