"""`/api/agents/{name}`: one agent's view and log, and the cancel of its running turn."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from hyperhive.api.bodies import Query, RowId, answer, read_query
from hyperhive.api.links import Links
from hyperhive.errors import ConflictError
from hyperhive.protocol.agents import AgentState
from hyperhive.services.agents import Agents
from hyperhive.services.events import Events


class _Log(Query):
    """Which events to show: older than `before`."""

    before: RowId | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AgentsApi:
    """The agents, one by one; all of them are in `GET /api/state`."""

    def __init__(self, agents: Agents, events: Events, links: Links) -> None:
        self._agents = agents
        self._events = events
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/agents/{name}", self.view),
            web.get("/api/agents/{name}/events", self.events),
            web.post("/api/agents/{name}/cancel", self.cancel),
        ]

    async def view(self, request: web.Request) -> web.Response:
        """One agent."""
        return answer(self._agents.view(self._name(request)))

    async def events(self, request: web.Request) -> web.Response:
        """A page of its log, newest first."""
        name = self._name(request)
        asked = read_query(request, _Log)
        return answer(await self._events.page(name, asked.before, asked.limit))

    async def cancel(self, request: web.Request) -> web.Response:
        """Interrupt its running turn; the turn's messages go back to the queue."""
        name = self._name(request)
        view = self._agents.view(name)
        if view.status.state is not AgentState.WORKING:
            raise ConflictError(f"{name} is {view.status.state}, not working")
        if not self._links.cancel(name):
            raise ConflictError(f"{name} is not connected")
        return answer(view)

    def _name(self, request: web.Request) -> str:
        """The agent of the path; a `NotFoundError` when there is none of that name."""
        return self._agents.config(request.match_info["name"]).name
