import asyncio

from hyperhive.protocol.events import HiveFrame, NoticeFrame
from hyperhive.services.bus import QUEUE_LIMIT, Bus, Subscription
from tests.conftest import Clock


async def texts(subscription: Subscription[HiveFrame]) -> list[str]:
    return [frame.text async for frame in subscription if isinstance(frame, NoticeFrame)]


async def test_subscribers_get_every_frame_in_order_from_entering_on(clock: Clock) -> None:
    bus = Bus(clock)
    bus.publish_notice("info", "before")
    async with bus.subscribe() as first, bus.subscribe() as second:
        bus.publish_notice("info", "1")
        bus.publish_notice("info", "2")
        bus.close()
        bus.publish_notice("info", "after")

        assert await texts(first) == ["1", "2"]
        assert await texts(second) == ["1", "2"]


async def test_frames_are_numbered_without_gaps_and_higher_after_a_restart(clock: Clock) -> None:
    bus = Bus(clock)
    start = bus.seq
    async with bus.subscribe() as frames:
        bus.publish_notice("info", "1")
        bus.publish_notice("info", "2")
        frames.close()
        assert [frame.seq async for frame in frames] == [start + 1, start + 2]

    clock.advance(1)
    assert Bus(clock).seq > bus.seq


async def test_a_slow_subscriber_is_ended_and_does_not_disturb_the_others(clock: Clock) -> None:
    bus = Bus(clock)
    async with bus.subscribe() as slow, bus.subscribe() as quick:
        reading = asyncio.ensure_future(texts(quick))
        for number in range(QUEUE_LIMIT + 10):
            bus.publish_notice("info", str(number))
            await asyncio.sleep(0)
        bus.close()

        assert slow.overflowed
        assert await texts(slow) == [str(number) for number in range(QUEUE_LIMIT)]
        assert await reading == [str(number) for number in range(QUEUE_LIMIT + 10)]
