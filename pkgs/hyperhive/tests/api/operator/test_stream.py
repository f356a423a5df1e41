"""The snapshot, and server-sent events: numbered, alive, ended when they must, and never waited for."""

import asyncio
import contextlib
import json
from typing import Any

import aiohttp
import pytest
from yarl import URL

from hyperhive import __version__
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.protocol.stream import CLOSE_LEFT
from tests.api.conftest import RunningHive, call, refusal


async def _event(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event's fields; comments and `retry` are dropped."""
    while True:
        block = (await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5)).decode()
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
    monkeypatch.setattr("hyperhive.api.operator.stream.HEARTBEAT_SECONDS", 0.01)
    async with hive.browser.get("/api/agents/alice/stream") as stream:
        await stream.content.readuntil(b"\n\n")
        assert await asyncio.wait_for(stream.content.readuntil(b"\n\n"), 5) == b":\n\n"


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
    hive: RunningHive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("hyperhive.api.operator.stream.WRITE_SECONDS", 0.2)
    host, _, port = hive.url.removeprefix("http://").partition(":")
    [cookie] = hive.browser.cookie_jar
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    session = f"{cookie.key}={cookie.value}"
    writer.write(f"GET /messages/stream HTTP/1.1\r\nHost: {host}\r\nCookie: {session}\r\n\r\n".encode())
    await reader.readuntil(b"retry: 1000")
    async with asyncio.timeout(10):
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
    frame: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), 5)
    return frame


async def _open(socket: aiohttp.ClientWebSocketResponse, stream: int, path: str) -> dict[str, Any]:
    await socket.send_json({"type": "open", "id": stream, "path": path})
    return await _frame(socket)


async def _closed(socket: aiohttp.ClientWebSocketResponse) -> tuple[int, str]:
    """Code and reason with which the broker closes it, whatever comes before."""
    async with asyncio.timeout(5):
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
    async with asyncio.timeout(5):
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
        async with asyncio.timeout(5):
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
    async with asyncio.timeout(5):
        while len(hive.broker._open_calls._calls) > 1:
            await asyncio.sleep(0.01)
    async with hive.browser.get("/messages/stream") as stream:
        assert stream.status == 200
    for socket in (first, third):
        await socket.close()
