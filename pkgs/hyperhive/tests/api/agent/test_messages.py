"""What an agent reads and writes over its socket: messages, leases, questions."""

import asyncio
import threading

import pytest
from aiohttp import ClientError, ClientTimeout

from tests.api.conftest import RunningHive, StartHive, call, refusal


async def test_a_message_is_the_socket_owners_and_both_sides_and_the_operator_see_it(
    hive: RunningHive,
) -> None:
    [sent] = await hive.send("alice", "bob", "hello", idempotency_key="k1")
    assert (sent["sender"], sent["recipient"], sent["state"], sent["body"]) == (
        "alice",
        "bob",
        "queued",
        "hello",
    )
    for client in (hive.agents["alice"], hive.agents["bob"]):
        assert await call(client, "GET", f"/v1/messages/{sent['id']}") == (200, sent)
    assert await call(hive.browser, "GET", f"/api/messages/{sent['id']}") == (200, sent)
    assert await refusal(hive.agents["boss"], "GET", f"/v1/messages/{sent['id']}") == (404, "not_found")


async def test_a_repeated_key_returns_the_first_calls_result(hive: RunningHive) -> None:
    first = await hive.send("alice", "bob", "hello", idempotency_key="k1")
    assert await hive.send("alice", "bob", "hello", idempotency_key="k1") == first
    assert (await call(hive.agents["bob"], "GET", "/v1/me"))[1]["pending"] == 1


async def test_a_refused_recipient_has_its_own_key(start_hive: StartHive) -> None:
    hive = await start_hive(
        agents={"boss": {"role": "manager"}, "alice": {"allowed_recipients": ["bob"]}, "bob": {}}
    )
    expected = {
        "carol": (404, "unknown_recipient"),
        "boss": (403, "recipient_denied"),
        "operator": (403, "recipient_denied"),
        "alice": (400, "invalid_request"),
        "system": (400, "invalid_request"),
    }
    alice = hive.agents["alice"]
    answers = {to: await refusal(alice, "POST", "/v1/messages", {"to": to, "body": "x"}) for to in expected}
    assert answers == expected


async def test_who_one_is_says_whom_one_may_reach(start_hive: StartHive) -> None:
    hive = await start_hive(
        agents={"boss": {"role": "manager"}, "alice": {"allowed_recipients": ["bob"]}, "bob": {}}
    )
    assert await call(hive.agents["alice"], "GET", "/v1/me") == (
        200,
        {"name": "alice", "role": "agent", "recipients": ["bob"], "restricted": True, "pending": 0},
    )
    assert await call(hive.agents["boss"], "GET", "/v1/me") == (
        200,
        {
            "name": "boss",
            "role": "manager",
            "recipients": ["operator", "alice", "bob"],
            "restricted": False,
            "pending": 0,
        },
    )


async def test_a_waiting_lease_answers_when_mail_comes(hive: RunningHive) -> None:
    waiting = asyncio.ensure_future(hive.lease("bob", "t1", wait_seconds=120))
    while (await call(hive.agents["bob"], "GET", "/v1/me"))[1]["pending"]:
        pass
    await hive.send("alice", "bob", "hello")
    [message] = await asyncio.wait_for(waiting, 30)
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
                {"turn": f"gone-{turn}", "wait_seconds": 120},
                timeout=ClientTimeout(total=0.01),
            )
    await hive.send("alice", "bob", "hello")
    async with asyncio.timeout(30):
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


async def test_a_question_to_a_peer_is_answered_by_that_peer_alone(hive: RunningHive) -> None:
    alice, bob, boss = (hive.agents[name] for name in ("alice", "bob", "boss"))
    status, question = await call(alice, "POST", "/v1/questions", {"question": "why?", "to": "bob"})
    assert (status, question["asker"], question["target"], question["state"]) == (
        200,
        "alice",
        "bob",
        "open",
    )
    path = f"/v1/questions/{question['id']}"
    assert await call(boss, "GET", "/v1/questions") == (200, {"questions": []})
    assert await call(alice, "GET", "/v1/questions") == (200, {"questions": [question]})
    for client, expected in ((boss, (404, "not_found")), (alice, (403, "forbidden"))):
        assert await refusal(client, "POST", f"{path}/answer", {"answer": "mine"}) == expected
    for client, expected in ((boss, (404, "not_found")), (bob, (403, "forbidden"))):
        assert await refusal(client, "POST", f"{path}/cancel") == expected
    status, answered = await call(bob, "POST", f"{path}/answer", {"answer": "because"})
    assert (status, answered["state"], answered["answer"], answered["closed_by"]) == (
        200,
        "answered",
        "because",
        "bob",
    )
    assert await refusal(bob, "POST", f"{path}/answer", {"answer": "again"}) == (409, "conflict")


async def test_an_asker_takes_its_question_back(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    _, question = await call(alice, "POST", "/v1/questions", {"question": "may I?"})
    status, closed = await call(alice, "POST", f"/v1/questions/{question['id']}/cancel")
    assert (status, closed["state"], closed["closed_by"]) == (200, "cancelled", "alice")
    assert await refusal(
        hive.browser, "POST", f"/api/questions/{question['id']}/answer", {"answer": "yes"}
    ) == (409, "conflict")


async def test_a_flood_of_one_agent_waits_for_its_turns_and_the_others_do_not_wait_for_it(
    hive: RunningHive,
) -> None:
    disk = threading.Event()
    db = hive.broker.services.db
    busy = db.submit(lambda _: disk.wait(60))
    flood = [asyncio.ensure_future(hive.send("alice", "boss", f"{number}")) for number in range(50)]
    async with asyncio.timeout(30):
        while len(db._writer._queue._waiting.get("alice", ())) < 50:  # type: ignore[union-attr] # it runs
            await asyncio.sleep(0.01)
    other = asyncio.ensure_future(hive.send("bob", "boss", "hello"))
    async with asyncio.timeout(30):
        while "bob" not in db._writer._queue._waiting:  # type: ignore[union-attr] # it runs
            await asyncio.sleep(0.01)
    disk.set()
    [[message], *_] = await asyncio.gather(other, *flood, busy)
    assert message["id"] == 2
