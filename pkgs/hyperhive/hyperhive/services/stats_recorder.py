"""Stats recorder: what messages and turns add to the stats, in the transaction that stores them."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Final

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
from hyperhive.domain.timing import day_start
from hyperhive.protocol.bus import EventStored, MessageChanged, QueueChanged
from hyperhive.protocol.events import AgentEvent, TurnEnd
from hyperhive.protocol.messages import MessageHeader, MessageState
from hyperhive.store import stats as store
from hyperhive.store.transaction import Transaction

#: Whose stats are those of the whole hive.
HIVE: Final = ""
#: What means nothing as a sum over agents.
_NOT_OF_THE_HIVE: Final = frozenset({CONTEXT, NOTES})

_Samples = dict[str, list[Sample]]


class StatsRecorder:
    """Everything but `start` runs on the writer thread.

    Args:
        roster: Whose messages and queues are counted, as it is now.
    """

    def __init__(self, roster: Callable[[], Roster]) -> None:
        self._roster = roster
        self._depths: dict[str, int] = {}
        self._day = 0.0
        self._tools: dict[str, set[str]] = {}

    def start(self, depths: Mapping[str, int]) -> None:
        """Take the queues' depths over from the store, before anything changes them."""
        self._depths = dict(depths)

    def record(self, tx: Transaction) -> None:
        roster = self._roster()
        added: _Samples = {}
        for event in tx.events:
            match event:
                case MessageChanged(message, is_new=True) if message.state is not MessageState.REFUSED:
                    _add_message(added, message, roster)
                case EventStored(AgentEvent(data=TurnEnd() as end) as stored):
                    self._record_turn(tx, stored, end)
                case _:
                    pass
        self._add_depths(added, [event for event in tx.events if isinstance(event, QueueChanged)], roster)
        for name, samples in added.items():
            store.add(tx, name, bucket(tx.now, tx.now), samples)

    def _add_depths(self, added: _Samples, queues: list[QueueChanged], roster: Roster) -> None:
        """Add the depths that are others than before, and their sum."""
        others = [
            queue
            for queue in queues
            if queue.recipient in roster.agents and queue.depth != self._depths.get(queue.recipient, 0)
        ]
        self._depths.update((queue.recipient, queue.depth) for queue in queues)
        for queue in others:
            added.setdefault(queue.recipient, []).append(Sample(DEPTH, 0, queue.depth))
        if others:
            total = sum(self._depths.get(name, 0) for name in roster.agents)
            added.setdefault(HIVE, []).append(Sample(DEPTH, 0, total))

    def _record_turn(self, tx: Transaction, event: AgentEvent, end: TurnEnd) -> None:
        samples = turn_samples(end)
        for name in (event.agent, HIVE):
            known = self._known_tools(tx.connection, name, tx.now)
            own = [
                _limited(sample, known) for sample in samples if name or sample.key not in _NOT_OF_THE_HIVE
            ]
            store.add(tx, name, bucket(event.ts, tx.now), own)

    def _known_tools(self, connection: sqlite3.Connection, name: str, now: float) -> set[str]:
        if self._day != day_start(now):
            self._day = day_start(now)
            self._tools = {}
        if name not in self._tools:
            self._tools[name] = store.keys_like(connection, name, int(self._day), TOOL)
        return self._tools[name]


def _add_message(added: _Samples, message: MessageHeader, roster: Roster) -> None:
    for name, other, way in (
        (message.sender, message.recipient, "sent"),
        (message.recipient, message.sender, "received"),
    ):
        if name in roster.agents:
            sample = Sample(f"messages.{way}.{side(other, roster.manager)}", 0, 1)
            added.setdefault(name, []).append(sample)
            added.setdefault(HIVE, []).append(sample)


def _limited(sample: Sample, known: set[str]) -> Sample:
    if not is_tool(sample.key) or sample.key in known:
        return sample
    if len(known) >= TOOLS_PER_DAY:
        return sample._replace(key=OTHER_TOOL)
    known.add(sample.key)
    return sample
