"""A model that hangs ends its turn, one that is slow or has a tool run does not; with the real CLI."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hyperhive.demo.claude_env import claude_environment
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive

#: Seconds of a minute in these tests.
MINUTE = 2.0
QUIET = "no answer for 1 min: after 2 min the turn is interrupted and its mail comes again"


@pytest.fixture(autouse=True)
def short_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperhive.harness.session.MINUTE", MINUTE)


def event(kind: str, **data: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def started() -> bytes:
    usage = {"input_tokens": 9, "output_tokens": 1}
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "usage": usage,
    }
    return event("message_start", message={**message, "stop_reason": None, "stop_sequence": None})


async def trickle(response: web.StreamResponse) -> None:
    """An answer that takes longer than a model may be silent, a letter at a time."""
    await response.write(event("content_block_start", index=0, content_block={"type": "text", "text": ""}))
    for letter in "trickles" * 4:
        await asyncio.sleep(MINUTE * 5 / 32)
        await response.write(
            event("content_block_delta", index=0, delta={"type": "text_delta", "text": letter})
        )
    await response.write(event("content_block_stop", index=0))
    await response.write(
        event(
            "message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None},
            usage={"output_tokens": 9},
        )
    )
    await response.write(event("message_stop"))


async def answer(http: web.Request) -> web.StreamResponse:
    """Speaks as the first part of the path says, then falls silent."""
    if http.method != "POST" or not http.path.endswith("/messages"):
        return web.json_response({})
    mode = http.path.split("/")[1]
    await http.read()
    if mode == "nothing":
        await asyncio.sleep(600)
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(http)
    await response.write(started())
    with contextlib.suppress(ConnectionResetError):
        if mode == "trickle":
            await trickle(response)
        while mode in {"start", "pings"}:
            await asyncio.sleep(0.1)
            if mode == "pings":
                await response.write(event("ping"))
    return response


@pytest.fixture
async def raw_model() -> AsyncIterator[str]:
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{_:.*}", answer)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def wake(hive: SmallHive, url: str) -> None:
    home = Path(hive.harness_config("alice").claude.home)
    await hive.wake("alice", env=claude_environment(url, home))


async def quiet(hive: SmallHive) -> bool:
    return QUIET in [note["text"] for note in await hive.events("alice", "note")]


async def over(hive: SmallHive) -> bool:
    return bool(await hive.events("alice", "turn_end")) or await quiet(hive)


@pytest.mark.parametrize("mode", ["start", "pings", "nothing"])
async def test_a_model_that_hangs_is_shown_and_its_turn_ended_without_blame(
    small_hive: MakeHive, raw_model: str, mode: str
) -> None:
    hive = await small_hive("", alice={"silent_minutes": 1})
    await wake(hive, f"{raw_model}/{mode}")
    mail = await hive.say("alice", "one")
    shown: list[tuple[str, bool]] = []

    async def told() -> bool:
        status = hive.broker.services.agents.view("alice").status
        shown.append((status.detail, status.silent))
        return len(await hive.events("alice", "turn_end")) == 1

    await hive.until(told, "the turn is ended")
    assert (QUIET, True) in shown
    (end,) = await hive.events("alice", "turn_end")
    assert end["result"] == "failed"
    assert end["error"].startswith("the model did not answer for 2 min")
    back = await hive.settled(mail, MessageState.QUEUED)
    assert back.failures == 0


async def test_a_model_that_trickles_is_left_to_end(small_hive: MakeHive, raw_model: str) -> None:
    hive = await small_hive("", alice={"silent_minutes": 1})
    await wake(hive, f"{raw_model}/trickle")
    assert (await hive.settled(await hive.say("alice", "one"))).deliveries == 1


async def test_a_tool_that_runs_for_long_is_shown_and_never_killed(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        [[turn]]
        [[turn.step]]
        tool = "Bash"
        input = { command = "sleep 6" }
        """,
        alice={"silent_minutes": 1, "bash": None},
    )
    await hive.wake("alice")
    mail = await hive.say("alice", "one")

    async def runs() -> bool:
        tool = hive.broker.services.agents.view("alice").status.tool
        return tool is not None and tool.name == "Bash"

    await hive.until(runs, "the tool is shown")
    assert not hive.broker.services.agents.view("alice").status.silent
    assert (await hive.settled(mail)).deliveries == 1


async def test_without_a_limit_nobody_loses_patience(small_hive: MakeHive, raw_model: str) -> None:
    hive = await small_hive("", alice={"silent_minutes": 0})
    await wake(hive, f"{raw_model}/start")
    await hive.say("alice", "one")
    await hive.state("alice", AgentState.WORKING)
    ended = asyncio.create_task(hive.until(lambda: over(hive), "the turn ends"))
    await asyncio.wait([ended], timeout=4 * MINUTE)
    assert not ended.done()
    ended.cancel()
