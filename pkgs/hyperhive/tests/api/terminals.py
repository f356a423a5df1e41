"""Terminals of a harness that is played by a test, on the real sockets of a running broker."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from hyperhive.protocol.terminal import OUTPUT_HEADER
from tests.api.conftest import RunningHive, call
from tests.terminal_window import Window

PATH = "/api/agents/alice/terminals"
SIZE = {"cols": 80, "rows": 24}


@dataclass
class PlayedViewer:
    """The harness's end of a window: what it says, and what it hears."""

    socket: aiohttp.ClientWebSocketResponse
    end: int = 0
    typed: bytearray = field(default_factory=bytearray)

    async def say(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def write(self, data: bytes) -> None:
        await self.socket.send_bytes(OUTPUT_HEADER.pack(self.end) + data)
        self.end += len(data)

    async def frame(self, kind: str) -> dict[str, Any]:
        """The next frame of that kind; what is typed meanwhile is kept."""
        while True:
            message = await self.socket.receive(timeout=30)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.typed += message.data
            else:
                assert message.type is aiohttp.WSMsgType.TEXT, message
                frame: dict[str, Any] = json.loads(message.data)
                if frame["type"] == kind:
                    return frame

    async def closed(self) -> int | None:
        """Close code, once the broker closes; frames before are dropped."""
        async with asyncio.timeout(30):
            while not self.socket.closed:
                await self.socket.receive()
        return self.socket.close_code


class PlayedHarness:
    """The link of `alice`, which has `terminals`."""

    def __init__(self, hive: RunningHive, stack: AsyncExitStack) -> None:
        self._hive = hive
        self._stack = stack
        self.terminals: list[dict[str, Any]] = []
        self.link: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self) -> None:
        self.link = await self._hive.agents["alice"].ws_connect("/v1/link")
        self._stack.push_async_callback(self.link.close)
        hello = {"type": "hello", "version": "1", "turns": [], "terminals": self.terminals}
        await self.link.send_json(hello)
        assert (await self.link.receive_json(timeout=30))["type"] == "welcome"

    async def asked(self, kind: str) -> dict[str, Any]:
        """What the broker asks for next."""
        assert self.link is not None
        frame: dict[str, Any] = await self.link.receive_json(timeout=30)
        assert frame["type"] == kind
        return frame

    async def say(self, **frame: Any) -> None:
        assert self.link is not None
        await self.link.send_json(frame)

    async def report(self) -> None:
        await self.say(type="report", status=None, events=[], terminals=self.terminals)

    async def dial(self, viewer: str, agent: str = "alice") -> PlayedViewer:
        socket = await self._hive.agents[agent].ws_connect(f"/v1/terminals/{viewer}")
        self._stack.push_async_callback(socket.close)
        return PlayedViewer(socket)

    async def open(self) -> str:
        """A terminal that the operator asked for and that runs."""
        asking = asyncio.ensure_future(call(self._hive.browser, "POST", PATH, SIZE))
        asked = await self.asked("open_terminal")
        self.terminals.append(
            {"id": asked["id"], "title": "", "opened_by": asked["who"], "since": 1.0}
            | {"cols": asked["cols"], "rows": asked["rows"], "viewers": [], "end": None}
        )
        await self.report()
        status, view = await asking
        assert (status, view["id"]) == (200, asked["id"]), view
        return str(asked["id"])

    async def show(
        self, terminal: str, client: aiohttp.ClientSession | None = None, have: int | None = None
    ) -> tuple[Window, PlayedViewer]:
        """A window on a terminal, and the harness's end of it."""
        path = f"{PATH}/{terminal}"
        opening = asyncio.ensure_future(
            Window.open(client or self._hive.browser, path, self._stack, have=have)
        )
        asked = await self.asked("attach_viewer")
        assert (asked["terminal"], asked["have"]) == (terminal, have)
        viewer = await self.dial(asked["viewer"])
        viewer.end = have or 0
        await viewer.say(type="attached", viewer=1, offset=viewer.end, live=viewer.end)
        return await opening, viewer
