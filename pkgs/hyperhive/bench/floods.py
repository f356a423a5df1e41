"""`python -m bench.floods NAME SOCKET ADMIN_SOCKET`: one agent's flood, as a process of its own.

It says `ready`, then floods for as many seconds as each line that it reads says, and prints as one line what
it was answered: `{status: calls}`.
"""

import asyncio
import itertools
import json
import math
import string
import sys
import time
from asyncio import IncompleteReadError
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, Self

import aiohttp

from bench.peers import HttpPeer, get_request, post_request

#: Calls a second of those that send much at once.
PACE: Final = 5.0
#: To whom the flood sends.
SINK: Final = "sink"
#: Characters of four bytes that nearly fill the broker's limits for a message and for a body.
LARGE: Final = 255_000
_HEAD_END: Final = b"\r\n\r\n"
_WIDE: Final = "\N{HONEYBEE}"
_SMALLEST: Final = 1024
_UNKNOWN_KEYS: Final = 110_000
_CONNECTIONS: Final = 32
#: Most connections that an agent has.
_MOST_CONNECTIONS: Final = 128
_EVENTS: Final = 8
_EVENT_TEXT: Final = 30_000
_UNREAD_SECONDS: Final = 60.0
#: What a slow page takes in a second, in bytes, and the streams that it has open on its socket.
_SLOW: Final = 160 * 1024
_READS: Final = 10
_STREAMS: Final = 64

#: Floods for so many seconds, and counts the answers by their status.
Flood = Callable[[float, Counter[int]], Awaitable[None]]
LINK_FRAME: Final = 0


class Caller:
    """Calls one after the other, on a new connection where the last one was closed."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._peer: HttpPeer | None = None

    async def __aenter__(self) -> Self:
        """Nothing is connected yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close what is connected."""
        await self._leave()

    async def call(self, request: bytes, answers: Counter[int]) -> int | None:
        """The status of the answer, which is counted; None where the connection was closed instead."""
        try:
            if self._peer is None:
                self._peer = await HttpPeer(self._socket).__aenter__()
            status, _ = await self._peer.exchange(request)
        except (OSError, IncompleteReadError):
            await self._leave()
            return None
        answers[status] += 1
        return status

    async def _leave(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.__aexit__(None, None, None)


def unknown_keys(agent: Path, _admin: Path) -> Flood:
    """One body of 1 MiB after the other, with 110,000 keys that nobody knows."""
    names = itertools.islice(itertools.product(string.ascii_lowercase, repeat=4), _UNKNOWN_KEYS)
    keys = ",".join(f'"{"".join(name)}":0' for name in names)
    request = post_request("/v1/messages", f'{{"to":"{SINK}","body":"x",{keys}}}'.encode())
    return _repeated(agent, request, PACE)


def large_sends(agent: Path, _admin: Path) -> Flood:
    """Messages of 1 MiB; who is refused sends half as much, so that what a budget leaves is used up, too."""
    return _greedy(agent, partial(message, SINK), PACE)


def fast_large_sends(agent: Path, _admin: Path) -> Flood:
    """The same as fast as it goes, on eight connections, and never less than 1 MiB."""
    return _repeated(agent, message(SINK), None, 8)


def expiring_questions(agent: Path, _admin: Path) -> Flood:
    """Questions of 1 MiB that come back after a second, as large as is taken."""

    def question(characters: int) -> bytes:
        return _post("/v1/questions", {"to": SINK, "question": _WIDE * characters, "ttl_seconds": 1})

    return _greedy(agent, question, PACE)


def lease_requeue(agent: Path, _admin: Path) -> Flood:
    """Take the own mail and give it back, again and again."""
    lease = post_request("/v1/inbox/lease", b'{"turn":"t","max":32}')
    requeue = post_request("/v1/inbox/requeue", b'{"turn":"t"}')

    async def flood(seconds: float, answers: Counter[int]) -> None:
        async with Caller(agent) as caller:
            async for _ in _ticks(seconds, PACE):
                await caller.call(lease, answers)
                await caller.call(requeue, answers)

    return flood


def slow_dashboard(agent: Path, admin: Path) -> Flood:
    """What fills streams, while a page reads from the socket of its streams, and from one more, slowly."""
    sending, leasing = large_sends(agent, admin), lease_requeue(agent, admin)

    async def flood(seconds: float, answers: Counter[int]) -> None:
        async with asyncio.TaskGroup() as group:
            asked = (get_request("/messages/stream"), _opened_streams())
            pages = [group.create_task(_page(admin, one)) for one in asked]
            await asyncio.gather(sending(seconds, answers), leasing(seconds, answers))
            for page in pages:
                page.cancel()

    return flood


def small_calls(agent: Path, _admin: Path) -> Flood:
    """The smallest call as fast as it goes."""
    return _repeated(agent, get_request("/v1/me"), None, _CONNECTIONS)


def held_bodies(agent: Path, _admin: Path) -> Flood:
    """On every connection that an agent may have a body of 1 MiB that never ends and has no length."""
    head, body = message(SINK).split(_HEAD_END, 1)
    lines = [line for line in head.splitlines() if not line.startswith(b"Content-Length")]
    head = b"\r\n".join([*lines, b"Transfer-Encoding: chunked"])
    unfinished = head + _HEAD_END + b"%x\r\n%b\r\n" % (len(body) - 1, body[:-1])

    async def hold(answers: Counter[int]) -> None:
        while True:
            async with Caller(agent) as caller:
                await caller.call(unfinished, answers)
            # Who is not let in at all does not come up for want of time of its own.
            await asyncio.sleep(0.05)

    async def flood(seconds: float, answers: Counter[int]) -> None:
        holding = [asyncio.ensure_future(hold(answers)) for _ in range(_MOST_CONNECTIONS)]
        await asyncio.sleep(seconds)
        for one in holding:
            one.cancel()
        await asyncio.gather(*holding, return_exceptions=True)

    return flood


def broken_text(agent: Path, _admin: Path) -> Flood:
    """One body of 1 MiB after the other of which nothing is text."""
    body = rb"\ud800" * (LARGE * 2 // 3)
    return _repeated(
        agent, post_request("/v1/messages", b'{"to":"%b","body":"%b"}' % (SINK.encode(), body)), PACE
    )


def unread_answers(agent: Path, _admin: Path) -> Flood:
    """On every connection that an agent may have a message of 1 MiB that it asked for and does not read."""
    # The first that the operator sent to it.
    request = get_request("/v1/messages/1")

    async def hold() -> None:
        while True:
            reader, writer = await asyncio.open_unix_connection(agent, limit=1024)
            try:
                writer.write(request)
                # Its head is enough.
                await reader.read(1)
                await asyncio.sleep(_UNREAD_SECONDS)
            finally:
                writer.close()

    async def flood(seconds: float, _answers: Counter[int]) -> None:
        holding = [asyncio.ensure_future(hold()) for _ in range(_MOST_CONNECTIONS)]
        await asyncio.sleep(seconds)
        for one in holding:
            one.cancel()
        await asyncio.gather(*holding, return_exceptions=True)

    return flood


def link_frames(agent: Path, _admin: Path) -> Flood:
    """Events at full speed; frames count with the status 0."""
    event = {"ts": 1.0, "kind": "text", "turn": "t", "data": {"text": "x" * _EVENT_TEXT}}
    report = json.dumps({"type": "report", "status": None, "events": [event] * _EVENTS})

    async def send(answers: Counter[int]) -> None:
        connector = aiohttp.UnixConnector(path=str(agent))
        async with (
            aiohttp.ClientSession("http://localhost", connector=connector) as client,
            client.ws_connect("/v1/link", timeout=aiohttp.ClientWSTimeout(ws_close=0.1)) as link,
        ):
            await link.send_str('{"type":"hello","version":"0","turns":[]}')
            while not link.closed:
                await link.send_str(report)
                answers[LINK_FRAME] += 1

    async def flood(seconds: float, answers: Counter[int]) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await send(answers)
            except (TimeoutError, aiohttp.ClientError, OSError):
                pass

    return flood


FLOODS: Final = {
    make.__name__: make
    for make in (
        unknown_keys,
        broken_text,
        large_sends,
        fast_large_sends,
        lease_requeue,
        expiring_questions,
        slow_dashboard,
        link_frames,
        small_calls,
        held_bodies,
        unread_answers,
    )
}


def message(to: str, characters: int = LARGE, route: str = "/v1/messages") -> bytes:
    """The request that sends so long a message."""
    return _post(route, {"to": to, "body": _WIDE * characters})


def _post(route: str, body: dict[str, Any]) -> bytes:
    return post_request(route, json.dumps(body, ensure_ascii=False).encode())


def _repeated(agent: Path, request: bytes, pace: float | None, connections: int = 1) -> Flood:
    async def repeat(seconds: float, answers: Counter[int]) -> None:
        async with Caller(agent) as caller:
            async for _ in _ticks(seconds, pace):
                await caller.call(request, answers)

    async def flood(seconds: float, answers: Counter[int]) -> None:
        await asyncio.gather(*(repeat(seconds, answers) for _ in range(connections)))

    return flood


def _greedy(agent: Path, request: Callable[[int], bytes], pace: float) -> Flood:
    size = LARGE

    async def flood(seconds: float, answers: Counter[int]) -> None:
        nonlocal size
        async with Caller(agent) as caller:
            async for _ in _ticks(seconds, pace):
                status = await caller.call(request(size), answers)
                if status == HTTPStatus.TOO_MANY_REQUESTS:
                    size = max(_SMALLEST, size // 2)

    return flood


async def _ticks(seconds: float, pace: float | None) -> AsyncIterator[None]:
    """Until the time is over: one for every call, `pace` a second where the calls are quick enough."""
    began = time.monotonic()
    for number in itertools.count():
        due = began + number / pace if pace else 0.0
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if time.monotonic() - began >= seconds:
            return
        yield


async def _page(admin: Path, request: bytes) -> None:
    """Read the answer to the request slowly, and ask again when it has ended."""
    while True:
        reader, writer = await asyncio.open_unix_connection(admin, limit=1024)
        try:
            writer.write(request)
            async for _ in _ticks(math.inf, _READS):
                if not await reader.read(_SLOW // _READS):
                    break
        finally:
            writer.close()


def _opened_streams() -> bytes:
    """What opens the page's one socket and many streams on it, as bytes: a WebSocket's client reads ahead."""
    handshake = (
        b"GET /api/streams HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    frames = [
        json.dumps({"type": "open", "id": number, "path": "/messages/stream"}).encode()
        for number in range(1, _STREAMS + 1)
    ]
    # A mask of zeros leaves the text as it is.
    return handshake + b"".join(bytes([0x81, 0x80 | len(one), 0, 0, 0, 0]) + one for one in frames)


async def _serve(name: str, agent: Path, admin: Path) -> None:
    flood = FLOODS[name](agent, admin)
    lines = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    print("ready", flush=True)  # noqa: T201 - it is what the benchmark reads
    while line := await lines.readline():
        answers: Counter[int] = Counter()
        await flood(float(line), answers)
        print(json.dumps(answers), flush=True)  # noqa: T201 - likewise
    transport.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
