"""`/api/notifications`: what was pushed to the operator's phone, and a push to try it."""

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.services.notifications import Notifications


class NotificationsApi:
    """Pushes for a closed page."""

    def __init__(self, notifications: Notifications) -> None:
        self._notifications = notifications

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/notifications", self.latest),
            web.post("/api/notifications/test", self.test),
        ]

    async def latest(self, _request: web.Request) -> web.Response:
        """Where pushes go, and the latest deliveries."""
        return answer(await self._notifications.view())

    async def test(self, _request: web.Request) -> web.Response:
        """Push something at once and say what the server said."""
        return answer(await self._notifications.test())
