"""`/v1/messages`: an agent sends, and looks at what it sent or got."""

from aiohttp import web

from hyperhive.api.json_io import TEXT_BYTES, answer, path_id, read_body
from hyperhive.protocol.messages import SendRequest
from hyperhive.services.messages import Messages


class MessagesApi:
    """Messages of one agent."""

    def __init__(self, agent: str, messages: Messages) -> None:
        self._agent = agent
        self._messages = messages

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.post("/v1/messages", self.send), web.get("/v1/messages/{id}", self.get)]

    async def send(self, request: web.Request) -> web.Response:
        """Commit a message; the sender is whoever's socket this is."""
        body = await read_body(request, SendRequest, TEXT_BYTES)
        return answer(await self._messages.send(self._agent, body))

    async def get(self, request: web.Request) -> web.Response:
        """One message, if the caller is its sender or recipient."""
        return answer(await self._messages.get(path_id(request), viewer=self._agent))
