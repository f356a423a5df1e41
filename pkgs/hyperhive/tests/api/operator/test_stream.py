"""The snapshot, and server-sent events: numbered, alive, ended when they must, and never waited for."""

import asyncio
import contextlib
import json
from typing import Any

import aiohttp
import pytest

from hyperhive import __version__
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
            "questions": [question],
        },
    )
