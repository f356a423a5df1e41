"""`/api/inbox`: what the operator has not read yet, and that it was read."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from hyperhive.api.json_io import Query, RowId, answer, read_body, read_query
from hyperhive.protocol.messages import ReadRequest
from hyperhive.services.messages import Messages


class _Page(Query):
    """Which messages to show: younger than `after`."""

    after: RowId = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class InboxApi:
    """The operator's inbox; its first page is in `GET /api/state`."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/api/inbox", self.page), web.post("/api/inbox/ack", self.ack)]

    async def page(self, request: web.Request) -> web.Response:
        """A page of it, oldest first."""
        asked = read_query(request, _Page)
        return answer(await self._messages.inbox(after=asked.after, limit=asked.limit))

    async def ack(self, request: web.Request) -> web.Response:
        """Mark messages as read."""
        body = await read_body(request, ReadRequest)
        return answer(await self._messages.read(body.ids))
