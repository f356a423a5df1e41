import sqlite3

from hyperhive.store import sessions as store


def test_logins_are_loaded_until_they_expire_or_are_deleted(connection: sqlite3.Connection) -> None:
    for digest, expires_at in (("a", 10.0), ("b", 20.0), ("c", 20.0)):
        store.insert(connection, digest, "secret", expires_at)
    store.delete(connection, ["c", "unknown"])

    assert store.load(connection, 5.0) == {"a": ("secret", 10.0), "b": ("secret", 20.0)}
    assert store.load(connection, 10.0) == {"b": ("secret", 20.0)}
