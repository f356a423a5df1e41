"""`/v1/agents`: the manager sees the agents of the hive and starts, stops and restarts the others."""

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.errors import ForbiddenError
from hyperhive.protocol.agents import AgentBrief, AgentList
from hyperhive.protocol.lifecycle import Verb
from hyperhive.services.composition import Services


class LifecycleApi:
    """What only the manager's socket answers; on every other one it is forbidden."""

    def __init__(self, agent: str, services: Services) -> None:
        self._agent = agent
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/agents", self.list_all),
            web.post("/v1/agents/{name}/start", self.start),
            web.post("/v1/agents/{name}/stop", self.stop),
            web.post("/v1/agents/{name}/restart", self.restart),
        ]

    async def list_all(self, _request: web.Request) -> web.Response:
        self._check_role()
        return answer(AgentList(agents=self._services.agents.briefs(self._agent)))

    async def start(self, request: web.Request) -> web.Response:
        return answer(await self._manage(Verb.START, request))

    async def stop(self, request: web.Request) -> web.Response:
        """Stop an agent; its mail waits until it is started again."""
        return answer(await self._manage(Verb.STOP, request))

    async def restart(self, request: web.Request) -> web.Response:
        return answer(await self._manage(Verb.RESTART, request))

    async def _manage(self, verb: Verb, request: web.Request) -> AgentBrief:
        self._check_role()
        name = request.match_info["name"]
        await self._services.lifecycle.manage(verb, name, self._agent)
        return self._services.agents.brief(name, self._agent)

    def _check_role(self) -> None:
        if self._services.agents.config(self._agent).role != "manager":
            raise ForbiddenError(f"{self._agent} is not the manager: ask the manager or the operator")
