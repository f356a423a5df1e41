"""`/api/agents/{name}/start`, `stop` and `restart`: the operator decides which agents run."""

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.protocol.lifecycle import Verb
from hyperhive.services.lifecycle import Lifecycle


class LifecycleApi:
    """Each call answers with the agent's view when systemd, or the supervisor, is done."""

    def __init__(self, lifecycle: Lifecycle) -> None:
        self._lifecycle = lifecycle

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.post("/api/agents/{name}/start", self.start),
            web.post("/api/agents/{name}/stop", self.stop),
            web.post("/api/agents/{name}/restart", self.restart),
        ]

    async def start(self, request: web.Request) -> web.Response:
        """Start an agent that does not run."""
        return answer(await self._lifecycle.act(Verb.START, request.match_info["name"]))

    async def stop(self, request: web.Request) -> web.Response:
        """Stop it: a running turn ends and its messages go back to the queue, where mail waits."""
        return answer(await self._lifecycle.act(Verb.STOP, request.match_info["name"]))

    async def restart(self, request: web.Request) -> web.Response:
        """Stop and start it."""
        return answer(await self._lifecycle.act(Verb.RESTART, request.match_info["name"]))
