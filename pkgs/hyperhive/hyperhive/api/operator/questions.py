"""`/api/questions`: the operator answers and cancels."""

from aiohttp import web

from hyperhive.api.json_io import TEXT_BYTES, answer, path_id, read_body
from hyperhive.protocol.messages import OPERATOR
from hyperhive.protocol.questions import AnswerRequest, QuestionList
from hyperhive.services.questions import Questions


class QuestionsApi:
    """Every question of the hive."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/questions", self.recent),
            web.post("/api/questions/{id}/answer", self.answer),
            web.post("/api/questions/{id}/cancel", self.cancel),
        ]

    async def recent(self, _request: web.Request) -> web.Response:
        """The open questions and the latest closed ones."""
        return answer(QuestionList(questions=await self._questions.recent()))

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a question, also one between agents."""
        body = await read_body(request, AnswerRequest, TEXT_BYTES)
        return answer(await self._questions.answer(path_id(request), OPERATOR, body.answer))

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel a question."""
        return answer(await self._questions.cancel(path_id(request), OPERATOR))
