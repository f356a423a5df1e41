"""The scripted model as an HTTP server that the Claude Code CLI takes for the real API."""

import asyncio
import contextlib
import json
import logging
import re
import signal
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from hyperhive.demo.model_message import (
    AssistantMessage,
    Failure,
    error_body,
    ping,
    stream_rest,
    stream_start,
    whole_message,
)
from hyperhive.demo.model_reply import Counters, reply
from hyperhive.demo.model_request import RequestKind, estimated_tokens, read_request
from hyperhive.demo.model_script import ModelScript, load_script
from hyperhive.errors import HyperhiveError, UnavailableError
from hyperhive.text import sound

log = logging.getLogger(__name__)

_AGENT_PATH: Final = re.compile(r"/agents/(?P<agent>[^/]+)(?P<path>/.*)?")
_PING_SECONDS: Final = 5.0
_MAXIMUM_BODY: Final = 64 * 1024 * 1024
_SHUTDOWN_SECONDS: Final = 0.05


@dataclass(frozen=True)
class RecordedRequest:
    """One request that the server got; the later fields are as in `ModelRequest`."""

    #: The agent of the path prefix `/agents/NAME`, else empty.
    agent: str
    #: `time.monotonic()` of the server's process when the request had been read.
    at: float
    method: str
    #: Without prefix and query, e.g. `/v1/messages`.
    path: str
    kind: RequestKind
    prompt: str = ""
    step: int = 0
    tools: tuple[str, ...] = ()
    #: The text of the newest tool results, empty without any.
    results: str = ""
    model: str = ""

    @property
    def side(self) -> bool:
        """Whether this is anything but a step of a turn."""
        return self.kind is not RequestKind.TURN


class ModelServer:
    """Plays a script to any number of agents; `requests` are all since the start, oldest first.

    Args:
        port: To listen on; 0 takes a free one.
        on_request: Called with every request, after it was recorded.
    """

    def __init__(
        self,
        script: ModelScript,
        host: str = "127.0.0.1",
        port: int = 0,
        on_request: Callable[[RecordedRequest], None] | None = None,
    ) -> None:
        self.requests: list[RecordedRequest] = []
        self._script = script
        self._host = host
        self._port = port
        self._on_request = on_request
        self._counters = Counters()
        self._arrived = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self._address: tuple[str, int] | None = None

    async def start(self) -> str:
        """Listen; returns the base URL for requests of no particular agent."""
        app = web.Application(client_max_size=_MAXIMUM_BODY)
        app.router.add_route("*", "/{_:.*}", self._answer)
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as error:
            await runner.cleanup()
            raise UnavailableError(f"cannot listen on {self._host}:{self._port}: {error}") from error
        self._runner = runner
        self._address = runner.addresses[0][:2]
        return self._origin

    def play(self, script: ModelScript) -> None:
        """Play another script from the next request on, and forget how often what was answered."""
        self._script = script
        self._counters = Counters()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            self._address = None

    def base_url(self, agent: str) -> str:
        """The `ANTHROPIC_BASE_URL` that makes a CLI this agent's; empty: no particular agent."""
        return f"{self._origin}/agents/{agent}" if agent else self._origin

    async def wait_for_request(
        self, predicate: Callable[[RecordedRequest], bool], within_seconds: float
    ) -> RecordedRequest:
        """The first request, past or to come, that the predicate accepts, or a `TimeoutError`."""
        async with asyncio.timeout(within_seconds), self._arrived:
            while True:
                found = next(filter(predicate, self.requests), None)
                if found is not None:
                    return found
                await self._arrived.wait()

    @property
    def _origin(self) -> str:
        if self._address is None:
            raise UnavailableError("the model server is not started")
        return f"http://{self._address[0]}:{self._address[1]}"

    async def _answer(self, http: web.Request) -> web.StreamResponse:
        found = _AGENT_PATH.fullmatch(http.path)
        agent, path = (found["agent"], found["path"] or "/") if found else ("", http.path)
        try:
            body, _ = sound(await http.json() if http.can_read_body else {})
        except ValueError:
            body = None
        if http.method == "POST" and path in {"/v1/messages", "/v1/messages/count_tokens"}:
            if not isinstance(body, dict):
                failure = Failure(400, "invalid_request_error", "The body is not a JSON object.")
                return web.json_response(error_body(failure), status=400)
            if path == "/v1/messages":
                return await self._answer_messages(http, agent, body)
            await self._record(_recorded(agent, http.method, path, RequestKind.COUNT_TOKENS))
            return web.json_response({"input_tokens": estimated_tokens(body)})
        await self._record(_recorded(agent, http.method, path, RequestKind.OTHER))
        if http.method == "HEAD":
            return web.Response()
        if http.method == "GET" and path == "/v1/models":
            return web.json_response({"data": [], "has_more": False, "first_id": None, "last_id": None})
        failure = Failure(404, "not_found_error", f"The scripted model has no {http.method} {path}.")
        return web.json_response(error_body(failure), status=404)

    async def _answer_messages(
        self, http: web.Request, agent: str, body: dict[str, Any]
    ) -> web.StreamResponse:
        answer, self._counters = reply(self._script, agent, body, self._counters)
        request = read_request(body)
        model = str(body.get("model", ""))
        await self._record(
            RecordedRequest(
                agent=agent,
                at=time.monotonic(),
                method=http.method,
                path="/v1/messages",
                kind=request.kind,
                prompt=request.prompt,
                step=request.step,
                tools=request.tools,
                results=request.results[-1] if request.results else "",
                model=model,
            )
        )
        if isinstance(answer, Failure):
            await asyncio.sleep(answer.delay_seconds)
            return web.json_response(error_body(answer), status=answer.status, headers=answer.headers)
        if not body.get("stream"):
            await asyncio.sleep(answer.delay_seconds)
            return web.json_response(whole_message(answer, model, _new_id), headers=answer.headers)
        return await _stream(http, answer, model)

    async def _record(self, request: RecordedRequest) -> None:
        async with self._arrived:
            self.requests.append(request)
            self._arrived.notify_all()
        if self._on_request is not None:
            self._on_request(request)


async def _stream(http: web.Request, message: AssistantMessage, model: str) -> web.StreamResponse:
    headers = {"content-type": "text/event-stream", "cache-control": "no-cache", **message.headers}
    response = web.StreamResponse(headers=headers)
    await response.prepare(http)
    # A client that cancelled the turn is gone in the middle; nobody reads the rest.
    with contextlib.suppress(ConnectionResetError):
        await response.write(stream_start(message, model, _new_id))
        await response.write(ping())
        until = time.monotonic() + message.delay_seconds
        while (left := until - time.monotonic()) > 0:
            await asyncio.sleep(min(left, _PING_SECONDS))
            await response.write(ping())
        for event in stream_rest(message, _new_id):
            await response.write(event)
        await response.write_eof()
    return response


def _recorded(agent: str, method: str, path: str, kind: RequestKind) -> RecordedRequest:
    return RecordedRequest(agent=agent, at=time.monotonic(), method=method, path=path, kind=kind)


def _new_id(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:24]}"


async def serve(
    script_file: Path,
    host: str,
    port: int,
    *,
    on_ready: Callable[[str], None],
    requests_file: Path | None = None,
) -> None:
    """Run a server until SIGTERM or SIGINT; SIGHUP has it read its script again.

    A script that is wrong at a SIGHUP is logged and the old one played on. `on_ready` gets the base URL,
    `requests_file` gets one JSON line for every request.
    """

    def note(request: RecordedRequest) -> None:
        if requests_file is not None:
            with requests_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({**asdict(request), "side": request.side}) + "\n")

    def read_again() -> None:
        try:
            server.play(load_script(script_file))
        except HyperhiveError as error:
            log.warning("the old script is played on: %s", error)

    server = ModelServer(load_script(script_file), host, port, on_request=note)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGHUP, read_again)
    on_ready(await server.start())
    await ended.wait()
    await server.stop()
