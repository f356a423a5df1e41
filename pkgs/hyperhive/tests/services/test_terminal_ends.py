"""What a window and a harness are sent, and what is held back."""

import asyncio

import pytest

from hyperhive.domain.scrollback import Scrollback
from hyperhive.errors import InvalidRequestError
from hyperhive.protocol.terminal import (
    CHUNK_BYTES,
    INPUT_BYTES,
    OFFSET_LIMIT,
    OUTPUT_HEADER,
    WINDOW_BYTES,
    Allow,
    Changed,
    Dropped,
    KillTerminal,
)
from hyperhive.services.terminal_ends import Host, Viewer

CHANGED = Changed(terminals=[])


async def sent(viewer: Viewer) -> list[object]:
    """Everything that it is sent without anything else happening."""
    found: list[object] = []
    while True:
        try:
            frame = await asyncio.wait_for(viewer.next(), 0.05)
        except TimeoutError:
            return found
        found.append(frame)
        if frame is None:
            return found


def offsets(frames: list[object]) -> list[tuple[int, int]]:
    """Begin and length of every output frame."""
    return [
        (OUTPUT_HEADER.unpack_from(one)[0], len(one) - OUTPUT_HEADER.size)
        for one in frames
        if isinstance(one, bytes)
    ]


async def test_a_window_is_sent_no_more_than_it_can_draw() -> None:
    output = Scrollback(4 * WINDOW_BYTES)
    output.append(bytes(2 * WINDOW_BYTES))
    viewer = Viewer(output, 1, "here", 0.0, 0)
    assert sum(length for _, length in offsets(await sent(viewer))) == WINDOW_BYTES
    viewer.drew(CHUNK_BYTES)
    assert offsets(await sent(viewer)) == [(WINDOW_BYTES, CHUNK_BYTES)]


async def test_a_window_far_behind_goes_on_at_a_line_when_it_has_drawn_what_it_has() -> None:
    output = Scrollback(1000)
    viewer = Viewer(output, 1, "here", 0.0, 0)
    output.append(b"x" * 500)
    assert offsets(await sent(viewer)) == [(0, 500)]
    output.append(b"line\n" * 1000)
    assert await sent(viewer) == []
    viewer.drew(500)
    ((begin, length),) = offsets(await sent(viewer))
    assert (begin % 5, begin + length) == (0, 5500)


async def test_a_window_cannot_have_drawn_what_it_was_not_sent() -> None:
    viewer = Viewer(Scrollback(10), 1, "here", 0.0, 3)
    with pytest.raises(InvalidRequestError, match="ack: offset: 4 was not sent yet, 3 was"):
        viewer.drew(4)


async def test_the_end_comes_behind_the_last_output() -> None:
    output = Scrollback(2 * WINDOW_BYTES)
    output.append(b"x" * (WINDOW_BYTES + 10))
    viewer = Viewer(output, 1, "here", 0.0, 0)
    viewer.end()
    viewer.show(CHANGED)
    assert len(offsets(await sent(viewer))) == WINDOW_BYTES // CHUNK_BYTES
    viewer.drew(WINDOW_BYTES)
    output_frame, *rest = await sent(viewer)
    assert offsets([output_frame]) == [(WINDOW_BYTES, 10)]
    assert rest == [CHANGED, None]


async def test_a_window_hears_once_of_many_changes() -> None:
    viewer = Viewer(Scrollback(10), 1, "here", 0.0, 0)
    for count in range(1, 6):
        viewer.show(CHANGED)
        viewer.lost(count)
    assert await sent(viewer) == [Dropped(count=15), CHANGED]
    viewer.lost(OFFSET_LIMIT)
    viewer.lost(OFFSET_LIMIT)
    assert await sent(viewer) == [Dropped(count=OFFSET_LIMIT)]


async def test_a_harness_is_told_of_room_in_steps() -> None:
    host = Host()
    host.allow(WINDOW_BYTES, 1)
    assert await host.next() == Allow(limit=WINDOW_BYTES, viewers=1)
    host.allow(WINDOW_BYTES + 10, 1)
    host.say(KillTerminal())
    host.type(b"ls\r")
    assert [await host.next(), await host.next()] == [KillTerminal(), b"ls\r"]
    host.allow(WINDOW_BYTES + 20, 2)
    assert await host.next() == Allow(limit=WINDOW_BYTES + 20, viewers=2)
    host.close()
    assert await host.next() is None


async def test_input_that_a_harness_does_not_take_is_bounded() -> None:
    host = Host()
    assert host.type(b"x" * INPUT_BYTES) == 0
    assert host.type(b"yz") == 2
    await host.next()
    assert host.type(b"yz") == 0
