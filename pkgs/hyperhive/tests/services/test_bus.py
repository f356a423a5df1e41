import asyncio

import pytest

from hyperhive.protocol.bus import AgentChanged, Event, LinkChanged, Notice
from hyperhive.services.bus import QUEUE_LIMIT, Bus, Subscription


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


async def test_a_slow_subscription_is_ended_and_does_not_disturb_the_others() -> None:
    group: set[Subscription[int]] = set()

    async def items(subscription: Subscription[int]) -> list[int]:
        return [item async for item in subscription]

    async with Subscription(group) as slow, Subscription(group) as quick:
        reading = asyncio.ensure_future(items(quick))
        for number in range(QUEUE_LIMIT + 10):
            for one in tuple(group):
                one.offer(number)
            await asyncio.sleep(0)
        quick.close()

        assert await items(slow) == list(range(QUEUE_LIMIT))
        assert await reading == list(range(QUEUE_LIMIT + 10))
    assert group == set()
