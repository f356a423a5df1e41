"""What one agent may ask of the broker: floods on its socket are refused or slowed, and touch nobody else."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from tests.api.conftest import RunningHive, StartHive, call
from tests.conftest import Clock, limited

MAIL = {"to": "bob", "body": "x"}


@pytest.fixture
async def tight(start_hive: StartHive, clock: Clock) -> RunningHive:
    """A hive in which alice may ask for little, and whose clock stands still."""
    alice = limited(requests_per_second=1, received_kib_per_second=64, frames_per_second=1)
    hive = await start_hive(clock=clock, agents={"alice": alice, "bob": {}})
    await hive.log_in()
    return hive


async def limited_today(hive: RunningHive, agent: str = "alice") -> dict[str, int]:
    hive.broker.services.agents.sweep()
    _, view = await call(hive.admin, "GET", f"/api/agents/{agent}")
    found: dict[str, int] = view["limited_today"]
    return found


async def test_a_flood_of_calls_is_answered_with_the_time_to_wait_and_nobody_else_is_refused(
    tight: RunningHive, clock: Clock
) -> None:
    alice, bob = tight.agents["alice"], tight.agents["bob"]
    statuses = [(await call(alice, "GET", "/v1/me"))[0] for _ in range(60)]
    async with alice.get("/v1/me") as response:
        refused = (response.status, response.headers["Retry-After"], json.loads(await response.read()))

    assert statuses == [200] * 60
    text = "more than 1 calls a second (limits.broker.requests_per_second): try again in 1 s"
    problem = {"key": "too_many_requests", "message": text, "retry_after": 1.0}
    assert refused == (429, "1", {"error": problem})
    assert [(await call(bob, "GET", "/v1/me"))[0] for _ in range(60)] == [200] * 60
    assert (await limited_today(tight), await limited_today(tight, "bob")) == ({"requests": 1}, {})
    clock.advance(1)
    assert (await call(alice, "GET", "/v1/me"))[0] == 200


async def test_large_bodies_are_refused_before_they_are_read(tight: RunningHive, clock: Clock) -> None:
    alice = tight.agents["alice"]
    large = b" " * 1_000_000
    statuses = []
    for _ in range(6):
        async with alice.post("/v1/messages", data=large) as response:
            statuses.append((response.status, (await response.json())["error"].get("retry_after")))

    assert statuses[:4] == [(400, None)] * 4
    assert [(status, math.ceil(after or 0)) for status, after in statuses[4:]] == [(429, 13)] * 2
    assert await limited_today(tight) == {"bytes_in": 2}
    await tight.send("bob", "alice", "x")


async def test_bodies_in_chunks_count_by_what_was_read(tight: RunningHive) -> None:
    alice = tight.agents["alice"]

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(15):
            yield b" " * 65_536

    statuses = []
    for _ in range(6):
        async with alice.post("/v1/messages", data=chunks()) as response:
            statuses.append(response.status)
    assert statuses == [400] * 5 + [429]


async def test_a_flood_of_frames_is_read_slowly_and_the_link_stays(tight: RunningHive) -> None:
    alice, bob = tight.agents["alice"], tight.agents["bob"]
    flooding = await alice.ws_connect("/v1/link")
    quiet = await bob.ws_connect("/v1/link")
    for link in (flooding, quiet):
        await link.send_json({"type": "hello", "version": "1", "turns": []})
        assert (await link.receive_json(timeout=5))["type"] == "welcome"

    async def flood() -> None:
        frame = json.dumps({"type": "hold", "turns": ["t" * 64] * 500})
        while True:
            await flooding.send_str(frame)

    flow = asyncio.get_running_loop().create_task(flood())
    async with asyncio.timeout(20):
        while "frames" not in await limited_today(tight):
            await asyncio.sleep(0.01)
    await tight.send("alice", "bob", "x")
    await tight.send("bob", "alice", "x")
    assert await quiet.receive_json(timeout=5) == {"type": "wake", "pending": 1}
    # It is not closed, and still hears of its mail, and what it says is not taken in.
    assert await flooding.receive_json(timeout=5) == {"type": "wake", "pending": 1}
    assert not flow.done()
    flow.cancel()
    with suppress(asyncio.CancelledError):
        await flow
    for link in (flooding, quiet):
        await link.close()


async def test_many_events_in_a_frame_count_as_more_of_them(tight: RunningHive) -> None:
    link = await tight.agents["alice"].ws_connect("/v1/link")
    await link.send_json({"type": "hello", "version": "1", "turns": []})
    event = {"ts": 1.0, "kind": "text", "turn": "t", "data": {"text": "x"}}
    for _ in range(2):
        await link.send_json({"type": "report", "status": None, "events": [event] * 256})
    async with asyncio.timeout(10):
        while await limited_today(tight) != {"frames": 1}:
            await asyncio.sleep(0.01)
    await link.close()


async def test_what_would_fill_the_store_is_refused_by_its_size(start_hive: StartHive, clock: Clock) -> None:
    hive = await start_hive(clock=clock, agents={"alice": limited(stored_mib_per_hour=8), "bob": {}})
    mail = MAIL | {"body": "x" * 200_000}
    answers = [await call(hive.agents["alice"], "POST", "/v1/messages", mail) for _ in range(22)]
    refused = [answer["error"] for _, answer in answers[20:]]
    assert [status for status, _ in answers] == [200] * 20 + [429] * 2
    assert all(one["key"] == "too_many_requests" and one["retry_after"] > 5 for one in refused)
    assert await limited_today(hive) == {"stored": 2}


async def test_a_call_that_can_never_fit_says_so_and_names_no_time(
    start_hive: StartHive, clock: Clock
) -> None:
    names = [f"a{number}" for number in range(31)]
    fields = limited(rows_per_hour=60)
    hive = await start_hive(clock=clock, agents={"alice": fields, **{name: {} for name in names}})
    async with hive.agents["alice"].post("/v1/messages", json={"to": "*", "body": "x"}) as response:
        answer = await response.json()
        assert (response.status, "Retry-After" in response.headers) == (429, False)
    limit = "60 messages and questions an hour (limits.broker.rows_per_hour)"
    message = f"too much at once for {limit}: 31, and at most 30 fit"
    assert answer == {"error": {"key": "too_many_requests", "message": message}}
