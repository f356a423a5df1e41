"""The supervisor's socket, from the side of `hyperhive up`: its broker starts and stops agents here."""

import os
from pathlib import Path
from typing import Final

from aiohttp import web

from hyperhive.api.bodies import answer
from hyperhive.api.errors import errors_as_json, plain_problem
from hyperhive.api.security import finish_writes, path_targets_only, peers_only
from hyperhive.errors import NotFoundError
from hyperhive.protocol.lifecycle import UnitMap, Verb
from hyperhive.system.listeners import Listener
from hyperhive.system.tasks import Tasks
from hyperhive.up.agents import AgentProcesses

_CONNECTIONS: Final = 16


class Supervisor:
    """Listens between `start` and `stop`: `GET /agents`, `POST /agents/{name}/{verb}`."""

    def __init__(self, agents: AgentProcesses, path: Path) -> None:
        self._agents = agents
        self._path = path
        own = os.geteuid()
        app = web.Application(
            middlewares=[
                errors_as_json,
                path_targets_only,
                peers_only(lambda uid: uid in {0, own}),
                finish_writes(Tasks()),
            ]
        )
        app.add_routes(
            [web.get("/agents", self._list), web.post("/agents/{name}/{verb}", self._act)],
        )
        self._listener = Listener(app, failure=plain_problem, connections=_CONNECTIONS)

    async def start(self) -> None:
        """Listen; errors as in `Listener.start_unix`."""
        await self._listener.start_unix(self._path, 0o600)

    async def stop(self) -> None:
        """Listen no more. What was begun goes on; `AgentProcesses.close` waits for it."""
        await self._listener.stop()

    async def _list(self, _request: web.Request) -> web.Response:
        return answer(UnitMap(units=self._agents.status))

    async def _act(self, request: web.Request) -> web.Response:
        try:
            verb = Verb(request.match_info["verb"])
        except ValueError:
            raise NotFoundError(f"nothing is called {request.match_info['verb']!r} here") from None
        await self._agents.act(verb, request.match_info["name"])
        return answer(UnitMap(units=self._agents.status))
