"""`/api/agents/{name}`: one agent: its view, log, unit, session, Bash policy and self-test."""

import asyncio
from typing import Annotated, Final

from aiohttp import web
from pydantic import BeforeValidator, Field, TypeAdapter

from hyperhive.api.json_io import TEXT_BYTES, Query, answer, read_body, read_query
from hyperhive.domain.bash import Verdict, judge
from hyperhive.errors import ConflictError
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.base import RowId
from hyperhive.protocol.events import EventKind
from hyperhive.protocol.lifecycle import Verb
from hyperhive.protocol.link import Cancel, Compact, NewSession, SessionCommand
from hyperhive.protocol.operator import ExplainRequest, UseModelRequest
from hyperhive.services.composition import Services

_VERDICT: Final = TypeAdapter(Verdict)


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

    def __init__(self, services: Services) -> None:
        self._agents = services.agents
        self._config = services.config
        self._events = services.events
        self._lifecycle = services.lifecycle
        self._links = services.links
        self._messages = services.messages
        self._models = services.models
        self._selftests = services.selftests

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/agents/{name}", self.view),
            web.get("/api/agents/{name}/events", self.events),
            web.post("/api/agents/{name}/start", self.start),
            web.post("/api/agents/{name}/stop", self.stop),
            web.post("/api/agents/{name}/restart", self.restart),
            web.post("/api/agents/{name}/cancel", self.cancel),
            web.post("/api/agents/{name}/model", self.model),
            web.post("/api/agents/{name}/compact", self.compact),
            web.post("/api/agents/{name}/new-session", self.new_session),
            web.post("/api/agents/{name}/explain", self.explain),
            web.get("/api/agents/{name}/selftest", self.last_selftest),
            web.post("/api/agents/{name}/selftest", self.run_selftest),
        ]

    async def view(self, request: web.Request) -> web.Response:
        return answer(self._agents.view(self._name(request)))

    async def events(self, request: web.Request) -> web.Response:
        """A page of its log, newest first."""
        name = self._name(request)
        asked = read_query(request, _Log)
        page = await self._events.page(
            name, asked.before, asked.limit, after=asked.after, kinds=asked.kinds or ()
        )
        return answer(page)

    async def start(self, request: web.Request) -> web.Response:
        return await self._act(Verb.START, request)

    async def stop(self, request: web.Request) -> web.Response:
        """Stop it: a running turn ends and its messages go back to the queue, where mail waits."""
        return await self._act(Verb.STOP, request)

    async def restart(self, request: web.Request) -> web.Response:
        return await self._act(Verb.RESTART, request)

    async def cancel(self, request: web.Request) -> web.Response:
        """Interrupt its running turn; the turn's messages go back to the queue."""
        name = self._name(request)
        view = self._agents.view(name)
        if view.status.state is not AgentState.WORKING:
            raise ConflictError(f"{name} is {view.status.state}, not working")
        if not self._links.push(name, Cancel(pending=self._messages.pending(name))):
            raise ConflictError(f"{name} is not connected")
        self._messages.let_go_on(name)
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

    async def explain(self, request: web.Request) -> web.Response:
        """What its policy says to a command line, without running anything."""
        agent = self._agents.config(request.match_info["name"])
        body = await read_body(request, ExplainRequest, TEXT_BYTES)
        directory = self._config.agent_state_dir(agent.name)
        verdict = await asyncio.to_thread(judge, body.command, agent.bash, directory=directory)
        return web.Response(body=_VERDICT.dump_json(verdict), content_type="application/json")

    async def last_selftest(self, request: web.Request) -> web.Response:
        return answer(self._selftests.view(request.match_info["name"]))

    async def run_selftest(self, request: web.Request) -> web.Response:
        """Run one and wait for it; it goes on when the caller goes."""
        return answer(await self._selftests.run(request.match_info["name"]))

    async def _act(self, verb: Verb, request: web.Request) -> web.Response:
        """Answer with the agent's view when systemd, or the supervisor, is done."""
        return answer(await self._lifecycle.act(verb, request.match_info["name"]))

    def _command(self, request: web.Request, command: SessionCommand) -> web.Response:
        name = self._name(request)
        if not self._links.push(name, command):
            state = self._agents.view(name).status.state
            raise ConflictError(f"{name} is not connected, it is {state}: there is no session to tell")
        return answer(self._agents.view(name))

    def _name(self, request: web.Request) -> str:
        """The agent of the path; a `NotFoundError` when there is none of that name."""
        return self._agents.config(request.match_info["name"]).name
