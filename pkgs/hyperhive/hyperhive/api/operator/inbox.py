"""`/api/inbox`: the operator has read messages."""

from aiohttp import web

from hyperhive.api.bodies import answer, read_body
from hyperhive.protocol.messages import ReadRequest
from hyperhive.services.messages import Messages


class InboxApi:
    """The operator's inbox; it is listed in `GET /api/state`."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.post("/api/inbox/ack", self.ack)]

    async def ack(self, request: web.Request) -> web.Response:
        """Mark messages as read."""
        body = await read_body(request, ReadRequest)
        return answer(await self._messages.read(body.ids))
