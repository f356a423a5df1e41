"""The hive as a whole: `/api/state`, `/api/stats`, `/api/doctor` and `/api/notifications`."""

from typing import Annotated, Final

from aiohttp import web
from pydantic import Field, field_validator

from hyperhive.api.json_io import Query, answer, read_query
from hyperhive.domain.stats import known
from hyperhive.protocol.stats import BUCKET_LIMIT, BUCKETS
from hyperhive.services.composition import Services

#: The beginning of the year 10,000: no clock shows more.
_LATEST: Final = 253_402_300_800

Moment = Annotated[float, Field(ge=0, le=_LATEST, allow_inf_nan=False)]


class _Window(Query):
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


class HiveApi:
    def __init__(self, services: Services) -> None:
        self._hive = services.hive
        self._stats = services.stats
        self._doctor = services.doctor
        self._notifications = services.notifications

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/state", self.state),
            web.get("/api/stats", self.stats),
            web.get("/api/doctor", self.diagnose),
            web.get("/api/notifications", self.notifications),
            web.post("/api/notifications/test", self.push_test),
        ]

    async def state(self, _request: web.Request) -> web.Response:
        """Everything the page shows first; frames of the stream with a higher `seq` come on top."""
        return answer(await self._hive.state())

    async def stats(self, request: web.Request) -> web.Response:
        """Series in buckets, however long the window is."""
        asked = read_query(request, _Window)
        report = await self._stats.report(
            asked.agent, asked.since, asked.until, buckets=asked.buckets, keys=_split(asked.keys)
        )
        return answer(report)

    async def diagnose(self, _request: web.Request) -> web.Response:
        """Run every check; takes seconds only where the database is large."""
        return answer(await self._doctor.diagnose())

    async def notifications(self, _request: web.Request) -> web.Response:
        """Where pushes go, and the latest deliveries."""
        return answer(await self._notifications.view())

    async def push_test(self, _request: web.Request) -> web.Response:
        """Push something at once and say what the server said."""
        return answer(await self._notifications.test())


def _split(keys: str) -> list[str]:
    return [key for key in keys.split(",") if key]
