"""The agent API as calls: HTTP over the agent's Unix socket, patient while the broker restarts."""

import asyncio
import time
import uuid
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import BaseModel

from hyperhive.domain.timing import Backoff
from hyperhive.errors import RemoteError, UnavailableError
from hyperhive.protocol.agents import AgentBrief, AgentList, Me
from hyperhive.protocol.lifecycle import OPERATION_SECONDS, Verb
from hyperhive.protocol.messages import (
    FAILURE_LIMIT,
    AckRequest,
    AckResult,
    LeaseRequest,
    LeaseResult,
    RequeueRequest,
    SendRequest,
    SendResult,
)
from hyperhive.protocol.questions import AnswerRequest, AskRequest, Question

#: How long a call keeps trying while the broker does not answer, or has it wait, in seconds.
PATIENCE: Final = 60.0
#: How long a call of a tool waits for the agent's budget at the broker; after that the model is told.
TOOL_PATIENCE: Final = 5.0

#: What a wait for the budget counts at least, so that it ends.
_SHORTEST: Final = 0.1

AnswerT = TypeVar("AnswerT", bound=BaseModel)


class BrokerClient:
    """Calls of one agent.

    Each is repeated while the broker is away, and raises an `UnavailableError` after `patience` seconds; a
    refusal is a `RemoteError` with the broker's key. What is sent twice is committed once. When the agent's
    budget is used up, a call waits as long as the broker says.
    """

    def __init__(self, socket: str, patience: float = PATIENCE) -> None:
        self._socket = socket
        self._patience = patience
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Also used by the link."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                base_url="http://broker", connector=aiohttp.UnixConnector(path=self._socket)
            )
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def me(self) -> Me:
        return await self._call("GET", "/v1/me", None, Me)

    async def send(self, to: str, body: str, in_reply_to: int | None = None) -> SendResult:
        """Send one message; it is committed when this returns, and may be after an `UnavailableError`."""
        request = SendRequest(to=to, body=body, in_reply_to=in_reply_to, idempotency_key=uuid.uuid4().hex)
        return await self._call("POST", "/v1/messages", request, SendResult, budget=TOOL_PATIENCE)

    async def lease(self, turn: str, most: int = 1, wait_seconds: float = 0) -> LeaseResult:
        """Take up to `most` messages into `turn`, waiting up to `wait_seconds` for the first.

        It is tried once: when the answer is lost, messages may be leased to `turn` that nobody has
        seen. Acking by id gives those back.
        """
        request = LeaseRequest(turn=turn, max=most, wait_seconds=wait_seconds)
        return await self._call(
            "POST", "/v1/inbox/lease", request, LeaseResult, patience=0, wait=wait_seconds
        )

    async def ack(self, turn: str, ids: list[int]) -> AckResult:
        """The turn ended well: the mail it saw is done, other mail leased to it goes back."""
        return await self._call("POST", "/v1/inbox/ack", AckRequest(turn=turn, ids=ids), AckResult)

    async def requeue(self, turn: str, failed: str | None = None) -> AckResult:
        """The turn did not end well: its mail goes back to the queue.

        `failed` is what it failed with, when its mail may be the reason; that is counted against the mail.
        """
        request = RequeueRequest(turn=turn, failed=None if failed is None else failed[:FAILURE_LIMIT])
        return await self._call("POST", "/v1/inbox/requeue", request, AckResult)

    async def ask(self, request: AskRequest) -> Question:
        keyed = request.model_copy(update={"idempotency_key": uuid.uuid4().hex})
        return await self._call("POST", "/v1/questions", keyed, Question, budget=TOOL_PATIENCE)

    async def answer(self, question: int, answer: str) -> Question:
        path, request = f"/v1/questions/{question:d}/answer", AnswerRequest(answer=answer)
        return await self._call("POST", path, request, Question, budget=TOOL_PATIENCE)

    async def agents(self) -> AgentList:
        """For the manager only."""
        return await self._call("GET", "/v1/agents", None, AgentList)

    async def manage(self, verb: Verb, name: str) -> AgentBrief:
        """For the manager only, and tried once; `agents` shows whether it was done."""
        path = f"/v1/agents/{quote(name, safe='')}/{verb}"
        return await self._call("POST", path, None, AgentBrief, patience=0, wait=OPERATION_SECONDS)

    async def _call(
        self,
        method: str,
        path: str,
        body: BaseModel | None,
        kind: type[AnswerT],
        *,
        patience: float | None = None,
        wait: float = 0,
        budget: float = PATIENCE,
    ) -> AnswerT:
        """One call that the broker may take `wait` seconds longer for than for any other.

        It waits up to `budget` seconds for what the agent's budget does not have yet.
        """
        longest = 30 + wait
        limit = aiohttp.ClientTimeout(total=longest)
        left = self._patience if patience is None else patience
        backoff = Backoff(0.1, 5)
        while True:
            began = time.monotonic()
            try:
                return await self._once(method, path, body, kind, limit)
            except RemoteError as error:
                if error.retry_after is None or error.retry_after > budget:
                    raise
                budget -= max(error.retry_after, _SHORTEST)
                await asyncio.sleep(error.retry_after)
            except (aiohttp.ClientConnectionError, OSError, TimeoutError) as error:
                delay = backoff.next()
                # What took longer than a try can take was no waiting: this process was stopped meanwhile.
                left -= min(time.monotonic() - began, longest) + delay
                if left < 0:
                    raise UnavailableError(f"the broker did not answer: {error}") from error
                await asyncio.sleep(delay)

    async def _once(
        self,
        method: str,
        path: str,
        body: BaseModel | None,
        kind: type[AnswerT],
        limit: aiohttp.ClientTimeout,
    ) -> AnswerT:
        payload: dict[str, Any] = {}
        if body is not None:
            payload = {"data": body.model_dump_json(), "headers": {"Content-Type": "application/json"}}
        async with self.session.request(method, path, timeout=limit, **payload) as response:
            raw = await response.read()
            if response.status == 200:
                return kind.model_validate_json(raw)
            raise RemoteError.from_answer("the broker", response.status, raw)
