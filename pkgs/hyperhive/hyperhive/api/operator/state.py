"""`/api/state`: the snapshot that the operator's page starts from."""

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.services.hive import Hive


class StateApi:
    """The hive as it is now."""

    def __init__(self, hive: Hive) -> None:
        self._hive = hive

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/api/state", self.state)]

    async def state(self, _request: web.Request) -> web.Response:
        """Everything the page shows first; frames of the stream with a higher `seq` come on top."""
        return answer(await self._hive.state())
