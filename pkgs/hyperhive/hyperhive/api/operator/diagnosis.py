"""`/api/doctor` and `/api/agents/{name}/selftest`: what is wrong with the hive or an agent."""

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.services.diagnosis import Doctor, SelfTests


class DiagnosisApi:
    def __init__(self, doctor: Doctor, selftests: SelfTests) -> None:
        self._doctor = doctor
        self._selftests = selftests

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/doctor", self.diagnose),
            web.get("/api/agents/{name}/selftest", self.last),
            web.post("/api/agents/{name}/selftest", self.run),
        ]

    async def diagnose(self, _request: web.Request) -> web.Response:
        """Run every check; takes seconds only where the database is large."""
        return answer(await self._doctor.diagnose())

    async def last(self, request: web.Request) -> web.Response:
        return answer(self._selftests.view(request.match_info["name"]))

    async def run(self, request: web.Request) -> web.Response:
        """Run one and wait for it; it goes on when the caller goes."""
        return answer(await self._selftests.run(request.match_info["name"]))
