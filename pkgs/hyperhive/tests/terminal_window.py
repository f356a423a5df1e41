"""A window on a terminal as a browser has one, played by a test."""

import asyncio
import contextlib
import json
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from hyperhive.protocol.terminal import OUTPUT_HEADER

WAIT = 60.0


@dataclass
class Window:
    """One viewer's socket.

    Attributes:
        first: Its `attached` frame.
        output: Everything that was shown, joined.
        gaps: Where output was skipped: what was expected, and what came.
        offset: Behind the last byte.
        keeps_up: Acknowledges what it gets.
        refused: The pastes that were, with their longest line where that was the reason.
        state: The newest `state` frame.
        typed: How much it has typed, over all its connections.
        taken: How much of that the program could have.
        terminals: The newest list.
    """

    socket: aiohttp.ClientWebSocketResponse
    first: dict[str, Any] = field(default_factory=dict)
    output: bytearray = field(default_factory=bytearray)
    gaps: list[tuple[int, int]] = field(default_factory=list)
    offset: int = 0
    keeps_up: bool = True
    dropped: int = 0
    refused: list[int | None] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    typed: int = 0
    taken: int = 0
    terminals: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    async def open(
        cls,
        client: aiohttp.ClientSession,
        path: str,
        stack: AsyncExitStack,
        *,
        have: int | None = None,
        keeps_up: bool = True,
        name: str | None = None,
    ) -> Self:
        """Connect, from the offset `have` on."""
        asked = {"have": have, "window": name}
        query = {key: str(value) for key, value in asked.items() if value is not None}
        socket = await client.ws_connect(path, params=query, max_msg_size=0)
        stack.push_async_callback(socket.close)
        window = cls(socket, keeps_up=keeps_up)
        window.first = json.loads(await socket.receive_str(timeout=WAIT))
        assert window.first["type"] == "attached"
        window.offset = window.first["offset"]
        window.typed = window.taken = window.first.get("typed", 0)
        return window

    async def type(self, text: str) -> None:
        await self.send(text.encode())

    async def send(self, data: bytes) -> None:
        self.typed += len(data)
        await self.socket.send_bytes(data)

    async def say(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def ack(self) -> None:
        # What came before the other side closed may be read after that.
        with contextlib.suppress(ConnectionError):
            await self.say(type="ack", offset=self.offset)

    async def step(self) -> bool:
        """Take one frame; false when the socket is closed."""
        message = await self.socket.receive(timeout=WAIT)
        if message.type is aiohttp.WSMsgType.BINARY:
            (offset,) = OUTPUT_HEADER.unpack_from(message.data)
            data = message.data[OUTPUT_HEADER.size :]
            if offset != self.offset:
                self.gaps.append((self.offset, offset))
            self.offset = offset + len(data)
            self.output += data
            if self.keeps_up:
                await self.ack()
            return True
        if message.type is aiohttp.WSMsgType.TEXT:
            frame = json.loads(message.data)
            if frame["type"] == "changed":
                self.terminals = frame["terminals"]
            elif frame["type"] == "dropped":
                self.dropped += frame["count"]
            elif frame["type"] == "refused":
                self.refused.append(frame["longest"])
            elif frame["type"] == "state":
                self.state = frame
            elif frame["type"] == "taken":
                self.taken = frame["offset"]
            return True
        return False

    async def until(self, text: str | bytes) -> None:
        """Take frames until the output holds `text`."""
        wanted = text.encode() if isinstance(text, str) else text
        looked_at = 0
        async with asyncio.timeout(WAIT):
            while self.output.find(wanted, max(0, looked_at - len(wanted))) < 0:
                looked_at = len(self.output)
                assert await self.step(), f"closed, with {bytes(self.output[-300:])!r}"

    async def seen(self, offset: int) -> None:
        """Take frames until everything before `offset` was there."""
        while self.offset < offset:
            assert await self.step()

    async def rest(self) -> int | None:
        """Take everything until the socket is closed; returns the close code."""
        async with asyncio.timeout(WAIT):
            while await self.step():
                pass
        return self.socket.close_code

    def shown(self) -> str:
        return self.output.decode(errors="replace")
