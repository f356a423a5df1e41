"""Quotas: forgets the oldest history of an agent, or of the hive, that has more than it may."""

from collections.abc import Callable
from typing import Final

from hyperhive.domain.quota import Quotas
from hyperhive.domain.recipients import Roster
from hyperhive.store import quota as store
from hyperhive.store.database import Database
from hyperhive.store.quota import HIVE, Stored


class Quota:
    """What has no end yet is never deleted: of that no more is taken, see `sending`."""

    def __init__(self, db: Database, quotas: Quotas, roster: Callable[[], Roster]) -> None:
        self._db = db
        self._quotas = quotas
        self._roster = roster

    def limit(self, name: str) -> int:
        return self._quotas.of(name)

    async def stored(self, name: str) -> Stored:
        """Of an agent, or with the empty name of the hive."""
        return await self._db.read(store.stored, name)

    async def sweep(self) -> None:
        found = await self._db.read(store.all_stored)
        for name in (HIVE, *self._roster().agents):
            of, limit = found.get(name, _NOTHING), self._quotas.of(name)
            if limit and of.bytes > max(limit, of.waiting):
                rows = await self._db.read(store.oldest, name, of.bytes - limit)
                await self._db.commit(store.delete, rows)


_NOTHING: Final = Stored()
