"""`/api/messages`: the operator reads the hive's history and writes."""

from typing import Annotated, Self

from aiohttp import web
from pydantic import Field, model_validator

from hyperhive.api.json_io import TEXT_BYTES, Query, RowId, answer, path_id, read_body, read_query
from hyperhive.protocol.messages import OPERATOR, MessageState, SendRequest
from hyperhive.services.messages import Messages


class _History(Query):
    """Which messages to show: older than `before`, of or to `agent`, to `recipient`, with `text` in it."""

    before: RowId | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    agent: Annotated[str, Field(max_length=64)] | None = None
    recipient: Annotated[str, Field(max_length=64)] | None = None
    state: MessageState | None = None
    text: Annotated[str, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.agent and self.recipient:
            raise ValueError("give either agent or recipient")
        return self


class MessagesApi:
    """Every message of the hive."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/messages", self.page),
            web.get("/api/messages/{id}", self.get),
            web.post("/api/messages", self.send),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """A page of history, newest first."""
        asked = read_query(request, _History)
        page = await self._messages.page(
            before=asked.before,
            limit=asked.limit,
            agent=asked.agent or None,
            recipient=asked.recipient or None,
            state=asked.state,
            text=asked.text or None,
        )
        return answer(page)

    async def get(self, request: web.Request) -> web.Response:
        """One message."""
        return answer(await self._messages.get(path_id(request)))

    async def send(self, request: web.Request) -> web.Response:
        """Commit a message from the operator."""
        body = await read_body(request, SendRequest, TEXT_BYTES)
        return answer(await self._messages.send(OPERATOR, body))
