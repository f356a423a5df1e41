"""What an agent reads and writes: messages, its inbox, questions, and whom it may reach."""

from aiohttp import web

from hyperhive.api.agent.answers import Answers
from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.json_io import TEXT_BYTES, answer, path_id, read_body
from hyperhive.api.security import WAITS
from hyperhive.protocol.agents import Me
from hyperhive.protocol.messages import AckRequest, LeaseRequest, RequeueRequest, SendRequest
from hyperhive.protocol.questions import AnswerRequest, AskRequest, QuestionList
from hyperhive.services.composition import Services


class AgentMessagesApi:
    """Whatever a request says, its sender is the agent whose socket this is."""

    def __init__(self, agent: str, services: Services, open_calls: OpenCalls, answers: Answers) -> None:
        self._agent = agent
        self._agents = services.agents
        self._messages = services.messages
        self._questions = services.questions
        self._open_calls = open_calls
        self._answers = answers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/me", self.me),
            web.post("/v1/messages", self.send),
            web.get("/v1/messages/{id}", self.get),
            # It waits for mail, so it is cancelled when the client goes: mail must not be leased to nobody.
            web.post("/v1/inbox/lease", self.lease, name=WAITS),
            web.post("/v1/inbox/ack", self.ack),
            web.post("/v1/inbox/requeue", self.requeue),
            web.post("/v1/questions", self.ask),
            web.get("/v1/questions", self.open_questions),
            web.post("/v1/questions/{id}/answer", self.answer_question),
            web.post("/v1/questions/{id}/cancel", self.cancel_question),
        ]

    async def me(self, _request: web.Request) -> web.Response:
        config = self._agents.config(self._agent)
        return answer(
            Me(
                name=self._agent,
                role=config.role,
                recipients=self._messages.recipients(self._agent),
                restricted=config.role != "manager" and config.allowed_recipients is not None,
                pending=self._messages.pending(self._agent),
            )
        )

    async def send(self, request: web.Request) -> web.Response:
        body = await read_body(request, SendRequest, TEXT_BYTES)
        return answer(await self._messages.send(self._agent, body))

    async def get(self, request: web.Request) -> web.Response:
        """One message, if the caller is its sender or recipient."""
        async with self._answers.turn():
            return answer(await self._messages.get(path_id(request), viewer=self._agent))

    async def lease(self, request: web.Request) -> web.Response:
        """Hand out mail; wait for the first message as long as the caller asked."""
        body = await read_body(request, LeaseRequest)
        async with self._open_calls.hold():
            return answer(await self._messages.lease(self._agent, body))

    async def ack(self, request: web.Request) -> web.Response:
        """The turn ended well."""
        body = await read_body(request, AckRequest, TEXT_BYTES)
        return answer(await self._messages.ack(self._agent, body.turn, body.ids))

    async def requeue(self, request: web.Request) -> web.Response:
        """The turn did not end well."""
        body = await read_body(request, RequeueRequest)
        return answer(await self._messages.requeue(self._agent, body.turn, body.failed))

    async def ask(self, request: web.Request) -> web.Response:
        body = await read_body(request, AskRequest, TEXT_BYTES)
        return answer(await self._questions.ask(self._agent, body))

    async def open_questions(self, _request: web.Request) -> web.Response:
        """The open questions that the caller asked or was asked."""
        async with self._answers.turn():
            return answer(QuestionList(questions=await self._questions.open_for(self._agent)))

    async def answer_question(self, request: web.Request) -> web.Response:
        body = await read_body(request, AnswerRequest, TEXT_BYTES)
        return answer(await self._questions.answer(path_id(request), self._agent, body.answer))

    async def cancel_question(self, request: web.Request) -> web.Response:
        return answer(await self._questions.cancel(path_id(request), self._agent))
