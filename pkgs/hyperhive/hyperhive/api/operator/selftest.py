"""`/api/agents/{name}/selftest`: what is really true of the walls around an agent."""

from aiohttp import web

from hyperhive.api.bodies import answer
from hyperhive.services.selftest import SelfTests


class SelfTestApi:
    """Runs a self-test, and shows the last one."""

    def __init__(self, selftests: SelfTests) -> None:
        self._selftests = selftests

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/agents/{name}/selftest", self.last),
            web.post("/api/agents/{name}/selftest", self.run),
        ]

    async def last(self, request: web.Request) -> web.Response:
        """The last result, and whether one is on its way."""
        return answer(self._selftests.view(request.match_info["name"]))

    async def run(self, request: web.Request) -> web.Response:
        """Run one and wait for it; it goes on when the caller goes."""
        return answer(await self._selftests.run(request.match_info["name"]))
