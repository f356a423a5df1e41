"""A model that hangs ends its turn, one that is slow or has a tool run does not; with the real CLI."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from hyperhive.demo.claude_env import claude_environment
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.byte_model import end, event, start
from tests.harness.conftest import MakeHive, SmallHive

#: Seconds of a minute in these tests.
MINUTE = 3.0
QUIET = "no answer for 1 min: interrupted after 2, mail comes again"


@pytest.fixture(autouse=True)
def short_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperhive.harness.session.MINUTE", MINUTE)


async def trickle(response: web.StreamResponse) -> None:
    """An answer that takes longer than a model may be silent, a letter at a time."""
    block = {"index": 0, "content_block": {"type": "text", "text": ""}}
    await response.write(event({"type": "content_block_start", **block}))
    for letter in "trickles" * 4:
        await asyncio.sleep(MINUTE * 3 / 32)
        delta = {"type": "text_delta", "text": letter}
        await response.write(event({"type": "content_block_delta", "index": 0, "delta": delta}))
    await response.write(event({"type": "content_block_stop", "index": 0}) + end("end_turn"))


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
    await response.write(start())
    with contextlib.suppress(ConnectionResetError):
        if mode == "trickle":
            await trickle(response)
        while mode in {"start", "pings"}:
            await asyncio.sleep(0.1)
            if mode == "pings":
                await response.write(event({"type": "ping"}))
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
        input = { command = "sleep 8" }
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
    await asyncio.wait([ended], timeout=3 * MINUTE)
    assert not ended.done()
    ended.cancel()
