"""`/api/stats`: numbers over time, of one agent or of the whole hive."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, field_validator

from hyperhive.api.json_io import Query, answer, read_query
from hyperhive.domain.stats import known
from hyperhive.protocol.stats import BUCKET_LIMIT, BUCKETS
from hyperhive.services.stats import Stats

#: The beginning of the year 10,000: no clock shows more.
_LATEST: Final = 253_402_300_800

Moment = Annotated[float, Field(ge=0, le=_LATEST, allow_inf_nan=False)]


class _Asked(Query):
    """Which numbers: of `agent` (empty: the hive) from `since` to `until`; `keys` are separated by commas."""

    agent: Annotated[str, Field(max_length=64)] = ""
    since: Moment | None = None
    until: Moment | None = None
    buckets: Annotated[int, Field(ge=1, le=BUCKET_LIMIT)] = BUCKETS
    keys: Annotated[str, Field(max_length=2000)] = ""

    @field_validator("keys")
    @classmethod
    def _known(cls, keys: str) -> str:
        strange = next((key for key in _split(keys) if not known(key)), None)
        if strange is not None:
            raise ValueError(f"there is no key {strange!r:.100}")
        return keys


class StatsApi:
    """What the hive did, as series."""

    def __init__(self, stats: Stats) -> None:
        self._stats = stats

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/api/stats", self.report)]

    async def report(self, request: web.Request) -> web.Response:
        """Series in buckets, however long the window is."""
        asked = read_query(request, _Asked)
        report = await self._stats.report(
            asked.agent, asked.since, asked.until, buckets=asked.buckets, keys=_split(asked.keys)
        )
        return answer(report)


def _split(keys: str) -> list[str]:
    return [key for key in keys.split(",") if key]
