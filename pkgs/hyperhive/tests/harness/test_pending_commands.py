import asyncio

from hyperhive.harness.pending_commands import PendingCommands
from hyperhive.protocol.link import Compact, NewSession, UseModel


def test_orders_come_in_their_order_and_the_same_one_counts_once() -> None:
    orders = PendingCommands("sonnet")
    added = [orders.add(one) for one in (Compact(), NewSession(), Compact())]
    assert added == [True, True, False]
    assert [orders.next(), orders.next(), orders.next()] == [Compact(), NewSession(), None]


def test_of_models_the_latest_counts_and_the_same_changes_nothing() -> None:
    orders = PendingCommands("sonnet")
    added = [orders.add(UseModel(model=model)) for model in ("sonnet", "opus", "opus", "haiku")]
    assert (added, orders.model, orders.next()) == ([False, True, False, True], "haiku", None)


def test_without_a_session_a_compaction_waits_and_a_new_session_does_not() -> None:
    orders = PendingCommands("sonnet")
    orders.add(Compact())
    orders.add(NewSession())
    assert [orders.next(running=False), orders.next(running=False)] == [NewSession(), None]
    assert orders.next() == Compact()


async def test_a_wait_ends_with_an_order_or_with_its_time() -> None:
    orders = PendingCommands("sonnet")
    await orders.within(0.01)
    waiting = asyncio.ensure_future(orders.within(60))
    await asyncio.sleep(0)
    orders.add(NewSession())
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(orders.within(60), 5)
