"""Agents that come and go while the broker runs: sockets, links, mail, views, terminals."""

import asyncio
import sqlite3
import threading
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from hyperhive.config import AgentConfig
from hyperhive.errors import ConflictError, HyperhiveError, NotFoundError
from hyperhive.protocol.base import CLOSE_LEFT
from tests.api.conftest import RunningHive, call, refusal
from tests.api.terminals import PATH, SIZE, PlayedHarness
from tests.conftest import agent_config


def config(name: str) -> AgentConfig:
    return AgentConfig.model_validate(agent_config(name))


async def names(hive: RunningHive) -> list[str]:
    _, state = await call(hive.admin, "GET", "/api/state")
    return [agent["name"] for agent in state["agents"]]


async def linked(hive: RunningHive, name: str, *turns: str) -> aiohttp.ClientWebSocketResponse:
    link = await hive.agents[name].ws_connect("/v1/link", autoclose=False)
    await link.send_json({"type": "hello", "version": "0", "turns": turns})
    assert (await link.receive_json(timeout=30))["type"] == "welcome"
    return link


async def test_what_an_agent_had_is_gone_with_it_and_nobody_else_notices(hive: RunningHive) -> None:
    await hive.send("alice", "bob", "read me")
    _, question = await call(hive.agents["bob"], "POST", "/v1/questions", {"question": "Which?"})
    link = await linked(hive, "bob", "t1")
    assert (await link.receive_json(timeout=30))["type"] == "wake"
    await hive.lease("bob", "t1")
    waiting = asyncio.ensure_future(
        call(hive.agents["bob"], "POST", "/v1/inbox/lease", {"turn": "t2", "wait_seconds": 120})
    )
    other = await linked(hive, "alice")
    async with hive.browser.get("/api/agents/bob/stream") as stream, asyncio.timeout(30):
        await stream.content.readuntil(b"\n\n")
        removing = asyncio.ensure_future(hive.broker.remove_agent("bob"))
        closed = await link.receive()
        assert (closed.type, closed.data, closed.extra) == (
            aiohttp.WSMsgType.CLOSE,
            1001,
            "bob left the hive",
        )
        await link.close()
        await removing
        assert await stream.content.read() == b""
        assert (await waiting)[0] == 404

    assert not hive.socket("bob").exists()
    assert hive.socket("bob").parent.is_dir()
    assert await names(hive) == ["alice", "boss"]
    for path in ("", "/events", "/terminals", "/selftest"):
        assert await refusal(hive.admin, "GET", f"/api/agents/bob{path}") == (404, "not_found")
    again = {"to": "bob", "body": "are you there?"}
    assert await refusal(hive.agents["alice"], "POST", "/v1/messages", again) == (404, "unknown_recipient")
    [returned] = await hive.lease("alice", "t1")
    assert (returned["sender"], returned["kind"]) == ("system", "undeliverable")
    assert (await other.receive_json(timeout=30)) == {"type": "wake", "pending": 1}
    _, state = await call(hive.admin, "GET", "/api/state")
    assert [(one["id"], one["state"]) for one in state["questions"]] == [(question["id"], "cancelled")]
    with pytest.raises(NotFoundError):
        await hive.broker.remove_agent("bob")
    await other.close()


async def test_windows_on_an_agent_close_with_it(hive: RunningHive) -> None:
    async with AsyncExitStack() as stack:
        harness = PlayedHarness(hive, stack)
        await harness.connect()
        window, viewer = await harness.show(await harness.open())
        opening = asyncio.ensure_future(call(hive.browser, "POST", PATH, SIZE))
        await harness.asked("open_terminal")
        closed: list[Any] = await asyncio.gather(
            hive.broker.remove_agent("alice"), window.rest(), viewer.closed()
        )
        assert closed[1:] == [CLOSE_LEFT, CLOSE_LEFT]
        assert await refusal(hive.browser, "GET", PATH) == (404, "not_found")
        assert (await opening)[0] == 404
        await hive.broker.add_agent(config("alice"))
        assert (await call(hive.browser, "GET", PATH))[1]["terminals"] == []


async def test_an_agent_that_comes_is_one_like_the_others_also_after_it_was_away(hive: RunningHive) -> None:
    for name in ("carol", "bob"):
        if name == "bob":
            await hive.broker.remove_agent(name)
        await hive.broker.add_agent(config(name))
        connector = aiohttp.UnixConnector(path=str(hive.socket(name)))
        async with aiohttp.ClientSession("http://broker", connector=connector) as client:
            _, me = await call(client, "GET", "/v1/me")
            assert (me["name"], "alice" in me["recipients"]) == (name, True)
            link = await client.ws_connect("/v1/link")
            await link.send_json({"type": "hello", "version": "0", "turns": []})
            assert (await link.receive_json(timeout=30))["type"] == "welcome"
            sent = await hive.send("alice", "*", "everybody")
            assert name in [one["recipient"] for one in sent]
            assert await link.receive_json(timeout=30) == {"type": "wake", "pending": 1}
            _, leased = await call(client, "POST", "/v1/inbox/lease", {"turn": "t1"})
            assert [one["body"] for one in leased["messages"]] == ["everybody"]
            _, view = await call(hive.admin, "GET", f"/api/agents/{name}")
            assert (view["linked"], view["unit"]["unit"]) == (True, f"process {name}")
            await link.close()
    assert await names(hive) == ["alice", "bob", "boss", "carol"]
    with pytest.raises(ConflictError):
        await hive.broker.add_agent(config("bob"))
    assert hive.socket("bob").exists()
    await hive.broker.stop()
    assert not hive.socket("carol").exists()


async def test_an_agent_whose_socket_cannot_be_made_is_not_there(hive: RunningHive) -> None:
    hive.socket("carol").mkdir(parents=True)
    with pytest.raises(HyperhiveError, match="is in the way"):
        await hive.broker.add_agent(config("carol"))
    assert await names(hive) == ["alice", "bob", "boss"]
    hive.socket("carol").rmdir()
    await hive.broker.add_agent(config("carol"))
    assert hive.socket("carol").exists()


async def test_an_agent_that_comes_back_while_it_still_leaves_keeps_its_own_socket(hive: RunningHive) -> None:
    disk = threading.Event()
    writing = hive.broker.services.db.submit(lambda _: disk.wait(5))
    leaving = asyncio.ensure_future(hive.broker.remove_agent("bob"))
    await asyncio.sleep(0)
    coming = asyncio.ensure_future(hive.broker.add_agent(config("bob")))
    await asyncio.wait({coming}, timeout=0.2)
    disk.set()
    await asyncio.gather(writing, leaving, coming)
    connector = aiohttp.UnixConnector(path=str(hive.socket("bob")))
    async with aiohttp.ClientSession("http://broker", connector=connector) as client:
        assert (await call(client, "GET", "/v1/me"))[1]["name"] == "bob"
    await hive.broker.stop()
    assert not hive.socket("bob").exists()


async def test_an_agent_leaves_whole_although_the_store_takes_nothing(hive: RunningHive) -> None:
    db = hive.broker.services.db
    await hive.send("alice", "bob", "read me")
    full = "CREATE TRIGGER full BEFORE UPDATE ON messages BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    await db.commit(lambda tx: tx.connection.execute(full))
    link = await linked(hive, "bob")
    assert (await link.receive_json(timeout=30))["type"] == "wake"
    removing = asyncio.ensure_future(hive.broker.remove_agent("bob"))
    assert (await link.receive()).extra == "bob left the hive"
    await link.close()
    with pytest.raises(sqlite3.Error, match="disk full"):
        await removing
    assert (hive.socket("bob").exists(), await names(hive)) == (False, ["alice", "boss"])
    await db.commit(lambda tx: tx.connection.execute("DROP TRIGGER full"))
    await hive.broker.add_agent(config("bob"))
    assert (await call(hive.admin, "GET", "/api/agents/bob"))[1]["inbox_depth"] == 1
