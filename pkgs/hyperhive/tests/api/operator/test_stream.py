"""The snapshot, and server-sent events: numbered, alive, ended when they must, and never waited for."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from socket import SO_RCVBUF, SOL_SOCKET
from socket import socket as new_socket
from typing import Any

import aiohttp
import pytest
from yarl import URL

from hyperhive import __version__
from hyperhive.protocol.base import CLOSE_LEFT
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.services.bus import BACKLOG_BYTES, Subscription
from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.conftest import limited


async def _event(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event's fields; comments and `retry` are dropped."""
    while True:
        block = (await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 30)).decode()
        fields = dict(line.split(": ", 1) for line in block.strip().splitlines() if not line.startswith(":"))
        if "data" in fields:
            return {**fields, "data": json.loads(fields["data"])}


async def test_every_change_after_the_snapshot_is_a_frame_with_a_higher_number(hive: RunningHive) -> None:
    async with hive.browser.get("/messages/stream") as stream:
        assert (stream.status, stream.content_type) == (200, "text/event-stream")
        assert await stream.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
        _, state = await call(hive.browser, "GET", "/api/state")
        [sent] = await hive.send("alice", "operator", "done")
        event = await _event(stream)
        while event["event"] != "message":
            event = await _event(stream)
        assert event == {
            "id": str(event["data"]["seq"]),
            "event": "message",
            "data": {"seq": event["data"]["seq"], "kind": "message", "data": sent, "unread": 1},
        }
        assert event["data"]["seq"] > state["seq"]
    _, state = await call(hive.browser, "GET", "/api/state")
    assert (state["inbox"], state["messages"]) == ([sent], [sent])
    assert state["seq"] >= event["data"]["seq"]


async def test_a_quiet_stream_says_that_it_lives(hive: RunningHive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperhive.api.operator.stream.BEAT_SECONDS", 0.01)
    async with hive.browser.get("/api/agents/alice/stream") as stream:
        await stream.content.readuntil(b"\n\n")
        assert await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 30) == b":\n\n"


async def test_a_stop_ends_the_streams_at_once(hive: RunningHive) -> None:
    async with hive.browser.get("/messages/stream") as first, hive.admin.get("/messages/stream") as second:
        for stream in (first, second):
            await stream.content.readuntil(b"\n\n")
        async with asyncio.timeout(3):
            await hive.broker.stop()
            for stream in (first, second):
                await stream.content.read()


async def test_the_stream_of_an_unknown_agent_is_not_found(hive: RunningHive) -> None:
    assert await refusal(hive.browser, "GET", "/api/agents/nobody/stream") == (404, "not_found")


async def test_a_browser_that_does_not_read_is_dropped_and_holds_nobody_up(
    start_hive: StartHive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    hive = await start_hive(agents={"alice": limited(stored_mib_per_hour=1000)})
    await hive.log_in()
    monkeypatch.setattr("hyperhive.api.operator.stream.WRITE_SECONDS", 0.2)
    host, _, port = hive.url.removeprefix("http://").partition(":")
    [cookie] = hive.browser.cookie_jar
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    session = f"{cookie.key}={cookie.value}"
    writer.write(f"GET /messages/stream HTTP/1.1\r\nHost: {host}\r\nCookie: {session}\r\n\r\n".encode())
    await reader.readuntil(b"retry: 1000")
    async with asyncio.timeout(30):
        for number in range(60):
            await hive.send("alice", "operator", f"{number} " + "x" * 200_000)
        while hive.broker.services.hive._watchers:
            await asyncio.sleep(0.01)
        # What the kernel took can still be read; then the connection is found to be cut.
        with contextlib.suppress(ConnectionResetError):
            while await reader.read(65536):
                pass
    writer.close()
    _, state = await call(hive.admin, "GET", "/api/state")
    assert state["unread"] == 60
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_the_snapshot_holds_the_whole_hive(hive: RunningHive) -> None:
    [sent] = await hive.send("alice", "operator", "done")
    _, question = await call(hive.agents["alice"], "POST", "/v1/questions", {"question": "may I?"})
    status, state = await call(hive.browser, "GET", "/api/state")
    _, again = await call(hive.browser, "GET", "/api/state")
    assert (status, state) == (
        200,
        {
            "seq": again["seq"],
            "boot": again["boot"],
            "version": __version__,
            "operator": {"pronouns": "they/them"},
            "agents": [
                (await call(hive.browser, "GET", f"/api/agents/{name}"))[1]
                for name in ("alice", "bob", "boss")
            ],
            "messages": [sent],
            "messages_before": None,
            "inbox": [sent],
            "inbox_after": None,
            "unread": 1,
            "parked": [],
            "parked_before": None,
            "questions": [question],
        },
    )


async def _connect(hive: RunningHive, **headers: str) -> aiohttp.ClientWebSocketResponse:
    """A page's socket, with the operator's cookie."""
    cookies = hive.browser.cookie_jar.filter_cookies(URL(hive.url))
    jar = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())
    origin = {"Origin": hive.url, "Cookie": jar} | headers
    return await hive.stranger.ws_connect(f"{hive.url}/api/streams", headers=origin)


async def _frame(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    frame: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), 30)
    return frame


async def _open(socket: aiohttp.ClientWebSocketResponse, stream: int, path: str) -> dict[str, Any]:
    await socket.send_json({"type": "open", "id": stream, "path": path})
    return await _frame(socket)


async def _closed(socket: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
    """Code and reason with which the broker closes it, whatever comes before."""
    async with asyncio.timeout(30):
        while (message := await socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
            pass
    return message.data, message.extra


async def test_one_socket_carries_the_items_of_any_number_of_streams(hive: RunningHive) -> None:
    socket = await _connect(hive)
    assert await _open(socket, 1, "/messages/stream") == {"type": "opened", "id": 1}
    assert await _open(socket, 2, "/api/agents/alice/stream") == {"type": "opened", "id": 2}
    assert await _open(socket, 3, "/api/agents/alice/stream") == {"type": "opened", "id": 3}
    note = NewEvent(ts=1.0, turn=None, data=Note(text="heard twice"))
    [event] = await hive.broker.services.events.append("alice", [note])
    heard = [await _frame(socket), await _frame(socket)]
    data = event.model_dump(mode="json")
    assert sorted(heard, key=lambda one: int(one["id"])) == [
        {"type": "item", "id": stream, "data": data} for stream in (2, 3)
    ]
    await socket.send_json({"type": "close", "id": 2})
    assert await _open(socket, 4, "/api/agents/bob/stream") == {"type": "opened", "id": 4}
    await hive.broker.services.events.append("alice", [note])
    assert (await _frame(socket))["id"] == 3
    [sent] = await hive.send("alice", "operator", "done")
    frame = await _frame(socket)
    while frame["data"]["kind"] != "message":
        frame = await _frame(socket)
    assert (frame["id"], frame["data"]["data"]) == (1, sent)
    await socket.close()
    async with asyncio.timeout(30):
        while hive.broker.services.hive._watchers:
            await asyncio.sleep(0.01)


async def test_a_stream_that_there_is_not_ends_alone_with_what_a_request_would_be_told(
    hive: RunningHive,
) -> None:
    socket = await _connect(hive)
    for path in ("/api/agents/nobody/stream", "/api/agents//stream", "/api/state", ""):
        frame = await _open(socket, 1, path)
        assert (frame["type"], frame["id"], frame["status"], frame["error"]["key"]) == (
            "ended",
            1,
            404,
            "not_found",
        )
    assert await _open(socket, 2, "/messages/stream") == {"type": "opened", "id": 2}
    await socket.close()


@pytest.mark.parametrize(
    "frame", ['{"type": "open"}', "[]", "x", '{"type": "open", "id": 0, "path": "/"}', b"\0", '{"id": 1}']
)
async def test_a_frame_that_a_page_must_not_send_closes_the_socket(
    hive: RunningHive, frame: str | bytes
) -> None:
    socket = await _connect(hive)
    await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))
    assert await _closed(socket) == (CLOSE_LEFT, "the page sent a frame that it must not send")
    await socket.close()


async def test_the_socket_of_streams_is_for_a_page_of_ours_with_a_login(hive: RunningHive) -> None:
    for headers, status in (
        ({"Cookie": ""}, 401),
        ({"Origin": "http://elsewhere"}, 403),
        ({"Host": "elsewhere"}, 403),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await _connect(hive, **headers)
        assert caught.value.status == status
    assert (await refusal(hive.browser, "GET", "/api/streams"))[0] in {400, 403}


async def test_a_logout_and_a_stop_end_the_socket_of_streams_with_the_reason(hive: RunningHive) -> None:
    socket = await _connect(hive)
    await _open(socket, 1, "/messages/stream")
    await call(hive.browser, "POST", "/api/logout", {})
    code, reason = await _closed(socket)
    assert (code, "logged out" in reason) == (CLOSE_LEFT, True)
    await socket.close()
    await hive.log_in()
    socket = await _connect(hive)
    await _open(socket, 1, "/messages/stream")
    async with asyncio.timeout(3):
        stopping = asyncio.ensure_future(hive.broker.stop())
        code, reason = await _closed(socket)
        await socket.close()
        await stopping
    assert (code, "the broker is stopping" in reason) == (CLOSE_LEFT, True)


async def test_a_login_that_has_run_out_ends_its_streams_whether_they_are_quiet_or_not(
    hive: RunningHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.operator.stream.BEAT_SECONDS", 0.01)
    socket = await _connect(hive)
    await _open(socket, 1, "/messages/stream")
    async with hive.browser.get("/messages/stream") as stream:
        hive.broker.services.sessions._expiry.clear()
        assert await _closed(socket) == (CLOSE_LEFT, "the login has ended")
        await socket.close()
        await hive.send("alice", "operator", "not for him")
        async with asyncio.timeout(30):
            assert b"not for him" not in await stream.content.read()


async def test_a_quiet_socket_of_streams_says_that_it_lives(
    hive: RunningHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.operator.stream.BEAT_SECONDS", 0.01)
    socket = await _connect(hive)
    assert await _frame(socket) == {"type": "beat"}
    await socket.close()


async def test_more_streams_than_a_login_may_have_are_refused_with_a_sentence(
    hive: RunningHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.operator.stream.STREAM_LIMIT", 2)
    monkeypatch.setattr("hyperhive.api.cancellation.SESSION_LIMIT", 2)
    first, second = await _connect(hive), await _connect(hive)
    for stream in (1, 2):
        assert (await _open(first, stream, "/messages/stream"))["type"] == "opened"
    frame = await _open(first, 3, "/messages/stream")
    assert (frame["type"], frame["status"], frame["error"]["key"]) == ("ended", 429, "too_many_requests")
    assert "2 streams open" in frame["error"]["message"]
    assert (await _open(second, 1, "/messages/stream"))["type"] == "opened"
    third = await _connect(hive)
    code, reason = await _closed(third)
    assert (code, "this login has 2 streams" in reason) == (CLOSE_LEFT, True)
    assert await refusal(hive.browser, "GET", "/messages/stream") == (429, "too_many_requests")
    # The command line has no login, and one that closes makes room.
    async with hive.admin.get("/messages/stream") as stream:
        assert stream.status == 200
    await second.close()
    async with asyncio.timeout(30):
        while len(hive.broker._open_calls._calls) > 1:
            await asyncio.sleep(0.01)
    async with hive.browser.get("/messages/stream") as stream:
        assert stream.status == 200
    for socket in (first, third):
        await socket.close()


@contextlib.asynccontextmanager
async def _raw(
    hive: RunningHive, head: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection of the page that reads nothing by itself, after this request."""
    host, _, port = hive.url.removeprefix("http://").partition(":")
    [cookie] = hive.browser.cookie_jar
    # Small, or the kernel takes most of what a page does not.
    connection = new_socket()
    connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 16 * 1024)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=connection, limit=1024)
    session = f"Origin: {hive.url}\r\nCookie: {cookie.key}={cookie.value}"
    writer.write(f"{head}\r\nHost: {host}:{port}\r\n{session}\r\n\r\n".encode())
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def _unsent(hive: RunningHive) -> int:
    """Bytes that wait in the transports of all browsers."""
    return sum(
        connection.transport.get_write_buffer_size()
        for listener in hive.broker._listeners
        if (server := listener._runner.server) is not None
        for connection in server.connections
        if connection.transport is not None
    )


async def _outrun(hive: RunningHive, subscriptions: list[Subscription]) -> tuple[int, int]:
    """Send until each of the subscriptions has ended; the most that waited in them, and behind them."""
    waited = unsent = 0
    async with asyncio.timeout(20):
        while any(one in hive.broker.services.hive._watchers for one in subscriptions):
            await hive.send("alice", "operator", "x" * 200_000)
            waited = max(waited, *(one._backlog.bytes for one in subscriptions))
            unsent = max(unsent, _unsent(hive))
    return waited, unsent


async def test_a_browser_that_reads_slowly_is_told_to_load_again_and_holds_nothing_then(
    hive: RunningHive,
) -> None:
    async with _raw(hive, "GET /messages/stream HTTP/1.1") as (reader, _), asyncio.timeout(30):
        await reader.readuntil(b"retry: 1000")
        subscriptions = list(hive.broker.services.hive._watchers)
        waited, unsent = await _outrun(hive, subscriptions)
        assert BACKLOG_BYTES // 2 < waited <= BACKLOG_BYTES
        assert unsent < 1024 * 1024
        assert [one._backlog.bytes for one in subscriptions] == [0]
        text = b""
        while not text.endswith(b"0\r\n\r\n"):
            text = text[-1024:] + await reader.read(65536)
    assert b'event: ended\ndata: {"key":"unavailable","message":"the browser does not keep up' in text
    async with hive.browser.get("/messages/stream") as stream:
        [sent] = await hive.send("alice", "operator", "done")
        event = await _event(stream)
        while event["event"] != "message":
            event = await _event(stream)
    assert event["data"]["data"] == sent


async def test_a_page_that_reads_its_socket_of_streams_slowly_holds_no_more_than_one_stream(
    hive: RunningHive,
) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
    head = f"GET /api/streams HTTP/1.1\r\n{upgrade}\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    async with _raw(hive, head) as (reader, writer), asyncio.timeout(30):
        await reader.readuntil(b"\r\n\r\n")
        for stream in range(1, 65):
            await _say_open(writer, stream)
            assert await _heard(reader) == {"type": "opened", "id": stream}
        subscriptions = list(hive.broker.services.hive._watchers)
        waited, unsent = await _outrun(hive, subscriptions)
        assert BACKLOG_BYTES // 2 < waited <= BACKLOG_BYTES
        assert unsent < 1024 * 1024
        assert {one._backlog.bytes for one in subscriptions} == {0}
        ended: dict[int, Any] = {}
        while len(ended) < 64:
            heard = await _heard(reader)
            if heard["type"] == "ended":
                ended[heard["id"]] = (heard["status"], heard["error"]["key"])
        assert ended == dict.fromkeys(range(1, 65), (503, "unavailable"))
        await _say_open(writer, 65)
        assert await _heard(reader) == {"type": "opened", "id": 65}


async def _say_open(writer: asyncio.StreamWriter, stream: int) -> None:
    asked = json.dumps({"type": "open", "id": stream, "path": "/messages/stream"}).encode()
    writer.write(bytes([0x81, 0x80 | len(asked), 0, 0, 0, 0]) + asked)
    await writer.drain()


async def _heard(reader: asyncio.StreamReader) -> dict[str, Any]:
    """The next frame of a WebSocket that has a text."""
    while True:
        kind, length = await reader.readexactly(2)
        if size := {126: 2, 127: 8}.get(length):
            length = int.from_bytes(await reader.readexactly(size), "big")
        payload = await reader.readexactly(length)
        if kind == 0x81:
            frame: dict[str, Any] = json.loads(payload)
            return frame
