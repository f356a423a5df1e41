"""The running turn's mail."""

import pytest

from hyperhive.errors import UnavailableError
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.inbox import TurnInbox
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive


async def test_everything_taken_in_a_turn_is_acked_together(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    mails = [await hive.say("alice", f"mail {number}") for number in range(3)]
    async with hive.client("alice") as client:
        inbox = TurnInbox(client)
        turn = inbox.begin()
        await inbox.take(1)
        await inbox.take(5)
        assert inbox.leases == [turn]
        assert await inbox.finish(ok=True)
    for mail in mails:
        assert (await hive.settled(mail)).turn == turn
    assert (inbox.leases, inbox.turn) == ([], None)


async def test_a_turn_that_did_not_end_well_gives_everything_back(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    mail = await hive.say("alice", "one")
    async with hive.client("alice") as client:
        inbox = TurnInbox(client)
        inbox.begin()
        await inbox.take(1)
        await inbox.finish(ok=False)
    assert (await hive.settled(mail, MessageState.QUEUED)).turn is None


async def test_what_a_turn_failed_with_is_counted_against_its_mail(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    mail = await hive.say("alice", "one")
    async with hive.client("alice") as client:
        inbox = TurnInbox(client)
        for failed in (None, "400 " * 1000):
            inbox.begin()
            await inbox.take(1)
            await inbox.finish(ok=False, failed=failed)
    counted = await hive.settled(mail, MessageState.QUEUED)
    assert (counted.deliveries, counted.failures, counted.error) == (2, 1, "400 " * 125)


async def test_mail_whose_lease_was_lost_on_the_way_goes_back_when_the_turn_is_acked(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive("", alice={})
    seen, lost = await hive.say("alice", "seen"), await hive.say("alice", "lost")
    async with hive.client("alice") as client:
        inbox = TurnInbox(client)
        turn = inbox.begin()
        await inbox.take(1)
        await client.lease(turn)
        await inbox.finish(ok=True)
    await hive.settled(seen)
    assert (await hive.settled(lost, MessageState.QUEUED)).deliveries == 1


async def test_a_broker_that_is_away_leaves_the_turn_as_it_was(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    async with BrokerClient(hive.socket("alice"), patience=0.2) as client:
        inbox = TurnInbox(client)
        inbox.begin()
        await hive.broker.stop()
        with pytest.raises(UnavailableError):
            await inbox.take(1)
        assert not await inbox.finish(ok=True)
        assert inbox.leases == []
