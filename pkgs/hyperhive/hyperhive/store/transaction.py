"""A transaction as the functions of the store that write get it; those that only read get a connection."""

import sqlite3
from dataclasses import dataclass, field

from hyperhive.protocol.bus import Event


@dataclass
class Transaction:
    """Lives on the writer thread."""

    connection: sqlite3.Connection
    #: When it was asked for, in seconds since 1970.
    now: float
    #: What it changed, in order; published after the commit, and not at all when it fails.
    events: list[Event] = field(default_factory=list)
    #: How much text it wrote or read; one owner's large transactions do not fill a commit.
    text_bytes: int = 0
