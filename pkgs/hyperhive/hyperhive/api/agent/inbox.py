"""`/v1/inbox`: an agent's harness leases mail into a turn, acks it or gives it back."""

from aiohttp import web

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.json_io import TEXT_BYTES, answer, read_body
from hyperhive.api.security import WAITS
from hyperhive.protocol.messages import AckRequest, LeaseRequest, RequeueRequest
from hyperhive.services.messages import Messages


class InboxApi:
    """The inbox of one agent."""

    def __init__(self, agent: str, messages: Messages, open_calls: OpenCalls) -> None:
        self._agent = agent
        self._messages = messages
        self._open_calls = open_calls

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            # It waits for mail, so it is cancelled when the client goes: mail must not be leased to nobody.
            web.post("/v1/inbox/lease", self.lease, name=WAITS),
            web.post("/v1/inbox/ack", self.ack),
            web.post("/v1/inbox/requeue", self.requeue),
        ]

    async def lease(self, request: web.Request) -> web.Response:
        """Hand out mail, waiting for the first message as long as the caller asked."""
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
        return answer(await self._messages.requeue(self._agent, body.turn))
