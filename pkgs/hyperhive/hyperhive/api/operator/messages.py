"""What the operator reads and writes: the hive's messages, his inbox, and questions to answer or cancel."""

from typing import Annotated, Self

from aiohttp import web
from pydantic import Field, model_validator

from hyperhive.api.json_io import TEXT_BYTES, Query, answer, path_id, read_body, read_query
from hyperhive.protocol.base import RowId
from hyperhive.protocol.messages import OPERATOR, MessageState, ReadRequest, SendRequest
from hyperhive.protocol.questions import AnswerRequest, QuestionList
from hyperhive.services.messages import Messages
from hyperhive.services.questions import Questions


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


class _Inbox(Query):
    """Which unread messages to show: younger than `after`."""

    after: RowId = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class OperatorMessagesApi:
    def __init__(self, messages: Messages, questions: Questions) -> None:
        self._messages = messages
        self._questions = questions

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/messages", self.history),
            web.get("/api/messages/{id}", self.get),
            web.post("/api/messages", self.send),
            web.post("/api/messages/{id}/retry", self.retry),
            web.post("/api/messages/{id}/drop", self.drop),
            web.get("/api/inbox", self.inbox),
            web.post("/api/inbox/ack", self.ack),
            web.get("/api/questions", self.questions),
            web.post("/api/questions/{id}/answer", self.answer_question),
            web.post("/api/questions/{id}/cancel", self.cancel_question),
        ]

    async def history(self, request: web.Request) -> web.Response:
        """A page of all messages of the hive, newest first."""
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
        return answer(await self._messages.get(path_id(request)))

    async def send(self, request: web.Request) -> web.Response:
        body = await read_body(request, SendRequest, TEXT_BYTES)
        return answer(await self._messages.send(OPERATOR, body))

    async def retry(self, request: web.Request) -> web.Response:
        """Queue a parked message again, with its failures forgotten."""
        return answer(await self._messages.retry(path_id(request)))

    async def drop(self, request: web.Request) -> web.Response:
        """Give up a parked message; its sender is told."""
        return answer(await self._messages.drop(path_id(request)))

    async def inbox(self, request: web.Request) -> web.Response:
        """A page of what was not read yet, oldest first; the first page is in `GET /api/state`, too."""
        asked = read_query(request, _Inbox)
        return answer(await self._messages.inbox(after=asked.after, limit=asked.limit))

    async def ack(self, request: web.Request) -> web.Response:
        """Mark messages as read."""
        body = await read_body(request, ReadRequest)
        return answer(await self._messages.read(body.ids))

    async def questions(self, _request: web.Request) -> web.Response:
        """The open questions and the latest closed ones."""
        return answer(QuestionList(questions=await self._questions.recent()))

    async def answer_question(self, request: web.Request) -> web.Response:
        """Answer a question, also one between agents."""
        body = await read_body(request, AnswerRequest, TEXT_BYTES)
        return answer(await self._questions.answer(path_id(request), OPERATOR, body.answer))

    async def cancel_question(self, request: web.Request) -> web.Response:
        return answer(await self._questions.cancel(path_id(request), OPERATOR))
