"""Calls over the agent's socket against the real broker."""

import asyncio
import itertools
from types import SimpleNamespace

import pytest

from hyperhive.errors import RemoteError, UnavailableError
from hyperhive.harness import client as client_module
from hyperhive.harness.client import BrokerClient
from hyperhive.protocol.agents import BudgetKind
from hyperhive.protocol.questions import AskRequest
from tests.conftest import limited
from tests.harness.conftest import MakeHive


async def test_a_sent_message_is_leased_and_acked_by_its_recipient(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    async with hive.client("alice") as alice, hive.client("bob") as bob:
        sent = (await alice.send("bob", "hi")).messages[0]
        leased = await bob.lease("t-1")
        assert [(message.id, message.sender, message.body) for message in leased.messages] == [
            (sent.id, "alice", "hi")
        ]
        assert (await bob.ack("t-1", [sent.id])).ids == [sent.id]


async def test_a_waiting_lease_ends_with_the_first_message(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    async with hive.client("alice") as alice, hive.client("bob") as bob:
        waiting = hive.tasks.start(bob.lease("t-1", wait_seconds=15), "lease")
        await asyncio.sleep(0)
        await alice.send("bob", "hi")
        assert len((await waiting).messages) == 1


async def test_a_refusal_carries_the_brokers_key(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={"allowed_recipients": ["bob"]}, bob={}, carol={})
    async with hive.client("alice") as alice:
        with pytest.raises(RemoteError) as refused:
            await alice.send("carol", "hi")
        assert refused.value.key == "recipient_denied"
        me = await alice.me()
        assert (me.name, me.recipients, me.restricted) == ("alice", ["bob"], True)


async def test_a_question_to_a_peer_is_answered_by_that_peer(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    async with hive.client("alice") as alice, hive.client("bob") as bob:
        question = await alice.ask(AskRequest(question="Red or blue?", to="bob"))
        assert (await bob.answer(question.id, "blue")).answer == "blue"
        (told,) = (await alice.lease("t-1")).messages
        assert (told.kind.value, told.sender, told.question) == ("question_answered", "system", question.id)


async def test_a_broker_that_does_not_answer_is_named_after_the_patience(tmp_path: object) -> None:
    async with BrokerClient(f"{tmp_path}/none.sock", patience=0.3) as client:
        with pytest.raises(UnavailableError, match="did not answer"):
            await client.me()


async def test_a_send_survives_a_restart_of_the_broker(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={}, bob={})
    async with hive.client("alice") as alice:
        await alice.me()
        await hive.broker.stop()
        sending = hive.tasks.start(alice.send("bob", "hi"), "send")
        await asyncio.sleep(0.2)
        await hive.restart_broker()
        assert (await sending).messages[0].recipient == "bob"


async def test_the_patience_is_not_used_up_by_a_pause_of_the_harness(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    hive = await small_hive("", alice={})
    mail = await hive.say("alice", "one")
    # An hour goes by between the first call and its failure.
    now = itertools.chain([0.0], itertools.repeat(3600.0))
    async with hive.client("alice") as client:
        patient = BrokerClient(hive.socket("alice"), patience=60)
        await client.lease("t1")
        await hive.broker.stop()
        monkeypatch.setattr(client_module, "time", SimpleNamespace(monotonic=lambda: next(now)))
        acking = asyncio.ensure_future(patient.ack("t1", [mail.id]))
        await asyncio.sleep(0)
        await hive.restart_broker()
        assert (await acking).ids == [mail.id]
        await patient.close()


async def test_a_call_over_the_budget_waits_as_long_as_the_broker_says(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice=limited(requests_per_second=1))
    async with hive.client("alice") as alice:
        for _ in range(61):
            assert (await alice.me()).name == "alice"
    assert hive.broker.services.budgets.met_today("alice") == {BudgetKind.REQUESTS: 1}


async def test_a_tool_does_not_wait_for_long_and_says_why(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice=limited(stored_mib_per_hour=8), bob={})
    async with hive.client("alice") as alice:
        for _ in range(20):
            await alice.send("bob", "x" * 200_000)
        with pytest.raises(
            RemoteError, match=r"limits\.broker\.stored_mib_per_hour\): try again in"
        ) as refused:
            await alice.send("bob", "x" * 200_000)
        assert (refused.value.key, (refused.value.retry_after or 0) > 5) == ("too_many_requests", True)
        # Others of its calls go on.
        assert (await alice.send("bob", "short")).messages[0].recipient == "bob"
