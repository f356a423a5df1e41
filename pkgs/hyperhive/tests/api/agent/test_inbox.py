"""Leases over the socket: waiting, going away, acking."""

import asyncio

import pytest
from aiohttp import ClientError, ClientTimeout

from tests.api.conftest import RunningHive, call, refusal


async def test_a_waiting_lease_answers_when_mail_comes(hive: RunningHive) -> None:
    waiting = asyncio.ensure_future(hive.lease("bob", "t1", wait_seconds=20))
    while (await call(hive.agents["bob"], "GET", "/v1/me"))[1]["pending"]:
        pass
    await hive.send("alice", "bob", "hello")
    [message] = await asyncio.wait_for(waiting, 5)
    assert (message["state"], message["turn"], message["deliveries"], message["redelivered"]) == (
        "leased",
        "t1",
        1,
        False,
    )


async def test_an_acked_turn_is_done_and_a_requeued_one_comes_back_marked(hive: RunningHive) -> None:
    bob = hive.agents["bob"]
    [first] = await hive.send("alice", "bob", "one")
    await hive.lease("bob", "t1")
    assert await call(bob, "POST", "/v1/inbox/requeue", {"turn": "t1"}) == (200, {"ids": [first["id"]]})
    [again] = await hive.lease("bob", "t2")
    assert (again["id"], again["redelivered"]) == (first["id"], True)
    assert await call(bob, "POST", "/v1/inbox/ack", {"turn": "t1"}) == (200, {"ids": []})
    assert await call(bob, "POST", "/v1/inbox/ack", {"turn": "t2"}) == (200, {"ids": [first["id"]]})


async def test_a_client_that_goes_while_it_waits_takes_no_mail_with_it(hive: RunningHive) -> None:
    for turn in range(20):
        with pytest.raises((TimeoutError, ClientError)):
            await call(
                hive.agents["bob"],
                "POST",
                "/v1/inbox/lease",
                {"turn": f"gone-{turn}", "wait_seconds": 20},
                timeout=ClientTimeout(total=0.01),
            )
    await hive.send("alice", "bob", "hello")
    async with asyncio.timeout(5):
        [message] = await hive.lease("bob", "here", wait_seconds=5)
    assert (message["turn"], message["body"]) == ("here", "hello")


async def test_a_lease_that_waits_does_not_delay_the_stop(hive: RunningHive) -> None:
    waiting = asyncio.ensure_future(
        refusal(hive.agents["bob"], "POST", "/v1/inbox/lease", {"turn": "t", "wait_seconds": 180})
    )
    # The call is known to wait once a later one on the same loop was answered.
    await call(hive.agents["bob"], "GET", "/v1/me")
    await call(hive.agents["bob"], "GET", "/v1/me")
    async with asyncio.timeout(3):
        await hive.broker.stop()
        assert await waiting == (503, "unavailable")


async def test_a_wait_that_is_no_time_is_refused(hive: RunningHive) -> None:
    for wait in ("NaN", "Infinity", "-1", "181", '"long"', "null", "1e999"):
        body = f'{{"turn": "t", "wait_seconds": {wait}}}'
        async with hive.agents["bob"].post("/v1/inbox/lease", data=body) as response:
            answer = await response.json()
        assert (wait, response.status, answer["error"]["key"]) == (wait, 400, "invalid_request")
