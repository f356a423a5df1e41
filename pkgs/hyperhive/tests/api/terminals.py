"""A terminal whose shell is played by a test, on the real sockets of a running broker."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from hyperhive.protocol.terminal import OUTPUT_HEADER
from tests.api.conftest import RunningHive, call

PATH = "/api/agents/alice/terminals"
SIZE = {"cols": 80, "rows": 24}


@dataclass
class PlayedShell:
    """The harness's end: what it says, and what it is told."""

    socket: aiohttp.ClientWebSocketResponse
    end: int = 0
    typed: bytearray = field(default_factory=bytearray)

    async def say(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def write(self, data: bytes) -> None:
        await self.socket.send_bytes(OUTPUT_HEADER.pack(self.end) + data)
        self.end += len(data)

    async def told(self, kind: str) -> dict[str, Any]:
        """The next frame of that kind; what is typed meanwhile is kept."""
        while True:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.typed += message.data
            else:
                assert message.type is aiohttp.WSMsgType.TEXT, message
                frame: dict[str, Any] = json.loads(message.data)
                if frame["type"] == kind:
                    return frame

    async def heard(self, text: bytes) -> None:
        """Wait until `text` was typed."""
        while text not in self.typed:
            message = await self.socket.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.BINARY:
                self.typed += message.data

    async def closed(self) -> int | None:
        return await closed(self.socket)


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    """Close code, once the broker closes; frames before are dropped."""
    async with asyncio.timeout(10):
        while not socket.closed:
            await socket.receive()
    return socket.close_code


class PlayedHarness:
    """The link of `alice`, which opens what it is asked for."""

    def __init__(self, hive: RunningHive, stack: AsyncExitStack) -> None:
        self._hive = hive
        self._stack = stack
        self.link: aiohttp.ClientWebSocketResponse | None = None

    async def connect(self) -> None:
        self.link = await self._hive.agents["alice"].ws_connect("/v1/link")
        self._stack.push_async_callback(self.link.close)
        await self.link.send_json({"type": "hello", "version": "1", "turns": []})
        assert (await self.link.receive_json(timeout=10))["type"] == "welcome"

    async def asked(self) -> dict[str, Any]:
        """The next request for a terminal."""
        assert self.link is not None
        frame: dict[str, Any] = await self.link.receive_json(timeout=10)
        assert frame["type"] == "open_terminal"
        return frame

    async def dial(self, terminal: str, agent: str = "alice") -> PlayedShell:
        socket = await self._hive.agents[agent].ws_connect(f"/v1/terminals/{terminal}")
        self._stack.push_async_callback(socket.close)
        return PlayedShell(socket)

    async def open(self) -> tuple[str, PlayedShell]:
        """A terminal that the operator asked for and that runs."""
        asking = asyncio.ensure_future(call(self._hive.browser, "POST", PATH, SIZE))
        terminal = (await self.asked())["id"]
        shell = await self.dial(terminal)
        assert (await shell.told("attach"))["have"] is None
        await shell.say(type="opened", offset=0, since=1.0, **SIZE)
        status, view = await asking
        assert (status, view["id"]) == (200, terminal), view
        return terminal, shell
