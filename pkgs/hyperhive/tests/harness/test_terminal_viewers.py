"""What a window is sent and what is held back, and how a terminal's windows share it."""

import asyncio
import base64
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hyperhive.domain.terminal import Beginning, Scrollback
from hyperhive.errors import ConflictError, InvalidRequestError
from hyperhive.harness.shell import ManualSession
from hyperhive.harness.terminal import Terminal, Terminals, _serve
from hyperhive.harness.viewer import Viewer
from hyperhive.protocol.link import AttachViewer, OpenTerminal
from hyperhive.protocol.terminal import (
    CHUNK_BYTES,
    CLOSE_ENDED,
    EXACT_SECONDS,
    OFFSET_LIMIT,
    OUTPUT_HEADER,
    SCROLLBACK_BYTES,
    TERMINAL_LIMIT,
    WINDOW_BYTES,
    Ack,
    Attached,
    Changed,
    Dropped,
    Resize,
    State,
    TerminalEnd,
    TerminalView,
    Title,
)

CHANGED = Changed(terminals=[])
ASKED = AttachViewer(terminal="0" * 32, viewer="1" * 32, who="me", have=None)


def viewer_of(output: Scrollback, begin: int = 0) -> Viewer:
    """One that was greeted."""
    viewer = Viewer(output, "here", Attached(viewer=1, offset=begin, live=begin))
    viewer._attached = None
    return viewer


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
    viewer = viewer_of(output)
    assert sum(length for _, length in offsets(await sent(viewer))) == WINDOW_BYTES
    viewer.drew(CHUNK_BYTES)
    assert offsets(await sent(viewer)) == [(WINDOW_BYTES, CHUNK_BYTES)]


async def test_a_window_far_behind_goes_on_at_a_line_when_it_has_drawn_what_it_has() -> None:
    output = Scrollback(1000)
    viewer = viewer_of(output)
    output.append(b"x" * 500)
    assert offsets(await sent(viewer)) == [(0, 500)]
    output.append(b"line\n" * 1000)
    assert await sent(viewer) == []
    viewer.drew(500)
    ((begin, length),) = offsets(await sent(viewer))
    assert (begin % 5, begin + length) == (0, 5500)


async def test_a_window_far_behind_is_told_what_the_skipped_output_has_set() -> None:
    output = Scrollback(1000)
    begun: list[Beginning] = []
    viewer = Viewer(output, "here", Attached(viewer=1, offset=0, live=0), None, begun.append)
    output.append(b"\x1b[?2004h" + b"x" * 492)
    await sent(viewer)
    viewer.drew(500)
    output.append(b"\x1b[?1049h" + b"y" * 5000)
    state, *rest = await sent(viewer)
    assert isinstance(state, State)
    assert state.offset == offsets(rest)[0][0] == output.start
    sequences = base64.b64decode(state.sequences)
    assert sequences.startswith(b"\x1b[?2004h" + b"x" * 492)
    assert sequences.endswith(b"\x1b[?2004h")
    assert [one.is_blank for one in begun] == [True]


async def test_a_window_cannot_have_drawn_what_it_was_not_sent() -> None:
    viewer = viewer_of(Scrollback(10), 3)
    with pytest.raises(InvalidRequestError, match="ack: offset: 4 was not sent yet, 3 was"):
        viewer.drew(4)


async def test_the_end_comes_behind_the_last_output() -> None:
    output = Scrollback(2 * WINDOW_BYTES)
    output.append(b"x" * (WINDOW_BYTES + 10))
    viewer = viewer_of(output)
    viewer.end()
    viewer.show(CHANGED)
    assert len(offsets(await sent(viewer))) == WINDOW_BYTES // CHUNK_BYTES
    viewer.drew(WINDOW_BYTES)
    output_frame, *rest = await sent(viewer)
    assert offsets([output_frame]) == [(WINDOW_BYTES, 10)]
    assert rest == [CHANGED, None]


async def test_a_window_hears_once_of_many_changes() -> None:
    viewer = viewer_of(Scrollback(10))
    for count in range(1, 6):
        viewer.show(CHANGED)
        viewer.lost(count)
    assert await sent(viewer) == [Dropped(count=15), CHANGED]
    viewer.lost(OFFSET_LIMIT)
    viewer.lost(OFFSET_LIMIT)
    assert await sent(viewer) == [Dropped(count=OFFSET_LIMIT)]


def terminal() -> Terminal:
    """One whose shell has not begun."""
    return Terminal(OpenTerminal(id="0" * 32, cols=80, rows=24, who="somebody"), lambda: None)


async def test_a_window_that_comes_back_is_told_what_others_saw_meanwhile() -> None:
    one = terminal()
    one.output.append(b"x" * 100)
    away = one.attach("me", None)
    one.detach(away)
    one.output.append(b"x" * 100)
    other = one.attach("you", None)
    await sent(other)
    one.on_viewer_frame(other, Ack(offset=150))
    one.detach(other)
    assert await one.attach("me", 100).next() == Attached(viewer=3, offset=100, live=150)
    assert await one.attach("me", 180).next() == Attached(viewer=4, offset=180, live=180)
    await one.close()


async def test_a_window_cannot_have_what_was_not_written_yet() -> None:
    one = terminal()
    one.output.append(b"x" * 100)
    assert await one.attach("me", 5000).next() == Attached(viewer=1, offset=100, live=100)


async def test_the_farthest_window_sets_the_pace_and_without_one_whatever_was_seen() -> None:
    one = terminal()
    one.output.append(b"x" * 60_000)
    fast, slow = one.attach("me", None), one.attach("you", None)
    await sent(fast)
    one.on_viewer_frame(fast, Ack(offset=60_000))
    assert one._allowance() == 60_000 + WINDOW_BYTES
    one.detach(fast)
    assert one._allowance() == WINDOW_BYTES
    one.detach(slow)
    assert one._allowance() == 60_000 + SCROLLBACK_BYTES
    one._alone_since -= EXACT_SECONDS
    one.output.append(b"x" * 1_000_000)
    assert one._allowance() == 1_060_000 + WINDOW_BYTES
    await one.close()


async def test_whoever_typed_last_has_the_say_about_size_and_title() -> None:
    one = terminal()
    first, second = one.attach("me", None), one.attach("you", None)
    one.on_viewer_frame(first, Resize(cols=100, rows=30))
    one.on_viewer_frame(second, Resize(cols=50, rows=20))
    one.on_viewer_frame(first, Title(text="mine"))
    one.on_viewer_frame(second, Title(text="yours"))
    view = one.view()
    assert (view.cols, view.rows, view.title) == (100, 30, "mine")
    assert [viewer.driving for viewer in view.viewers] == [True, False]
    one.write_input(second, b"x")
    assert (one.view().cols, one.view().rows) == (50, 20)
    one.detach(second)
    assert (one.view().cols, [viewer.driving for viewer in one.view().viewers]) == (100, [True])


async def test_only_so_many_windows_look_at_one() -> None:
    one = terminal()
    for number in range(8):
        one.attach(f"{number}", None)
    with pytest.raises(ConflictError, match="8 windows look at this terminal already"):
        one.attach("one more", None)


async def test_a_window_hears_that_the_terminal_has_ended_also_when_it_says_something_meanwhile() -> None:
    """aiohttp closes with a code of its own when a frame comes just before `close` is called elsewhere."""
    codes: list[int | None] = []

    async def broker(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)

        async def talk() -> None:
            while not socket.closed:
                await socket.send_str(Ack(offset=0).model_dump_json())
                await asyncio.sleep(0)

        talking = asyncio.ensure_future(talk())
        async for _ in socket:
            pass
        codes.append(socket.close_code)
        talking.cancel()
        return socket

    app = web.Application()
    app.router.add_get("/", broker)
    async with TestClient(TestServer(app)) as client:
        for _ in range(20):
            one = terminal()
            socket = await client.ws_connect("/")
            serving = asyncio.ensure_future(_serve(socket, one, ASKED))
            await asyncio.sleep(0.01)
            one.viewers[0].end()
            await serving
            await one.close()
    assert codes == [CLOSE_ENDED] * 20


async def test_a_title_with_half_a_character_closes_no_window() -> None:
    async def broker(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(r'{"type": "title", "text": "half \ud83d"}')
        async for _ in socket:
            pass
        return socket

    app = web.Application()
    app.router.add_get("/", broker)
    async with TestClient(TestServer(app)) as client:
        told = asyncio.Event()
        one = Terminal(
            OpenTerminal(id="0" * 32, cols=80, rows=24, who="me"), lambda: one.view().title and told.set()
        )
        socket = await client.ws_connect("/")
        serving = asyncio.ensure_future(_serve(socket, one, ASKED))
        async with asyncio.timeout(30):
            await told.wait()
        assert one.view().title == "half \ufffd"
        one.viewers[0].end()
        await serving
        await one.close()


async def test_a_list_has_room_for_all_that_run_when_one_more_ends() -> None:
    told: list[list[TerminalView]] = []
    link: Any = SimpleNamespace(set_terminals=told.append)
    unused: Any = None
    terminals = Terminals(unused, unused, link, ManualSession())
    end = TerminalEnd(at=1.0, exit_code=0, signal=None, reason="")
    for number in range(2 * TERMINAL_LIMIT + 1):
        one = Terminal(OpenTerminal(id=f"{number:032x}", cols=80, rows=24, who="me"), lambda: None)
        one._pty = cast("Any", SimpleNamespace())
        one.end = end if number <= TERMINAL_LIMIT else None
        terminals._terminals[one.id] = one
    terminals._changed()
    (views,) = told
    assert [int(view.id, 16) for view in views] == list(range(1, 2 * TERMINAL_LIMIT + 1))
