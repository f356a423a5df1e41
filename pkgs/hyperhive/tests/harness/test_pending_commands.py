import asyncio

from hyperhive.harness.pending_commands import PendingCommands
from hyperhive.protocol.link import Compact, NewSession, UseModel


def test_commands_come_in_their_order_and_the_same_one_counts_once() -> None:
    pending = PendingCommands("sonnet")
    added = [pending.add(one) for one in (Compact(), NewSession(), Compact())]
    assert added == [True, True, False]
    assert [pending.next(), pending.next(), pending.next()] == [Compact(), NewSession(), None]


def test_of_models_the_latest_counts_and_the_same_changes_nothing() -> None:
    pending = PendingCommands("sonnet")
    added = [pending.add(UseModel(model=model)) for model in ("sonnet", "opus", "opus", "haiku")]
    assert (added, pending.model, pending.next()) == ([False, True, False, True], "haiku", None)


def test_without_a_session_a_compaction_waits_and_a_new_session_does_not() -> None:
    pending = PendingCommands("sonnet")
    pending.add(Compact())
    pending.add(NewSession())
    assert [pending.next(running=False), pending.next(running=False)] == [NewSession(), None]
    assert pending.next() == Compact()


async def test_a_wait_ends_with_a_command_or_with_its_time() -> None:
    pending = PendingCommands("sonnet")
    await pending.within(0.01)
    waiting = asyncio.ensure_future(pending.within(60))
    await asyncio.sleep(0)
    pending.add(NewSession())
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(pending.within(60), 5)
