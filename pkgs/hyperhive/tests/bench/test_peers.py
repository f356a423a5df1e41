import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bench.peers import HttpPeer, RedisPeer
from hyperhive.errors import UnavailableError


@asynccontextmanager
async def listener(answer: bytes, heard: list[bytes] | None = None) -> AsyncIterator[Path]:
    """A Unix socket that gives everybody the same answer, once something was said."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read(65536)
        if heard is not None:
            heard.append(said)
        writer.write(answer)
        await writer.drain()
        writer.close()

    with TemporaryDirectory(prefix="hh-") as directory:
        path = Path(directory) / "socket"
        async with await asyncio.start_unix_server(serve, path):
            yield path


@pytest.mark.parametrize(
    ("wire", "reply"),
    [
        (b"+PONG\r\n", "PONG"),
        (b":7\r\n", 7),
        (b"$5\r\na\r\nbc\r\n", "a\r\nbc"),
        (b"$-1\r\n", None),
        (b"*2\r\n$1\r\nx\r\n*1\r\n:3\r\n", ["x", [3]]),
    ],
)
async def test_replies_of_redis_are_read(wire: bytes, reply: Any) -> None:
    heard: list[bytes] = []
    async with listener(wire, heard) as path, RedisPeer(path) as peer:
        assert await peer.call("XADD", "ä") == reply
    assert heard == ["*2\r\n$4\r\nXADD\r\n$2\r\nä\r\n".encode()]


async def test_an_error_of_redis_is_raised() -> None:
    async with listener(b"-ERR no such command\r\n") as path, RedisPeer(path) as peer:
        with pytest.raises(UnavailableError, match="ERR no such command"):
            await peer.call("X")


async def test_a_refusal_of_the_broker_is_raised() -> None:
    answer = b'HTTP/1.1 404 Not Found\r\nContent-Length: 17\r\n\r\n{"error": "none"}'
    async with listener(answer) as path, HttpPeer(path) as peer:
        with pytest.raises(UnavailableError, match="none"):
            await peer.get("/v1/me")
