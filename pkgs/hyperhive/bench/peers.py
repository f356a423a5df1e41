"""Bare clients that cost next to nothing themselves: HTTP and Redis's protocol over a Unix socket."""

import asyncio
import json
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from hyperhive.errors import UnavailableError

_END: Final = b"\r\n"


class Peer:
    """One connection to the Unix socket at `path`: `async with Peer(path) as peer`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        """Connect."""
        self._streams = await asyncio.open_unix_connection(self._path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        _, writer = self.streams
        writer.close()

    @property
    def streams(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Reader and writer of the open connection."""
        if self._streams is None:
            raise UnavailableError(f"{self._path} is not connected")
        return self._streams


class HttpPeer(Peer):
    """Speaks the broker's API, one call at a time."""

    async def get(self, route: str) -> Any:
        """JSON answer of `GET route`; errors as in `post`."""
        return await self._call(get_request(route))

    async def post(self, route: str, body: dict[str, Any]) -> Any:
        """JSON answer of `POST route`.

        Raises:
            UnavailableError: The broker answered anything but 200; the message is its answer.
        """
        return await self._call(post_request(route, json.dumps(body).encode()))

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a whole request."""
        reader, writer = self.streams
        writer.write(request)
        head = (await reader.readuntil(_END + _END)).decode().lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        return int(head.split(maxsplit=2)[1]), await reader.readexactly(length)

    async def _call(self, request: bytes) -> Any:
        status, body = await self.exchange(request)
        if status != HTTPStatus.OK:
            raise UnavailableError(f"{self._path.parent.name}: {body.decode(errors='replace')}")
        return json.loads(body)


def post_request(route: str, payload: bytes) -> bytes:
    """`POST route` with a body of JSON."""
    head = f"POST {route} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload


def get_request(route: str) -> bytes:
    """`GET route`."""
    return f"GET {route} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


class RedisPeer(Peer):
    """Speaks Redis's protocol, one command at a time."""

    async def call(self, *words: str) -> Any:
        """The reply: text, whole number, None, or a list of these.

        Raises:
            UnavailableError: The server refused the command.
        """
        reader, writer = self.streams
        parts = [f"*{len(words)}".encode()]
        for word in words:
            encoded = word.encode()
            parts += [f"${len(encoded)}".encode(), encoded]
        writer.write(_END.join(parts) + _END)
        return await self._reply(reader)

    async def _reply(self, reader: asyncio.StreamReader) -> Any:
        line = (await reader.readuntil(_END))[:-2].decode()
        kind, rest = line[0], line[1:]
        match kind:
            case "+":
                return rest
            case ":":
                return int(rest)
            case "$":
                return None if rest == "-1" else (await reader.readexactly(int(rest) + 2))[:-2].decode()
            case "*":
                return None if rest == "-1" else [await self._reply(reader) for _ in range(int(rest))]
            case _:
                raise UnavailableError(f"redis-server: {rest}")
