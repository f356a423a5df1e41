"""A long history: fills a broker's database as weeks of work would, without sending one message."""

import json
import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from hyperhive.store.schema import migrate

_DAY: Final = 86_400.0
_TEXT: Final = (
    "the parser is green again after tests for empty lines were added and harvest data moved into one table "
    "please look at the branch before we merge it since prices of linden honey do not match what was sent"
)
_STATES: Final = (*["acked"] * 97, "queued", "refused", "undeliverable")
_TOOLS: Final = ("Bash", "Read", "Edit", "Grep", "mcp__hyperhive__send")


def fill(database: Path, agents: Sequence[str], *, messages: int, events: int) -> None:
    """Make the database and put messages of a month and one agent's log of a day into it.

    Args:
        database: The file; it and its directory are made.
        agents: Who writes to whom; the first one has the log.
        messages: How many; about one in a hundred waits, was refused or could not be delivered.
        events: How many of the first agent.
    """
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    source = _Source()
    now = time.time()
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        migrate(connection)
        connection.execute("BEGIN")
        for sender, recipient, text, sent_at, state, rule in _messages(source, agents, messages, now):
            body = connection.execute("INSERT INTO bodies (text) VALUES (?)", (text,)).lastrowid
            connection.execute(
                "INSERT INTO messages"
                " (sender, recipient, kind, body_id, size, broadcast, sent_at, state, refused_rule)"
                " VALUES (?, ?, 'text', ?, ?, 0, ?, ?, ?)",
                (sender, recipient, body, len(text), sent_at, state, rule),
            )
        connection.executemany(
            "INSERT INTO events (agent, ts, kind, turn, data, cost_usd) VALUES (?, ?, ?, ?, ?, ?)",
            _events(source, agents[0], events, now),
        )
        connection.execute("COMMIT")
    finally:
        connection.close()


class _Source:
    """Chance and texts, the same every time; texts are made once and used again."""

    def __init__(self) -> None:
        self.chance = random.Random(7)  # noqa: S311 - no secret
        words = _TEXT.split()
        self._texts = [" ".join(self.chance.choices(words, k=length)) for length in range(3, 300)]

    def text(self, least: int, most: int) -> str:
        """Some words, between so many and so many."""
        return self._texts[self.chance.randint(least, most) - 3]


def _messages(source: _Source, agents: Sequence[str], count: int, now: float) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        sender, recipient = source.chance.sample(agents, 2)
        if number % 50 == 0:
            recipient = "operator"
        state = (
            "queued" if recipient == "operator" and number > count - 2000 else source.chance.choice(_STATES)
        )
        rule = "recipient_denied" if state == "refused" else None
        sent_at = now - 30 * _DAY * (1 - number / count)
        yield sender, recipient, source.text(5, 80), sent_at, state, rule


def _events(source: _Source, agent: str, count: int, now: float) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        turn = f"turn-{number // 10}"
        kind, data = _event(source, number)
        cost = data.get("cost_usd", 0.0)
        yield agent, now - _DAY * (1 - number / count), kind, turn, json.dumps(data), cost


def _event(source: _Source, number: int) -> tuple[str, dict[str, Any]]:
    """One of the ten events of a turn."""
    place = number % 10
    if place == 0:
        return "turn_start", {"prompt": source.text(10, 60), "messages": [number]}
    if place == 9:
        tokens = {"input": 900, "output": 400, "cache_read": 20_000, "cache_write": 500}
        return "turn_end", {
            "result": "ok",
            "error": "",
            "duration_ms": source.chance.randint(2000, 90_000),
            "tool_calls": 3,
            "tools": {"Bash": 3},
            "cost_usd": 0.02,
            "tokens": tokens,
        }
    if place in {3, 6}:
        return "text", {"text": source.text(20, 120)}
    if place in {1, 4, 7}:
        call = {"command": source.text(3, 12)}
        return "tool_use", {"id": f"call-{number}", "name": source.chance.choice(_TOOLS), "input": call}
    return "tool_result", {"id": f"call-{number - 1}", "is_error": False, "text": source.text(10, 299)}
