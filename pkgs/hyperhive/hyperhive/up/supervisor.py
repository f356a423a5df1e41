"""The supervisor: starts and stops the agents' processes, also for the broker, which asks on a socket."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from hyperhive.api.errors import errors_as_json, plain_problem
from hyperhive.api.json_io import answer
from hyperhive.api.security import finish_writes, peers_only, plain_requests_only
from hyperhive.errors import ConflictError, NotFoundError, UnavailableError
from hyperhive.protocol.lifecycle import UnitMap, UnitState, UnitStatus, Verb
from hyperhive.system.listeners import Listener
from hyperhive.system.processes import Child, ChildEvent, ChildState
from hyperhive.system.supervisor import process_of
from hyperhive.system.tasks import Tasks

_CONNECTIONS: Final = 16


class AgentProcesses:
    """Harnesses of a hive; `make` gives the child process of an agent at its first start."""

    def __init__(self, names: Iterable[str], make: Callable[[str], Child]) -> None:
        self._make = make
        self._children: dict[str, Child] = {}
        self._locks = {name: asyncio.Lock() for name in names}
        # Until its turn in the start of the hive has come, an agent is on its way.
        self._status = {name: _status(name, UnitState.STARTING, "") for name in self._locks}
        self._last_end: dict[str, str] = {}
        self._closed = False
        self._verbs: Final[Mapping[Verb, Callable[[str], Awaitable[None]]]] = {
            Verb.START: self._start,
            Verb.STOP: self._stop,
            Verb.RESTART: self._restart,
        }

    @property
    def pids(self) -> dict[str, int | None]:
        """Pid of every harness that was started; null while it is down."""
        return {name: child.pid for name, child in self._children.items()}

    @property
    def status(self) -> dict[str, UnitStatus]:
        return dict(self._status)

    async def act(self, verb: Verb, name: str) -> None:
        """Start, stop or restart a process. A start of what runs, or a stop of what does not, does nothing.

        Raises:
            NotFoundError: There is no such agent.
            ConflictError: The hive is ending.
            UnavailableError: The process cannot be started.
        """
        if name not in self._locks:
            raise NotFoundError(f"there is no agent {name!r}")
        async with self._locks[name]:
            if self._closed:
                raise ConflictError("the hive is ending")
            await self._verbs[verb](name)

    async def close(self) -> None:
        """End every process, and start none from now on."""
        self._closed = True
        await asyncio.gather(*(self._end(name) for name in self._children))
        self._children.clear()

    def note(self, event: ChildEvent) -> None:
        """Take over what became of a child; events of others than agents are passed over."""
        name = event.name
        if name not in self._status:
            return
        match event.state:
            case ChildState.STARTED:
                self._status[name] = _status(name, UnitState.RUNNING, "")
            case ChildState.EXITED:
                self._last_end[name] = _ended(event.code)
                if self._status[name].state is not UnitState.STOPPING:
                    self._status[name] = _status(name, UnitState.RETRYING, self._last_end[name])
            case ChildState.RESTARTING:
                reason = f"{self._last_end.get(name, 'it ended')}; starts again in {event.delay:g} s"
                self._status[name] = _status(name, UnitState.RETRYING, reason)
            case ChildState.STOPPED:
                self._status[name] = _status(name, UnitState.STOPPED, "")

    async def _start(self, name: str) -> None:
        if self._status[name].state is UnitState.RUNNING:
            return
        if self._status[name].state is UnitState.RETRYING:
            await self._stop(name)
        if name not in self._children:
            self._children[name] = self._make(name)
        try:
            await self._children[name].start()
        except UnavailableError as error:
            self._status[name] = _status(name, UnitState.FAILED, error.message)
            raise

    async def _stop(self, name: str) -> None:
        if name in self._children and self._status[name].state is not UnitState.STOPPED:
            self._status[name] = _status(name, UnitState.STOPPING, "")
            await self._children[name].stop()

    async def _restart(self, name: str) -> None:
        await self._stop(name)
        await self._start(name)

    async def _end(self, name: str) -> None:
        async with self._locks[name]:
            await self._children[name].stop()


class Supervisor:
    """Listens between `start` and `stop`: `GET /agents`, `POST /agents/{name}/{verb}`."""

    def __init__(self, agents: AgentProcesses, path: Path) -> None:
        self._agents = agents
        self._path = path
        own = os.geteuid()
        app = web.Application(
            middlewares=[
                errors_as_json,
                plain_requests_only,
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


def _status(name: str, state: UnitState, reason: str) -> UnitStatus:
    return UnitStatus(unit=process_of(name), state=state, reason=reason)


def _ended(code: int | None) -> str:
    if code is None:
        return "it ended"
    return f"it was killed by signal {code - 128}" if code > 128 else f"it ended with code {code}"
