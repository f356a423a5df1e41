"""The numbers of an agent and of the hive over HTTP."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.conftest import Clock


async def work(hive: RunningHive, agent: str, now: float, **data: Any) -> None:
    """Let the agent's harness report the end of one turn."""
    async with hive.agents[agent].ws_connect("/v1/link") as link:
        await link.send_json({"type": "hello", "version": "0", "turns": []})
        await link.receive_json(timeout=30)
        end = {"ts": now, "kind": "turn_end", "turn": "t1", "data": {"result": "ok"} | data}
        await link.send_json({"type": "report", "status": None, "events": [end]})
        events = hive.broker.services.events
        while not (await events.page(agent)).events:
            pass


async def test_the_report_tells_what_the_harness_and_the_messages_said(
    start_hive: StartHive, clock: Clock
) -> None:
    hive = await start_hive(clock=clock)
    await work(hive, "alice", clock.now, duration_ms=1500, tools={"Bash": 2}, tool_calls=2, cost_usd=0.125)
    await hive.send("alice", "bob", "hello")
    clock.advance(1)

    status, report = await call(hive.admin, "GET", "/api/stats?agent=alice&buckets=6")
    assert status == 200
    assert (report["agent"], report["step"], report["last_turn_at"]) == ("alice", 600, clock.now - 1)
    assert report["until"] - report["since"] == 600 * len(report["series"]["turn.count"])
    assert report["series"]["turn.duration_ms.p95"] == [None, None, None, None, None, None, 1500]
    assert report["totals"]["cost_usd"] == 0.125
    assert report["totals"]["messages.sent.peer"] == 1
    assert report["tools"] == {"Bash": 2}

    _, hive_wide = await call(hive.admin, "GET", "/api/stats?keys=turn.count,inbox")
    assert set(hive_wide["series"]) == {"turn.count", "inbox.depth", "inbox.depth.max"}
    _, other = await call(hive.admin, "GET", "/api/stats?agent=boss")
    assert (other["series"], other["tools"], other["last_turn_at"]) == ({}, {}, None)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=yesterday", "query.since"),
        ("since=nan", "query.since"),
        ("until=inf", "query.until"),
        ("since=-1", "query.since"),
        ("until=1e300", "query.until"),
        ("since=20&until=10", "since: must be before until, 10.0 (value: 20.0)"),
        ("buckets=0", "query.buckets"),
        ("buckets=501", "query.buckets"),
        ("keys=turn.count,turns", "query.keys: there is no key 'turns'"),
        ("keys=tool.%3Cb%3E", "there is no key 'tool.<b>'"),
        ("step=60", "query.step"),
        (f"agent={'x' * 65}", "query.agent"),
    ],
)
async def test_a_wrong_question_is_refused_with_its_field_and_value(
    hive: RunningHive, query: str, said: str
) -> None:
    status, answer = await call(hive.browser, "GET", f"/api/stats?{query}")
    assert (status, answer["error"]["key"]) == (400, "invalid_request")
    assert said in answer["error"]["message"]


async def test_an_agent_that_is_not_there_is_not_found(hive: RunningHive) -> None:
    assert await refusal(hive.browser, "GET", "/api/stats?agent=nobody") == (404, "not_found")
    assert await refusal(hive.browser, "GET", f"/api/stats?agent={quote('../x')}") == (404, "not_found")


async def test_no_window_makes_a_large_answer(start_hive: StartHive, clock: Clock) -> None:
    hive = await start_hive(clock=clock)
    tools = {f"tool-{number}": 1 for number in range(150)}
    await work(hive, "alice", clock.now, duration_ms=1500, tools=tools, context_used=5, notes_bytes=6)
    clock.advance(1)
    sizes = []
    for since in (clock.now - 3600, clock.now - 30 * 86_400, 0):
        _, report = await call(hive.admin, "GET", f"/api/stats?agent=alice&since={since}")
        assert all(len(numbers) <= 121 for numbers in report["series"].values())
        assert len(report["tools"]) == 21
        assert report["totals"]["turn.count"] == 1
        sizes.append(len(json.dumps(report)))
    assert max(sizes) < 16_000
