"""Tally: what messages and turns add to the stats, in the transaction that stores them."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from hyperhive.domain.days import day_start
from hyperhive.domain.recipients import Roster
from hyperhive.domain.stats import (
    CONTEXT,
    DEPTH,
    NOTES,
    OTHER_TOOL,
    TOOL,
    TOOLS_PER_DAY,
    Sample,
    bucket,
    is_tool,
    side,
    turn_samples,
)
from hyperhive.protocol.events import AgentEvent, EventKind
from hyperhive.services.changes import Changes
from hyperhive.store import stats as store

#: Whose stats are those of the whole hive.
HIVE: Final = ""
#: What means nothing as a sum over agents.
_NOT_OF_THE_HIVE: Final = frozenset({CONTEXT, NOTES})


class Tally:
    """Shared by messages and events. Everything but `start` runs on the writer thread."""

    def __init__(self, roster: Roster) -> None:
        self._agents = frozenset(roster.agents)
        self._manager = roster.manager
        self._depths: dict[str, int] = {}
        self._day = 0.0
        self._tools: dict[str, set[str]] = {}

    def start(self, depths: Mapping[str, int]) -> None:
        """Take the queues' depths over from the store, before anything changes them."""
        self._depths = {name: depth for name, depth in depths.items() if name in self._agents}

    def messages(self, changes: Changes) -> None:
        """Count what was sent, and how deep the queues are now."""
        added: dict[str, list[Sample]] = {}
        for message in changes.sent:
            for name, other, way in (
                (message.sender, message.recipient, "sent"),
                (message.recipient, message.sender, "received"),
            ):
                if name in self._agents:
                    sample = Sample(f"messages.{way}.{side(other, self._manager)}", 0, 1)
                    added.setdefault(name, []).append(sample)
                    added.setdefault(HIVE, []).append(sample)
        if self._deepen(changes.pending, added):
            added.setdefault(HIVE, []).append(Sample(DEPTH, 0, sum(self._depths.values())))
        for name, samples in added.items():
            store.add(changes.connection, name, bucket(changes.now, changes.now), samples)

    def _deepen(self, pending: Mapping[str, int], added: dict[str, list[Sample]]) -> bool:
        """Add the depths that are others than before; whether there are any."""
        others = {
            name: depth
            for name, depth in pending.items()
            if name in self._agents and depth != self._depths.get(name, 0)
        }
        self._depths.update(others)
        for name, depth in others.items():
            added.setdefault(name, []).append(Sample(DEPTH, 0, depth))
        return bool(others)

    def event(self, connection: sqlite3.Connection, event: AgentEvent, now: float) -> None:
        """Count a turn if the event ends one."""
        if event.kind is not EventKind.TURN_END:
            return
        samples = turn_samples(event.data)
        for name in (event.agent, HIVE):
            known = self._known_tools(connection, name, now)
            own = [
                _limited(sample, known) for sample in samples if name or sample.key not in _NOT_OF_THE_HIVE
            ]
            store.add(connection, name, bucket(event.ts, now), own)

    def _known_tools(self, connection: sqlite3.Connection, name: str, now: float) -> set[str]:
        """The tools that were counted by their names today."""
        if self._day != day_start(now):
            self._day = day_start(now)
            self._tools = {}
        if name not in self._tools:
            self._tools[name] = store.keys_like(connection, name, int(self._day), TOOL)
        return self._tools[name]


def _limited(sample: Sample, known: set[str]) -> Sample:
    if not is_tool(sample.key) or sample.key in known:
        return sample
    if len(known) >= TOOLS_PER_DAY:
        return sample._replace(key=OTHER_TOOL)
    known.add(sample.key)
    return sample
