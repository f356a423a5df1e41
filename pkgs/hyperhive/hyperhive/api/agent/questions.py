"""`/v1/questions`: an agent asks, answers what it was asked, and cancels what it asked."""

from aiohttp import web

from hyperhive.api.json_io import TEXT_BYTES, answer, path_id, read_body
from hyperhive.protocol.questions import AnswerRequest, AskRequest, QuestionList
from hyperhive.services.questions import Questions


class QuestionsApi:
    """Questions of one agent."""

    def __init__(self, agent: str, questions: Questions) -> None:
        self._agent = agent
        self._questions = questions

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.post("/v1/questions", self.ask),
            web.get("/v1/questions", self.list_open),
            web.post("/v1/questions/{id}/answer", self.answer),
            web.post("/v1/questions/{id}/cancel", self.cancel),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        """Ask the operator or a peer."""
        body = await read_body(request, AskRequest, TEXT_BYTES)
        return answer(await self._questions.ask(self._agent, body))

    async def list_open(self, _request: web.Request) -> web.Response:
        """The open questions that the caller asked or was asked."""
        return answer(QuestionList(questions=await self._questions.open_for(self._agent)))

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a question that was asked of the caller."""
        body = await read_body(request, AnswerRequest, TEXT_BYTES)
        return answer(await self._questions.answer(path_id(request), self._agent, body.answer))

    async def cancel(self, request: web.Request) -> web.Response:
        """Take back a question of the caller's own."""
        return answer(await self._questions.cancel(path_id(request), self._agent))
