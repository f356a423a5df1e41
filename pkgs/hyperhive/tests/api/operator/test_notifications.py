"""Pushes of a whole broker, over HTTP, through restarts."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hyperhive.broker import Broker
from hyperhive.errors import ConfigError
from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.conftest import HiveConfig
from tests.ntfy_server import NtfyServer, Scripted, ntfy_server


@pytest.fixture
async def server() -> AsyncIterator[NtfyServer]:
    async with ntfy_server() as running:
        yield running


async def deliveries(hive: RunningHive, state: str, count: int) -> list[dict[str, Any]]:
    """The deliveries, newest first, as soon as so many are in the state."""
    async with asyncio.timeout(20):
        while True:
            status, answer = await call(hive.browser, "GET", "/api/notifications")
            assert status == 200
            found: list[dict[str, Any]] = answer["deliveries"]
            if sum(one["state"] == state for one in found) == count:
                return found
            await asyncio.sleep(0.05)


async def asked(server: NtfyServer) -> None:
    """Wait until the first request is there."""
    async with asyncio.timeout(20):
        while not server.asked:
            await asyncio.sleep(0.02)


async def test_a_question_that_nobody_answers_reaches_the_phone_and_the_list(
    start_hive: StartHive, server: NtfyServer
) -> None:
    hive = await start_hive(notifications=server.settings())
    await hive.log_in()
    status, question = await call(hive.agents["alice"], "POST", "/v1/questions", {"question": "Which?"})
    assert status == 200
    [row] = await deliveries(hive, "sent", 1)
    assert (row["kind"], row["item"], row["title"], row["attempts"], row["error"]) == (
        "question",
        str(question["id"]),
        "alice asks",
        1,
        "",
    )
    # A dashboard on loopback is nothing that a phone could open.
    assert server.taken == [
        {"topic": "hive", "title": "alice asks", "message": "Which?", "priority": 4, "tags": ["question"]}
    ]
    _, answer = await call(hive.browser, "GET", "/api/notifications")
    assert answer["ntfy"] == {
        "url": server.url,
        "delay_seconds": 0,
        "kinds": ["question", "message", "agent_failed", "agent_needs_login"],
        "link": None,
        "trouble": "",
        "resumes_at": None,
    }


async def test_a_restart_between_two_attempts_loses_nothing_and_repeats_nothing(
    start_hive: StartHive, server: NtfyServer
) -> None:
    hive = await start_hive(notifications=server.settings())
    await hive.log_in()
    await hive.send("alice", "operator", "one")
    await deliveries(hive, "sent", 1)
    server.script = [Scripted(500)]
    await hive.send("alice", "operator", "two")
    await deliveries(hive, "pending", 1)
    await hive.broker.stop()
    again = await start_hive(notifications=server.settings())
    await again.log_in()
    await deliveries(again, "sent", 2)
    assert [one["message"] for one in server.taken] == ["one", "two"]


async def test_a_push_on_its_way_is_recorded_when_the_broker_stops_meanwhile(
    start_hive: StartHive, server: NtfyServer
) -> None:
    server.slow = asyncio.Event()
    hive = await start_hive(notifications=server.settings())
    await hive.send("alice", "operator", "one")
    await asked(server)
    stopping = asyncio.ensure_future(hive.broker.stop())
    await asyncio.sleep(0)
    server.slow.set()
    await stopping
    again = await start_hive(notifications=server.settings())
    await again.log_in()
    await deliveries(again, "sent", 1)
    assert server.asked == 1


async def test_a_server_that_does_not_answer_holds_up_nothing_else(
    start_hive: StartHive, server: NtfyServer
) -> None:
    server.slow = asyncio.Event()
    hive = await start_hive(notifications=server.settings())
    await hive.log_in()
    await hive.send("alice", "operator", "one")
    await asked(server)
    for number in range(20):
        await hive.send("alice", "operator", f"m{number}")
        assert (await call(hive.browser, "GET", "/api/state"))[0] == 200
    assert server.asked == 1
    server.slow.set()


async def test_a_test_says_what_the_server_said(start_hive: StartHive, server: NtfyServer) -> None:
    hive = await start_hive(notifications=server.settings())
    await hive.log_in()
    assert await call(hive.browser, "POST", "/api/notifications/test") == (
        200,
        {"ok": True, "said": "200 OK"},
    )
    server.script = [Scripted(403, text='{"code":40301,"http":403,"error":"forbidden"}')]
    assert await call(hive.admin, "POST", "/api/notifications/test") == (
        200,
        {"ok": False, "said": "403 forbidden"},
    )
    found = await deliveries(hive, "failed", 1)
    assert [(one["kind"], one["state"]) for one in found] == [("test", "failed"), ("test", "sent")]


async def test_one_test_at_a_time(start_hive: StartHive, server: NtfyServer) -> None:
    server.slow = asyncio.Event()
    hive = await start_hive(notifications=server.settings())
    await hive.log_in()
    first = asyncio.ensure_future(call(hive.browser, "POST", "/api/notifications/test"))
    await asked(server)
    assert await refusal(hive.browser, "POST", "/api/notifications/test") == (409, "conflict")
    server.slow.set()
    assert await first == (200, {"ok": True, "said": "200 OK"})


async def test_without_ntfy_the_list_says_so_and_a_test_is_refused(hive: RunningHive) -> None:
    assert await call(hive.browser, "GET", "/api/notifications") == (200, {"ntfy": None, "deliveries": []})
    assert await refusal(hive.browser, "POST", "/api/notifications/test") == (409, "conflict")


async def test_the_token_comes_from_the_credentials_and_is_shown_nowhere(
    start_hive: StartHive, server: NtfyServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "phone").write_text("tk_secret\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    server.token = "tk_secret"
    hive = await start_hive(notifications=server.settings(token_credential="phone"))
    await hive.log_in()
    assert (await call(hive.browser, "POST", "/api/notifications/test"))[1]["ok"]
    for route in ("/api/notifications", "/api/state"):
        assert "tk_secret" not in json.dumps(await call(hive.browser, "GET", route))


async def test_a_token_that_is_not_there_stops_the_broker_at_start(
    hive_config: HiveConfig, server: NtfyServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    config = hive_config(notifications=server.settings(token_credential="phone"))
    with pytest.raises(ConfigError, match="credential 'phone': there is no file"):
        await Broker(config).start()
