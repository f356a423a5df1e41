"""A server that takes publications as ntfy's documentation says, and answers as a test tells it."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

#: Fields of a publication as JSON, and the type of each.
FIELDS: dict[str, type] = {
    "topic": str,
    "title": str,
    "message": str,
    "priority": int,
    "tags": list,
    "click": str,
}
MESSAGE_BYTES = 4096


@dataclass(frozen=True)
class Scripted:
    """One answer in place of the usual one."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""


@dataclass
class NtfyServer:
    """What came in, and what is answered next.

    Attributes:
        url: Address of the topic `hive`.
        token: Without it in a request the topic is closed; None opens it to everyone.
        taken: Publications that were accepted, in order.
        asked: Number of requests.
        script: Answers for the next requests; after them the server does its work.
        slow: Requests wait for it.
    """

    url: str = ""
    token: str | None = None
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0
    script: list[Scripted] = field(default_factory=list)
    slow: asyncio.Event | None = None

    def settings(self, **changes: Any) -> dict[str, Any]:
        """`notifications` of a hive that pushes to this server at once."""
        fields = {
            "url": self.url,
            "token_credential": None,
            "delay_seconds": 0,
            "kinds": ["question", "message", "agent_failed", "agent_needs_login"],
            "dashboard_url": None,
        }
        return {"ntfy": fields | changes}

    def titles(self) -> list[str]:
        return [one["title"] for one in self.taken]

    async def publish(self, request: web.Request) -> web.Response:
        self.asked += 1
        document = await request.json()
        if self.slow is not None:
            await self.slow.wait()
        if self.script:
            answer = self.script.pop(0)
            return web.Response(status=answer.status, headers=answer.headers, text=answer.text)
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return problem(403, 40301, "forbidden")
        wrong = [name for name, value in document.items() if type(value) is not FIELDS.get(name)]
        if wrong or not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", document["topic"]):
            return problem(400, 40024, f"invalid request: {wrong or document['topic']}")
        if not 1 <= document.get("priority", 3) <= 5:
            return problem(400, 40007, "invalid priority parameter")
        if len(document["message"].encode()) > MESSAGE_BYTES:
            return problem(413, 41301, "attachment too large")
        self.taken.append(document)
        return web.json_response({"id": f"m{len(self.taken)}", "event": "message", **document})


def problem(status: int, code: int, error: str) -> web.Response:
    body = {"code": code, "http": status, "error": error, "link": "https://ntfy.sh/docs"}
    return web.json_response(body, status=status)


@asynccontextmanager
async def ntfy_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[NtfyServer]:
    """A server on loopback, for as long as the block."""
    server = NtfyServer()
    app = web.Application()
    app.add_routes([web.post("/", server.publish)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        server.url = f"{'https' if tls else 'http'}://localhost:{port}/hive"
        yield server
    finally:
        await runner.cleanup()
