"""One terminal between its harness and its windows."""

import pytest

from hyperhive.errors import ConflictError, InvalidRequestError
from hyperhive.protocol.terminal import (
    EXACT_SECONDS,
    OFFSET_LIMIT,
    OUTPUT_HEADER,
    SCROLLBACK_BYTES,
    WINDOW_BYTES,
    Ack,
    Allow,
    Attach,
    Attached,
    Opened,
    Resize,
    Size,
    Title,
)
from hyperhive.services.terminal_ends import Host
from hyperhive.services.terminal_stream import Origin, Terminal
from tests.conftest import Clock


def terminal(clock: Clock) -> Terminal:
    return Terminal("t", Size(cols=80, rows=24), Origin("somebody", clock()), lambda: None, clock)


def opened(one: Terminal, clock: Clock, offset: int = 0) -> Host:
    host = one.join()
    one.told(Opened(offset=offset, cols=80, rows=24, since=clock()))
    return host


def frame(offset: int, data: bytes) -> bytes:
    return OUTPUT_HEADER.pack(offset) + data


async def heard(host: Host, count: int) -> list[object]:
    return [await host.next() for _ in range(count)]


async def test_a_harness_learns_what_the_broker_has_and_how_far_it_may_read(clock: Clock) -> None:
    one = terminal(clock)
    first = opened(one, clock)
    assert await heard(first, 2) == [
        Attach(have=None, limit=0, viewers=0),
        Allow(limit=SCROLLBACK_BYTES, viewers=0),
    ]
    one.take(frame(0, b"hello"))
    second = one.join()
    assert await first.next() is None
    assert await heard(second, 1) == [Attach(have=5, limit=0, viewers=0)]


async def test_output_that_does_not_follow_is_refused(clock: Clock) -> None:
    one = terminal(clock)
    one.join()
    with pytest.raises(InvalidRequestError, match="comes before `opened`"):
        one.take(frame(0, b"x"))
    one.told(Opened(offset=0, cols=80, rows=24, since=clock()))
    one.take(frame(0, b"abc"))
    for wrong in (frame(2, b"x"), frame(2**60, b"x"), frame(3, b""), b"short"):
        with pytest.raises(InvalidRequestError):
            one.take(wrong)
    # A hole is what a harness has when its own store was too small.
    one.take(frame(10, b"x"))
    assert await one.attach("me", None).next() == Attached(viewer=1, offset=10, live=11)


async def test_a_harness_cannot_count_beyond_what_the_page_can(clock: Clock) -> None:
    one = terminal(clock)
    host = opened(one, clock, OFFSET_LIMIT - 100)
    one.take(frame(OFFSET_LIMIT - 100, b"x" * 90))
    with pytest.raises(InvalidRequestError, match="an output frame begins at"):
        one.take(frame(OFFSET_LIMIT - 10, b"x" * 11))
    clock.advance(EXACT_SECONDS)
    one.tick()
    assert await heard(host, 2) == [
        Attach(have=None, limit=0, viewers=0),
        Allow(limit=OFFSET_LIMIT, viewers=0),
    ]
    assert await one.attach("me", None).next() == Attached(
        viewer=1, offset=OFFSET_LIMIT - 100, live=OFFSET_LIMIT - 10
    )


async def test_a_window_that_comes_back_is_told_what_others_saw_meanwhile(clock: Clock) -> None:
    one = terminal(clock)
    opened(one, clock)
    one.take(frame(0, b"x" * 100))
    away = one.attach("me", None)
    one.detach(away)
    one.take(frame(100, b"x" * 100))
    other = one.attach("you", None)
    for _ in range(2):
        await other.next()
    one.hear(other, Ack(offset=150))
    one.detach(other)
    assert await one.attach("me", 100).next() == Attached(viewer=3, offset=100, live=150)
    assert await one.attach("me", 180).next() == Attached(viewer=4, offset=180, live=180)


async def test_the_pace_is_that_of_the_farthest_window_and_of_whoever_saw_most(clock: Clock) -> None:
    one = terminal(clock)
    host = opened(one, clock)
    one.take(frame(0, b"x" * 60_000))
    fast, slow = one.attach("me", None), one.attach("you", None)
    for _ in range(3):
        await fast.next()
    one.hear(fast, Ack(offset=60_000))
    assert (await heard(host, 2))[-1] == Allow(limit=60_000 + WINDOW_BYTES, viewers=2)
    one.detach(fast)
    one.detach(slow)
    assert await heard(host, 1) == [Allow(limit=60_000 + SCROLLBACK_BYTES, viewers=0)]
    clock.advance(EXACT_SECONDS)
    one.take(frame(60_000, b"x" * 1_000_000))
    assert await heard(host, 1) == [Allow(limit=1_060_000 + WINDOW_BYTES, viewers=0)]


async def test_whoever_typed_last_has_the_say_about_size_and_title(clock: Clock) -> None:
    one = terminal(clock)
    host = opened(one, clock)
    first, second = one.attach("me", None), one.attach("you", None)
    one.hear(first, Resize(cols=100, rows=30))
    one.hear(second, Resize(cols=50, rows=20))
    one.hear(first, Title(text="mine"))
    one.hear(second, Title(text="yours"))
    view = one.view
    assert (view.cols, view.rows, view.title) == (100, 30, "mine")
    assert [viewer.driving for viewer in view.viewers] == [True, False]
    one.type(second, b"x")
    assert (one.view.cols, one.view.rows) == (50, 20)
    one.detach(second)
    assert (one.view.cols, [viewer.driving for viewer in one.view.viewers]) == (100, [True])
    assert b"x" in await heard(host, 5)


async def test_only_so_many_windows_look_at_one(clock: Clock) -> None:
    one = terminal(clock)
    for number in range(8):
        one.attach(f"{number}", None)
    with pytest.raises(ConflictError, match="8 windows look at this terminal already"):
        one.attach("one more", None)
