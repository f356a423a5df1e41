"""`/api/doctor`: what the hive trips over, seen from the broker's place."""

from aiohttp import web

from hyperhive.api.bodies import answer
from hyperhive.services.doctor import Doctor


class DoctorApi:
    """The checks; they are run when they are asked for."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/api/doctor", self.diagnose)]

    async def diagnose(self, _request: web.Request) -> web.Response:
        """Run every check; takes seconds only where the database is large."""
        return answer(await self._doctor.diagnose())
