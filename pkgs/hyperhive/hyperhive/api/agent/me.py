"""`GET /v1/me`: who the caller is and whom it may reach."""

from aiohttp import web

from hyperhive.api.json_io import answer
from hyperhive.protocol.agents import Me
from hyperhive.services.composition import Services


class MeApi:
    """The caller's own identity."""

    def __init__(self, agent: str, services: Services) -> None:
        self._agent = agent
        self._services = services

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [web.get("/v1/me", self.me)]

    async def me(self, _request: web.Request) -> web.Response:
        """Answer with `Me`."""
        config = self._services.agents.config(self._agent)
        restricted = config.role != "manager" and config.allowed_recipients is not None
        return answer(
            Me(
                name=self._agent,
                role=config.role,
                recipients=self._services.messages.recipients(self._agent),
                restricted=restricted,
                pending=self._services.messages.pending(self._agent),
            )
        )
