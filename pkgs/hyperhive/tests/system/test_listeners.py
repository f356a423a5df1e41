"""Listeners: bounded, quiet about bad clients, gone without a trace."""

import asyncio
import gc
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest
from aiohttp import web

from hyperhive.errors import UnavailableError
from hyperhive.system.listeners import Listener

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


def _failure(status: int) -> web.Response:
    return web.Response(status=status, text=f"failed with {status}")


def _names(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def _app() -> web.Application:
    async def hello(_request: web.Request) -> web.Response:
        return web.Response(text="hello")

    async def broken(_request: web.Request) -> web.Response:
        raise ValueError("secret")

    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_get("/broken", broken)
    return app


@pytest.fixture
async def path() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield Path(name) / "s"


@pytest.fixture
async def listener(path: Path) -> AsyncIterator[Listener]:
    listener = Listener(_app(), failure=_failure, connections=2)
    await listener.start_unix(path, 0o600)
    yield listener
    await listener.stop()


@pytest.fixture
async def connect(path: Path, listener: Listener) -> AsyncIterator[Connect]:
    async with AsyncExitStack() as stack:

        async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            reader, writer = await asyncio.open_unix_connection(path)
            stack.callback(writer.close)
            return reader, writer

        yield connect


async def test_one_connection_too_many_is_closed_and_the_next_one_is_served(connect: Connect) -> None:
    _, first = await connect()
    await connect()
    reader, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 30) == b""
    first.close()
    await first.wait_closed()
    async with asyncio.timeout(30):
        while True:
            reader, writer = await connect()
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            try:
                if (await reader.read()).endswith(b"hello"):
                    break
            except ConnectionResetError:
                continue


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 this is TLS\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"H%d: x\r\n" % n for n in range(500)) + b"\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["tls", "huge header", "many headers", "smuggling"],
)
async def test_what_is_no_http_gets_the_failure_answer_and_no_traceback(
    connect: Connect, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect()
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 30)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert answer.endswith(b"failed with 400")
    assert caplog.records == []


async def test_requests_without_end_are_not_kept_for_a_client_that_reads_no_answers(
    listener: Listener, connect: Connect
) -> None:
    _, writer = await connect()
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 200_000)
    async with asyncio.timeout(20):
        while not writer.transport.is_closing():
            served = listener._runner.server
            transports = [one.transport for one in served.connections] if served else []
            if any(isinstance(one, asyncio.Transport) and not one.is_reading() for one in transports):
                break
            await asyncio.sleep(0)


async def test_an_error_outside_of_the_application_is_logged_and_shows_nothing(
    connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await connect()
    writer.write(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 30)).endswith(b"failed with 500")
    [record] = caplog.records
    assert record.exc_info is not None


async def test_the_socket_is_gone_after_the_stop(path: Path) -> None:
    listener = Listener(_app(), failure=_failure, connections=1)
    await listener.start_unix(path, 0o600)
    before = _names(path.parent)
    await listener.stop()
    assert (before, _names(path.parent)) == (["s"], [])


async def test_a_port_in_use_is_a_sentence() -> None:
    first = Listener(_app(), failure=_failure, connections=1)
    port = await first.start_tcp("127.0.0.1", 0, None)
    second = Listener(_app(), failure=_failure, connections=1)
    with pytest.raises(UnavailableError, match=f"cannot listen on 127.0.0.1 port {port}"):
        await second.start_tcp("127.0.0.1", port, None)
    await second.stop()
    await first.stop()


@pytest.mark.parametrize("steps", range(12))
async def test_a_start_that_is_cancelled_leaves_no_socket(path: Path, steps: int) -> None:
    listener = Listener(_app(), failure=_failure, connections=2)
    start = asyncio.create_task(listener.start_unix(path, 0o600))
    for _ in range(steps):
        await asyncio.sleep(0)
    start.cancel()
    await asyncio.wait({start})
    await listener.stop()
    assert _names(path.parent) == []
    # A socket that is left to the garbage collector warns, and that fails the test.
    gc.collect()
