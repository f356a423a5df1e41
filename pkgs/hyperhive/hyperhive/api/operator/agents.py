"""`/api/agents/{name}`: one agent's view and log, and what the operator tells its session."""

from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator, Field

from hyperhive.api.json_io import Query, RowId, answer, read_body, read_query
from hyperhive.errors import ConflictError
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.events import EventKind
from hyperhive.protocol.link import Cancel, Compact, NewSession, SessionCommand
from hyperhive.protocol.operator import UseModelRequest
from hyperhive.services.agents import Agents
from hyperhive.services.events import Events
from hyperhive.services.links import Links
from hyperhive.services.models import Models


def _split(value: object) -> object:
    return value.split(",") if isinstance(value, str) else value


class _Log(Query):
    """Which events to show: older than `before`, or the next newer than `after`; of these kinds only."""

    before: RowId | None = None
    after: RowId | None = None
    kinds: Annotated[list[EventKind], BeforeValidator(_split), Field(min_length=1)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AgentsApi:
    """The agents, one by one; all of them are in `GET /api/state`."""

    def __init__(self, agents: Agents, events: Events, models: Models, links: Links) -> None:
        self._agents = agents
        self._events = events
        self._models = models
        self._links = links

    def routes(self) -> list[web.RouteDef]:
        """The routes of this noun."""
        return [
            web.get("/api/agents/{name}", self.view),
            web.get("/api/agents/{name}/events", self.events),
            web.post("/api/agents/{name}/cancel", self.cancel),
            web.post("/api/agents/{name}/model", self.model),
            web.post("/api/agents/{name}/compact", self.compact),
            web.post("/api/agents/{name}/new-session", self.new_session),
        ]

    async def view(self, request: web.Request) -> web.Response:
        """One agent."""
        return answer(self._agents.view(self._name(request)))

    async def events(self, request: web.Request) -> web.Response:
        """A page of its log, newest first."""
        name = self._name(request)
        asked = read_query(request, _Log)
        page = await self._events.page(
            name, asked.before, asked.limit, after=asked.after, kinds=asked.kinds or ()
        )
        return answer(page)

    async def cancel(self, request: web.Request) -> web.Response:
        """Interrupt its running turn; the turn's messages go back to the queue."""
        name = self._name(request)
        view = self._agents.view(name)
        if view.status.state is not AgentState.WORKING:
            raise ConflictError(f"{name} is {view.status.state}, not working")
        if not self._links.push(name, Cancel()):
            raise ConflictError(f"{name} is not connected")
        return answer(view)

    async def model(self, request: web.Request) -> web.Response:
        """Choose its model from the next turn on, whether it is connected or not."""
        name = self._name(request)
        body = await read_body(request, UseModelRequest)
        return answer(await self._models.choose(name, body.model))

    async def compact(self, request: web.Request) -> web.Response:
        """Compact its session, after the running turn if there is one."""
        return self._command(request, Compact())

    async def new_session(self, request: web.Request) -> web.Response:
        """Begin a new session with its next turn."""
        return self._command(request, NewSession())

    def _command(self, request: web.Request, command: SessionCommand) -> web.Response:
        name = self._name(request)
        if not self._links.push(name, command):
            state = self._agents.view(name).status.state
            raise ConflictError(f"{name} is not connected, it is {state}: there is no session to tell")
        return answer(self._agents.view(name))

    def _name(self, request: web.Request) -> str:
        """The agent of the path; a `NotFoundError` when there is none of that name."""
        return self._agents.config(request.match_info["name"]).name
