"""`/admin`: what only the admin socket answers."""

from collections.abc import Callable

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.protocol.operator import LoginUrl


class AdminApi:
    """Calls for whoever owns the broker."""

    def __init__(self, login_url: Callable[[], str]) -> None:
        self._login_url = login_url

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/admin/token", self.token)]

    async def token(self, _request: web.Request) -> web.Response:
        """The address that logs a browser in."""
        return answer(LoginUrl(url=self._login_url()))
