import asyncio

import pytest

from hyperhive.protocol.bus import AgentChanged, Event, LinkChanged, Notice
from hyperhive.services.bus import BACKLOG_BYTES, QUEUE_LIMIT, Backlog, Bus, StreamItem, Subscription


def test_subscribers_hear_of_their_type_in_the_order_of_the_events() -> None:
    bus = Bus()
    heard: list[Event] = []
    bus.subscribe(AgentChanged, heard.append)
    bus.subscribe(Notice, heard.append)

    bus.publish(Notice("info", "1"), LinkChanged("alice"), AgentChanged("alice"), Notice("info", "2"))

    assert heard == [Notice("info", "1"), AgentChanged("alice"), Notice("info", "2")]


def test_what_a_subscriber_publishes_comes_after_what_is_being_told() -> None:
    bus = Bus()
    heard: list[Event] = []
    bus.subscribe(LinkChanged, lambda link: bus.publish(AgentChanged(link.agent)))
    for kind in (LinkChanged, AgentChanged, Notice):
        bus.subscribe(kind, heard.append)

    bus.publish(LinkChanged("alice"), Notice("info", "1"))
    bus.publish(LinkChanged("bob"))

    alice: list[Event] = [LinkChanged("alice"), Notice("info", "1"), AgentChanged("alice")]
    assert heard == [*alice, LinkChanged("bob"), AgentChanged("bob")]


def test_a_subscriber_that_fails_is_logged_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    bus = Bus()
    heard: list[Event] = []

    def fail(_event: Event) -> None:
        raise ValueError("no")

    bus.subscribe(Notice, fail)
    bus.subscribe(Notice, heard.append)

    bus.publish(Notice("info", "1"), Notice("info", "2"))

    assert heard == [Notice("info", "1"), Notice("info", "2")]
    assert caplog.messages == ["a subscriber to Notice failed"] * 2


def item(number: int, size: int = 1) -> StreamItem:
    return StreamItem(number, "event", b"x" * size)


async def numbers(subscription: Subscription) -> list[int]:
    return [one.id async for one in subscription]


async def test_a_slow_subscription_is_ended_and_does_not_disturb_the_others() -> None:
    group: set[Subscription] = set()
    async with Subscription(group) as slow, Subscription(group) as quick:
        reading = asyncio.ensure_future(numbers(quick))
        for number in range(QUEUE_LIMIT + 10):
            for one in tuple(group):
                one.offer(item(number))
            await asyncio.sleep(0)
        quick.close()

        assert (await numbers(slow), slow.fell_behind) == ([], True)
        assert (await reading, quick.fell_behind) == (list(range(QUEUE_LIMIT + 10)), False)
    assert group == set()


async def test_bytes_end_a_subscription_as_many_items_do_and_are_given_back() -> None:
    backlog = Backlog()
    async with Subscription(set(), backlog) as slow:
        for number in range(4):
            slow.offer(item(number, BACKLOG_BYTES // 4))
        assert (backlog.bytes, slow.fell_behind) == (BACKLOG_BYTES, False)
        first = slow.take()
        assert first is not None
        assert (first.id, backlog.bytes) == (0, BACKLOG_BYTES // 4 * 3)
        slow.offer(item(4, BACKLOG_BYTES // 4 + 1))
        assert (await numbers(slow), slow.fell_behind, backlog.bytes) == ([], True, 0)


async def test_an_item_larger_than_the_bound_comes_alone() -> None:
    async with Subscription(set()) as only:
        only.offer(item(1, BACKLOG_BYTES + 1))
        first = only.take()
        assert (first is not None, only.fell_behind) == (True, False)


async def test_of_one_browser_s_streams_the_one_that_holds_the_most_ends() -> None:
    backlog = Backlog()
    async with Subscription(set(), backlog) as loud, Subscription(set(), backlog) as calm:
        calm.offer(item(1, 10))
        loud.offer(item(2, BACKLOG_BYTES - 10))
        calm.offer(item(3, 10))
        assert (loud.fell_behind, calm.fell_behind, backlog.bytes) == (True, False, 20)
        calm.close()
        assert await numbers(calm) == [1, 3]
    assert backlog.bytes == 0


async def test_what_several_streams_of_a_browser_wait_for_is_there_once() -> None:
    backlog, group = Backlog(), set[Subscription]()
    async with Subscription(group, backlog) as first, Subscription(group, backlog) as second:
        large = item(1, BACKLOG_BYTES)
        for one in tuple(group):
            one.offer(large)
        assert (backlog.bytes, first.fell_behind, second.fell_behind) == (BACKLOG_BYTES, False, False)
        first.take()
        assert backlog.bytes == BACKLOG_BYTES
        second.take()
        assert backlog.bytes == 0
        first.offer(item(2))
    assert backlog.bytes == 0
