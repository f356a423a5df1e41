"""The schema's version and the numbered migrations that lead to it."""

import sqlite3
from dataclasses import dataclass
from importlib.resources import files

from hyperhive.errors import StoreError


@dataclass(frozen=True)
class Migration:
    """The file `store/migrations/NNN_name.sql`, which leads from version `number - 1` to `number`."""

    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """In order, numbered from 1 without a gap."""
    found = []
    for entry in files("hyperhive.store").joinpath("migrations").iterdir():
        number, _, name = entry.name.removesuffix(".sql").partition("_")
        if entry.name.endswith(".sql"):
            found.append(Migration(int(number), name, entry.read_text("utf-8")))
    return sorted(found, key=lambda one: one.number)


def schema_version(connection: sqlite3.Connection) -> int:
    """0 for an empty file.

    A `StoreError` when it belongs to another program or to a newer hyperhive, a `sqlite3.DatabaseError`
    when it is no database.
    """
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise StoreError("it is a database of another program")
    version = int(connection.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0)
    known = migrations()[-1].number
    if version > known:
        raise StoreError(f"it has schema version {version}, this hyperhive knows {known}: use a newer one")
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Every missing step is a transaction of its own."""
    version = schema_version(connection)
    for step in migrations()[version:]:
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{step.sql}\n"
            f"INSERT INTO schema_version (version) VALUES ({step.number:d});\nCOMMIT;"
        )
