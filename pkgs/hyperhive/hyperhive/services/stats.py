"""Stats: reports of what was recorded, and the care that keeps the records few."""

import itertools
import math
import sqlite3
from collections.abc import Callable, Collection
from typing import Final

from hyperhive.config import BrokerConfig
from hyperhive.domain.stats import (
    DEPTH,
    GAUGES,
    RESOLUTIONS,
    TURNS,
    Cell,
    Frame,
    build,
    is_tool,
    resolution,
    step_for,
    tools,
    within,
)
from hyperhive.domain.timing import DAY
from hyperhive.errors import InvalidRequestError
from hyperhive.protocol.stats import BUCKETS, TOOL_LIMIT, StatsReport
from hyperhive.services.agents import Agents
from hyperhive.services.quota import Quota
from hyperhive.services.stats_recorder import HIVE
from hyperhive.store import stats as store
from hyperhive.store.database import Database
from hyperhive.store.stats import Window
from hyperhive.store.transaction import Transaction

#: Length of the window of a report when nobody says, in seconds.
WINDOW: Final = 3600.0

#: Seconds between two rounds of care, rows after which one folds no further, and rows that one deletes.
_CARE_EVERY: Final = 60.0
_FOLD_ROWS: Final = 4000
_PURGE_ROWS: Final = 5000
#: Buckets of one agent and length that one round folds at most, empty ones too.
_FOLD_BUCKETS: Final = 100


class Stats:
    """What was recorded, as numbers over time."""

    def __init__(
        self, db: Database, agents: Agents, quota: Quota, config: BrokerConfig, clock: Callable[[], float]
    ) -> None:
        self._db = db
        self._agents = agents
        self._quota = quota
        self._days = config.retention.stats_days
        self._clock = clock
        self._cared_at = clock()

    async def report(
        self,
        agent: str = HIVE,
        since: float | None = None,
        until: float | None = None,
        *,
        buckets: int = BUCKETS,
        keys: Collection[str] = (),
    ) -> StatsReport:
        """Series of an agent, or of the whole hive.

        Args:
            agent: Empty for the hive.
            since: Seconds since 1970; an hour before `until` when missing.
            until: The same; now when missing.
            buckets: At most so many and one for the edges; fewer where the time is kept less finely.
            keys: Only these, and those that begin with one of them and a dot; empty for all.

        Raises:
            NotFoundError: There is no such agent.
            InvalidRequestError: The window is empty.
        """
        now = self._clock()
        until = now if until is None else until
        since = until - WINDOW if since is None else since
        if since >= until:
            raise InvalidRequestError(f"since: must be before until, {until} (value: {since})")
        last_turn = self._last_turn(agent)
        step = step_for(since, until, now, buckets)
        start, end = math.floor(since / step) * step, math.ceil(until / step) * step
        window = Window(agent, start, end, step)
        cells, before = await self._db.read(_read, window, now)
        frame = Frame(start, step, (end - start) // step, now, before)

        def wanted(name: str) -> bool:
            return not keys or any(within(name, key) for key in keys)

        # There may be thousands of tools: one that is to have a series is asked for by its name.
        series, totals = build([cell for cell in cells if not is_tool(cell.key) or cell.key in keys], frame)

        return StatsReport(
            agent=agent,
            since=start,
            until=end,
            step=step,
            series={name: one for name, one in series.items() if wanted(name)},
            totals={name: one for name, one in totals.items() if wanted(name)},
            tools=tools([cell for cell in cells if is_tool(cell.key) and wanted(cell.key)], TOOL_LIMIT),
            last_turn_at=last_turn,
            stored_bytes=(await self._quota.stored(agent)).bytes,
            stored_limit=self._quota.limit(agent),
        )

    async def sweep(self) -> None:
        """Once a minute, fold buckets that have grown old into longer ones and forget the oldest."""
        now = self._clock()
        if 0 <= now - self._cared_at < _CARE_EVERY:
            return
        self._cared_at = now
        await self._db.commit(_fold)
        if self._days:
            await self._db.commit(_purge, now - self._days * DAY)

    def _last_turn(self, agent: str) -> float | None:
        views = self._agents.views() if agent == HIVE else [self._agents.view(agent)]
        return max((view.last_turn_at for view in views if view.last_turn_at is not None), default=None)


def _read(connection: sqlite3.Connection, window: Window, now: float) -> tuple[list[Cell], dict[str, float]]:
    """Everything of the window, and what held before it."""
    before = {}
    # The hive has no context and no notes, and what is not there is looked for everywhere.
    for key in GAUGES if window.agent else (DEPTH,):
        gauge = store.latest_before(connection, window.agent, key, window.start)
        if gauge is not None:
            before[key] = gauge.last
    turn = store.latest_before(connection, window.agent, TURNS, window.start)
    if turn is not None:
        before[TURNS] = min(window.start, turn.ts + resolution(turn.ts, now))
    return [Cell._make(row) for row in store.merged(connection, window)], before


def _fold(tx: Transaction) -> None:
    """Fold what is due, the oldest first, until enough rows were touched; the next round goes on."""
    rows = 0
    for agent in store.agents(tx.connection):
        for finer, coarser in itertools.pairwise(RESOLUTIONS):
            rows += _fold_agent(tx, agent, coarser.step, tx.now - finer.age, _FOLD_ROWS - rows)
            if rows >= _FOLD_ROWS:
                return


def _fold_agent(tx: Transaction, agent: str, step: int, before: float, limit: int) -> int:
    """Fold an agent's buckets that end before that time; returns how many rows that were."""
    rows = 0
    for _ in range(_FOLD_BUCKETS):
        start = store.folded_until(tx.connection, agent, step)
        oldest = store.oldest(tx.connection, agent, start)
        if oldest is None:
            break
        start = max(start, oldest - oldest % step)
        if start + step > before or rows >= limit:
            break
        rows += store.fold(tx, agent, start, step)
    return rows


def _purge(tx: Transaction, before: float) -> None:
    for agent in store.agents(tx.connection):
        store.purge(tx, agent, int(before), _PURGE_ROWS)
