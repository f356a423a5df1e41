"""Server-sent events: the hive's frames and one agent's log, each to browsers that keep up."""

import asyncio
from collections.abc import Callable
from typing import Final, TypeVar

from aiohttp import web

from hyperhive.api.cancellation import OpenCalls
from hyperhive.api.security import Gate, secure
from hyperhive.errors import UnavailableError
from hyperhive.protocol.events import AgentEvent, HiveFrame
from hyperhive.services.bus import Subscription
from hyperhive.services.composition import Services

#: Seconds between two comment lines; proxies and browsers take a silent stream for dead.
HEARTBEAT_SECONDS: Final = 15.0
#: A browser that takes nothing for so long is dropped.
WRITE_SECONDS: Final = 10.0
_RETRY_MILLISECONDS: Final = 1000

ItemT = TypeVar("ItemT")


class StreamApi:
    """The streams. Without a gate (on the admin socket) they belong to no session."""

    def __init__(self, services: Services, open_calls: OpenCalls, gate: Gate | None) -> None:
        self._services = services
        self._open_calls = open_calls
        self._gate = gate

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/messages/stream", self.hive),
            web.get("/api/agents/{name}/stream", self.agent),
        ]

    async def hive(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, self._services.hive.watch(), _hive_frame)

    async def agent(self, request: web.Request) -> web.StreamResponse:
        name = self._services.agents.config(request.match_info["name"]).name
        return await self._send(request, self._services.events.watch(name), _agent_frame)

    async def _send(
        self,
        request: web.Request,
        subscription: Subscription[ItemT],
        encode: Callable[[ItemT], str],
    ) -> web.StreamResponse:
        session = self._gate.session(request) if self._gate else None
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        secure(response)
        if request.method == "HEAD":
            return response
        async with subscription as items:
            try:
                async with self._open_calls.hold(session):
                    await response.prepare(request)
                    await _write(request, response, f"retry: {_RETRY_MILLISECONDS}\n\n")
                    while (text := await _next(items, encode)) is not None:
                        if text == _HEARTBEAT and self._ended(request):
                            break
                        await _write(request, response, text)
            except UnavailableError:
                # Ended from outside; the browser connects again and learns why.
                if not response.prepared:
                    raise
        return response

    def _ended(self, request: web.Request) -> bool:
        return self._gate is not None and self._gate.session(request) is None


_HEARTBEAT: Final = ":\n\n"


async def _next(items: Subscription[ItemT], encode: Callable[[ItemT], str]) -> str | None:
    """The next item, a comment when nothing happened for a while, None at the end."""
    wait = asyncio.timeout(HEARTBEAT_SECONDS)
    try:
        async with wait:
            return encode(await anext(items))
    except StopAsyncIteration:
        return None
    except TimeoutError:
        if not wait.expired():
            raise
        return _HEARTBEAT


async def _write(request: web.Request, response: web.StreamResponse, text: str) -> None:
    wait = asyncio.timeout(WRITE_SECONDS)
    try:
        async with wait:
            await response.write(text.encode())
    except TimeoutError as error:
        if not wait.expired():
            raise
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the browser does not keep up") from error


def _hive_frame(frame: HiveFrame) -> str:
    return f"id: {frame.seq}\nevent: {frame.kind}\ndata: {frame.model_dump_json()}\n\n"


def _agent_frame(event: AgentEvent) -> str:
    return f"id: {event.id}\nevent: event\ndata: {event.model_dump_json()}\n\n"
