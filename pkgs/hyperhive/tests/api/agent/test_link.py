"""The link: hello, welcome, wakes, reports, cancels, and which leases survive its end."""

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing, suppress
from typing import Any

import aiohttp
import pytest

from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.events import EVENT_SIZE_LIMIT
from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.conftest import Clock


class Harness:
    """One end of a link, by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, **frame: Any) -> None:
        await self.socket.send_str(json.dumps(frame))

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(await self.socket.receive_str(timeout=30))
        return frame

    async def closed(self) -> tuple[int | None, str]:
        """Close code and reason, once the broker closes; frames before are dropped."""
        async with asyncio.timeout(30):
            while True:
                message = await self.socket.receive()
                if message.type is aiohttp.WSMsgType.CLOSE:
                    return message.data, message.extra or ""
                if message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
                    return self.socket.close_code, ""


class Harnesses:
    def __init__(self, hive: RunningHive, stack: AsyncExitStack) -> None:
        self._hive = hive
        self._stack = stack

    async def dial(self, agent: str) -> Harness:
        socket = await self._hive.agents[agent].ws_connect("/v1/link", autoclose=False)
        self._stack.push_async_callback(socket.close)
        return Harness(socket)

    async def join(self, agent: str, *turns: str) -> Harness:
        harness = await self.dial(agent)
        await harness.say(type="hello", version="1", turns=turns)
        assert (await harness.hear())["type"] == "welcome"
        return harness


@pytest.fixture
async def harnesses(hive: RunningHive) -> AsyncIterator[Harnesses]:
    async with AsyncExitStack() as stack:
        yield Harnesses(hive, stack)


def _status(state: AgentState) -> dict[str, Any]:
    return {
        "state": state,
        "detail": "",
        "model": "claude-test",
        "turn": None,
        "until": None,
        "session": None,
        "context_used": None,
        "context_max": None,
    }


async def _state(hive: RunningHive, agent: str) -> str:
    _, view = await call(hive.admin, "GET", f"/api/agents/{agent}")
    state: str = view["status"]["state"]
    return state


async def _until(hive: RunningHive, agent: str, state: AgentState) -> None:
    async with asyncio.timeout(30):
        while await _state(hive, agent) != state:
            pass


async def test_a_hello_is_welcomed_and_what_waits_wakes_at_once(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    await hive.send("alice", "bob", "hello")
    harness = await harnesses.dial("bob")
    await harness.say(type="hello", version="1", turns=[])
    assert [await harness.hear(), await harness.hear()] == [
        {
            "type": "welcome",
            "lease_seconds": 30,
            "pending": 1,
            "turns_today": 0,
            "cost_today_usd": 0.0,
            "model": "claude-test",
        },
        {"type": "wake", "pending": 1},
    ]


async def test_mail_wakes_an_idle_link(hive: RunningHive, harnesses: Harnesses) -> None:
    harness = await harnesses.join("bob")
    await hive.send("alice", "bob", "hello")
    assert await harness.hear() == {"type": "wake", "pending": 1}


async def test_the_end_of_the_link_puts_its_leases_back(hive: RunningHive, harnesses: Harnesses) -> None:
    harness = await harnesses.join("bob")
    await hive.send("alice", "bob", "hello")
    await hive.lease("bob", "t1")
    await harness.socket.close()
    [again] = await hive.lease("bob", "t2", wait_seconds=5)
    assert (again["body"], again["redelivered"]) == ("hello", True)
    await _until(hive, "bob", AgentState.OFFLINE)


async def test_a_hello_keeps_the_leases_it_names_and_puts_back_the_others(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    await hive.send("alice", "bob", "kept")
    await hive.send("boss", "bob", "lost")
    await hive.lease("bob", "t1")
    await hive.lease("bob", "t2")
    harness = await harnesses.join("bob", "t1")
    assert await harness.hear() == {"type": "wake", "pending": 1}
    [again] = await hive.lease("bob", "t3")
    assert again["body"] == "lost"
    status, acked = await call(hive.agents["bob"], "POST", "/v1/inbox/ack", {"turn": "t1"})
    assert (status, len(acked["ids"])) == (200, 1)


#: A harness of a process of its own that takes what is there and is killed.
KILLED = """
import asyncio, os, signal, sys
import aiohttp

async def main():
    async with aiohttp.ClientSession("http://broker", connector=aiohttp.UnixConnector(sys.argv[1])) as client:
        link = await client.ws_connect("/v1/link")
        await link.send_json({"type": "hello", "version": "1", "turns": []})
        await link.receive_json()
        async with client.post("/v1/inbox/lease", json={"turn": "t0"}) as answer:
            assert len((await answer.json())["messages"]) == 1
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def failures(hive: RunningHive, message: int) -> int:
    _, found = await call(hive.admin, "GET", f"/api/messages/{message}")
    return int(found["failures"])


async def test_only_another_process_shows_that_a_harness_is_no_more(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    [sent] = await hive.send("bob", "alice", "hello")
    first = await harnesses.join("alice")
    await hive.lease("alice", "t0")
    await first.socket.close()
    await _until(hive, "alice", AgentState.OFFLINE)
    last = await harnesses.join("alice")
    assert await failures(hive, sent["id"]) == 0
    await hive.lease("alice", "t1")
    await call(hive.agents["alice"], "POST", "/v1/inbox/requeue", {"turn": "t1"})
    await last.socket.close()
    await _until(hive, "alice", AgentState.OFFLINE)

    socket = str(hive.socket("alice"))
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, socket)
    assert await killed.wait() == -signal.SIGKILL
    assert await failures(hive, sent["id"]) == 0
    await harnesses.join("alice")
    assert await failures(hive, sent["id"]) == 1


async def test_the_newest_link_wins_and_keeps_its_leases(hive: RunningHive, harnesses: Harnesses) -> None:
    await hive.send("alice", "bob", "kept")
    first = await harnesses.join("bob")
    await hive.lease("bob", "t1")
    second = await harnesses.join("bob", "t1")
    assert (await first.closed())[0] == 4000
    await hive.send("alice", "bob", "more")
    assert await second.hear() == {"type": "wake", "pending": 1}
    status, acked = await call(hive.agents["bob"], "POST", "/v1/inbox/ack", {"turn": "t1"})
    assert (status, len(acked["ids"])) == (200, 1)


async def test_what_a_harness_reports_reaches_view_log_and_stream(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    harness = await harnesses.join("bob")
    async with hive.browser.get("/api/agents/bob/stream") as stream:
        assert await stream.content.readuntil(b"\n\n") == b"retry: 1000\n\n"
        event = {"ts": 1793707200.5, "kind": "text", "turn": "t1", "data": {"text": "thinking aloud"}}
        await harness.say(type="report", status=_status(AgentState.WORKING), events=[event])
        lines = (await stream.content.readuntil(b"\n\n")).decode().splitlines()
    streamed = json.loads(lines[2].removeprefix("data: "))
    assert lines[:2] == [f"id: {streamed['id']}", "event: event"]
    assert streamed == {"id": streamed["id"], "agent": "bob", **event}
    await _until(hive, "bob", AgentState.WORKING)
    _, page = await call(hive.browser, "GET", "/api/agents/bob/events")
    assert page == {"events": [streamed], "next_before": None, "next_after": None}


async def test_the_operators_cancel_reaches_a_working_agent_only(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    assert await refusal(hive.browser, "POST", "/api/agents/bob/cancel") == (409, "conflict")
    harness = await harnesses.join("bob")
    await harness.say(type="report", status=_status(AgentState.WORKING), events=[])
    await _until(hive, "bob", AgentState.WORKING)
    status, view = await call(hive.browser, "POST", "/api/agents/bob/cancel")
    assert (status, view["name"]) == (200, "bob")
    assert await harness.hear() == {"type": "cancel", "pending": 0}


async def test_orders_reach_a_connected_agent_before_its_mail_and_nobody_else(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    for verb in ("compact", "new-session"):
        assert await refusal(hive.browser, "POST", f"/api/agents/bob/{verb}") == (409, "conflict")
    harness = await harnesses.join("bob")
    for verb in ("compact", "new-session", "compact"):
        status, view = await call(hive.browser, "POST", f"/api/agents/bob/{verb}")
        assert (status, view["name"]) == (200, "bob")
    await hive.send("alice", "bob", "hello")
    heard = [await harness.hear()]
    while heard[-1]["type"] != "wake":
        heard.append(await harness.hear())
    assert heard[0] == {"type": "compact"}
    assert {"type": "new_session"} in heard
    assert heard[-1] == {"type": "wake", "pending": 1}


async def test_a_model_is_pushed_to_a_link_and_welcomes_the_next_one(
    start_hive: StartHive, clock: Clock
) -> None:
    hive = await start_hive(agents={"bob": {"models": ["claude-test", "opus"]}})
    async with AsyncExitStack() as stack:
        harnesses = Harnesses(hive, stack)
        harness = await harnesses.join("bob")
        status, view = await call(hive.admin, "POST", "/api/agents/bob/model", {"model": "opus"})
        assert (status, view["model"]) == (200, {"configured": "claude-test", "chosen": "opus"})
        assert await harness.hear() == {"type": "use_model", "model": "opus"}
        assert view["status"]["model"] == "claude-test"
        await harness.socket.close()
        again = await harnesses.dial("bob")
        await again.say(type="hello", version="1", turns=[])
        assert (await again.hear())["model"] == "opus"


async def test_a_held_lease_outlives_its_term_and_a_forgotten_one_does_not(
    start_hive: StartHive, clock: Clock
) -> None:
    hive = await start_hive(clock=clock, delivery={"lease_seconds": 5})
    sweep = hive.broker.services.sweep
    await hive.send("alice", "bob", "hello")
    async with AsyncExitStack() as stack:
        await hive.lease("bob", "t1")
        harness = await Harnesses(hive, stack).join("bob", "t1")
        clock.advance(4)
        await harness.say(type="hold", turns=["t1"])
        # Frames are taken in order, so the hold is through once the report shows.
        await harness.say(type="report", status=_status(AgentState.WORKING), events=[])
        await _until(hive, "bob", AgentState.WORKING)
        clock.advance(4)
        await sweep()
        assert await hive.lease("bob", "t2") == []
        clock.advance(2)
        await sweep()
        [again] = await hive.lease("bob", "t2")
        assert again["redelivered"]


#: Frames that must not come first, and what the close says.
WRONG_STARTS = [
    ("nonsense", "Invalid JSON"),
    ('{"type": "welcome", "lease_seconds": 1}', "does not match any of the expected tags"),
    ('{"type": "hello", "version": "1"}', "hello.turns: Field required"),
    ('{"type": "hello", "version": "1", "turns": [], "agent": "boss"}', "hello.agent: Extra inputs"),
    ('{"type": "hold", "turns": []}', "the first frame must be a hello"),
    ("[" * 1000, "Invalid JSON"),
]


async def test_a_wrong_first_frame_closes_with_a_reason(hive: RunningHive, harnesses: Harnesses) -> None:
    for frame, reason in WRONG_STARTS:
        harness = await harnesses.dial("bob")
        await harness.socket.send_str(frame)
        code, said = await harness.closed()
        assert (code, reason in said) == (1008, True), said
    assert await _state(hive, "bob") == AgentState.OFFLINE


async def test_a_second_hello_a_binary_frame_and_a_huge_one_close_the_link(harnesses: Harnesses) -> None:
    first = await harnesses.join("bob")
    await first.say(type="hello", version="1", turns=[])
    assert await first.closed() == (1008, "only the first frame is a hello")
    second = await harnesses.join("bob")
    await second.socket.send_bytes(b"{}")
    assert await second.closed() == (1008, "frames are text")
    third = await harnesses.join("bob")
    # What the broker has not read of it when it closes may cost the client the reason.
    with suppress(ConnectionError):
        await third.say(type="hold", turns=["x" * (EVENT_SIZE_LIMIT + 70_000)])
    assert (await third.closed())[0] in {1006, 1009}


async def test_a_link_without_a_hello_is_closed_after_a_while(
    harnesses: Harnesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.agent.link._HELLO_SECONDS", 0.05)
    harness = await harnesses.dial("bob")
    assert (await harness.closed())[0] == 1008


async def test_a_stop_closes_links_and_leaves_the_leases_to_the_turns_that_go_on(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    harness = await harnesses.join("bob")
    await hive.send("alice", "bob", "hello")
    await hive.lease("bob", "t1")
    async with asyncio.timeout(3):
        stopping = asyncio.ensure_future(hive.broker.stop())
        assert (await harness.closed())[0] == 1001
        await stopping
    with closing(sqlite3.connect(hive.database)) as database:
        assert database.execute("select state, turn from messages").fetchall() == [("leased", "t1")]


#: Numbers of a report that cannot be, and what the close says.
IMPOSSIBLE = [
    ({"context_used": 10**40}, "status.context_used"),
    ({"context_used": -1}, "status.context_used"),
    ({"context_used": True}, "status.context_used"),
    ({"context_used": "5"}, "status.context_used"),
    ({"context_max": 10**9 + 1}, "status.context_max"),
    ({"until": 1e308}, "status.until"),
    ({"until": -1.0}, "status.until"),
    ({"until": float("inf")}, "status.until"),
    ({"until": float("nan")}, "status.until"),
    ({"silent": 1}, "status.silent"),
    ({"tool": {"name": "Bash", "since": 1e308}}, "status.tool.since"),
    ({"tool": {"name": "Bash", "since": 1.0, "others": 10**40}}, "status.tool.others"),
]


async def test_a_status_of_numbers_that_cannot_be_ends_the_link_and_shows_nowhere(
    hive: RunningHive, harnesses: Harnesses
) -> None:
    said = {}
    for change, place in IMPOSSIBLE:
        harness = await harnesses.join("bob")
        await harness.say(type="report", status=_status(AgentState.WORKING) | change, events=[])
        said[place] = await harness.closed()
        _, view = await call(hive.admin, "GET", "/api/agents/bob")
        assert view["status"]["context_used"] is None
    for place, (code, reason) in said.items():
        assert (code, reason[: len(f"invalid frame: report.{place}: ")]) == (
            1008,
            f"invalid frame: report.{place}: ",
        )


async def test_a_server_that_offers_more_tools_than_can_be_ends_the_link(harnesses: Harnesses) -> None:
    harness = await harnesses.join("bob")
    server = {"name": "x", "state": "running", "reason": "", "tools": [], "offered": 10**40}
    await harness.say(type="report", status=None, events=[], mcp_servers=[server])
    assert (await harness.closed())[1].startswith("invalid frame: report.mcp_servers.0.offered: ")


#: Values that a hostile harness may put where the broker counts or shows something.
STRANGE = [None, "lots", -5, 1e308, 10**400, [], {}, True, "x" * 100_000]


async def test_strange_reports_break_nothing_for_anybody(
    hive: RunningHive, harnesses: Harnesses, caplog: pytest.LogCaptureFixture
) -> None:
    data = [
        {"cost_usd": value, "tokens": {"input": value}, "duration_ms": value, "tools": value}
        for value in STRANGE
    ]
    for kind in ("turn_end", "text", "state", "tool_use"):
        harness = await harnesses.join("bob")
        for ts in (0, -1e308, 1793707200.0, 1e308):
            events = [{"ts": ts, "kind": kind, "turn": "t", "data": one} for one in data[:-1]]
            await harness.say(type="report", status=_status(AgentState.WORKING), events=events)
        await harness.say(type="report", status=None, events=[
            {"ts": 1.0, "kind": kind, "turn": "t", "data": data[-1]},
        ])  # fmt: skip
        await harness.socket.close()
        nested = '{"a":' * 100 + "1" + "}" * 100
        for raw in ('{"ts": NaN, "data": {}', '{"ts": 1e999, "data": {}', '{"ts": 1.0, "data": ' + nested):
            harness = await harnesses.join("bob")
            event = raw + f', "kind": "{kind}", "turn": null}}'
            await harness.socket.send_str(f'{{"type": "report", "status": null, "events": [{event}]}}')
            await harness.socket.close()
    harness = await harnesses.join("bob")
    status = _status(AgentState.WORKING) | {
        "detail": "x" * 100_000,
        "session": "y" * 1000,
    }
    await harness.say(type="report", status=status, events=[])
    await _until(hive, "bob", AgentState.WORKING)
    for path in ("/api/state", "/api/agents/bob", "/api/agents/bob/events?limit=500"):
        assert (await call(hive.browser, "GET", path))[0] == 200
    _, view = await call(hive.browser, "GET", "/api/agents/bob")
    assert len(json.dumps(view)) < 20_000
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
