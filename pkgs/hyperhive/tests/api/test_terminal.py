"""Terminals on the broker's sockets: who may look on, type and dial, what passes, and what does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import WSCloseCode
from yarl import URL

from hyperhive.protocol.base import CLOSE_LEFT
from hyperhive.protocol.terminal import CLOSE_ENDED, FRAME_BYTES, OFFSET_LIMIT
from tests.api.conftest import RunningHive, call, refusal
from tests.api.terminals import PATH, SIZE, PlayedHarness, PlayedViewer
from tests.terminal_window import Window

#: A binary frame without content, as a client masks it.
EMPTY_FRAME = b"\x82\x80\0\0\0\0"


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
async def harness(hive: RunningHive, stack: AsyncExitStack) -> PlayedHarness:
    played = PlayedHarness(hive, stack)
    await played.connect()
    return played


async def refused(hive: RunningHive, path: str, **headers: str) -> int:
    """Status with which a WebSocket is refused that comes with the operator's cookie and these headers."""
    cookies = hive.browser.cookie_jar.filter_cookies(URL(hive.url))
    jar = {name: morsel.value for name, morsel in cookies.items()}
    async with aiohttp.ClientSession(cookies=jar, cookie_jar=aiohttp.CookieJar(unsafe=True)) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await client.ws_connect(f"{hive.url}{path}", headers=headers)
    return caught.value.status


async def unknown(harness: PlayedHarness, viewer: str, agent: str = "alice") -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await harness.dial(viewer, agent)
    assert caught.value.status == 404


async def test_output_and_input_pass_both_ways_as_they_are(hive: RunningHive, harness: PlayedHarness) -> None:
    terminal = await harness.open()
    window, viewer = await harness.show(terminal, have=7)
    assert window.first == {"type": "attached", "viewer": 1, "offset": 7, "live": 7}
    await viewer.write(b"\x1b[1mhello\x1b[0m\xff")
    await window.until(b"\x1b[1mhello\x1b[0m\xff")
    assert (await viewer.frame("ack"))["offset"] == window.offset
    await window.say(type="resize", cols=100, rows=30)
    await window.type("ls\r")
    await window.say(type="title", text="<b>bash</b>")
    assert await viewer.frame("resize") == {"type": "resize", "cols": 100, "rows": 30}
    assert (await viewer.frame("title"))["text"] == "<b>bash</b>"
    assert viewer.typed == b"ls\r"
    await viewer.say(type="dropped", count=3)
    await viewer.socket.close(code=CLOSE_ENDED)
    assert await window.rest() == CLOSE_ENDED
    assert window.dropped == 3


async def test_the_list_is_what_the_harness_tells_and_whether_it_is_there(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    await harness.open()
    harness.terminals[0] |= {"title": "<b>bash</b>", "cols": 100, "rows": 30}
    harness.terminals[0]["viewers"] = [{"id": 1, "who": "127.0.0.1", "since": 2.0, "driving": True}]
    await harness.report()
    async with asyncio.timeout(30):
        while not (listed := (await call(hive.browser, "GET", PATH))[1])["terminals"][0]["title"]:
            pass
    assert listed == {
        "limit": 8,
        "contained": False,
        "terminals": [harness.terminals[0] | {"opened_by": "127.0.0.1", "connected": True}],
    }
    assert harness.link is not None
    await harness.link.close()
    async with asyncio.timeout(30):
        while (await call(hive.browser, "GET", PATH))[1]["terminals"][0]["connected"]:
            pass


async def test_a_harness_dials_only_for_windows_that_wait_for_its_own_agent(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal = await harness.open()
    for name in ("0" * 32, "x", "%C3%A4%FF" + terminal[:30], terminal):
        await unknown(harness, name)
    opening = asyncio.ensure_future(Window.open(hive.browser, f"{PATH}/{terminal}", stack))
    viewer = (await harness.asked("attach_viewer"))["viewer"]
    await unknown(harness, viewer, agent="bob")
    assert await refusal(hive.agents["alice"], "GET", f"/v1/terminals/{viewer}") == (400, "invalid_request")
    played = await harness.dial(viewer)
    await unknown(harness, viewer)
    await played.say(type="attached", viewer=1, offset=0, live=0)
    window = await opening
    await window.socket.close()
    assert await played.closed() == CLOSE_LEFT
    await unknown(harness, viewer)


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"x" * (FRAME_BYTES + 1), WSCloseCode.MESSAGE_TOO_BIG),
        ("x" * (FRAME_BYTES + 1), WSCloseCode.MESSAGE_TOO_BIG),
        ("{", WSCloseCode.POLICY_VIOLATION),
        ('{"type": "open"}', WSCloseCode.POLICY_VIOLATION),
        ('{"type": "beat"}', WSCloseCode.POLICY_VIOLATION),
        ('{"type": "attached", "viewer": 1, "offset": -1, "live": 0}', WSCloseCode.POLICY_VIOLATION),
        ('{"type": "changed", "terminals": [{"id": "x"}]}', WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "dropped", "count": OFFSET_LIMIT + 1}), WSCloseCode.POLICY_VIOLATION),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_wrong_or_too_large_frame_of_a_harness_closes_its_window_only(
    harness: PlayedHarness, frame: str | bytes, code: WSCloseCode
) -> None:
    terminal = await harness.open()
    window, bad = await harness.show(terminal)
    other, good = await harness.show(terminal)
    if isinstance(frame, bytes):
        await bad.socket.send_bytes(frame)
    else:
        await bad.socket.send_str(frame)
    assert await bad.closed() == code
    assert await window.rest() == CLOSE_LEFT
    assert window.output == b""
    await good.write(b"hello")
    await other.until("hello")


async def test_a_wrong_list_closes_the_link(harness: PlayedHarness) -> None:
    await harness.open()
    harness.terminals[0]["since"] = float("inf")
    await harness.report()
    assert harness.link is not None
    while not harness.link.closed:
        await harness.link.receive()
    assert harness.link.close_code == WSCloseCode.POLICY_VIOLATION


async def test_a_window_that_draws_nothing_holds_the_harness_up(harness: PlayedHarness) -> None:
    terminal = await harness.open()
    window, viewer = await harness.show(terminal)
    await hold_up(viewer)
    await window.seen(viewer.end - 32 * 1024)


async def test_empty_frames_for_a_window_that_draws_nothing_are_not_read(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    terminal = await harness.open()
    window, viewer = await harness.show(terminal)
    transport(window.socket).pause_reading()
    [relayed] = hive.broker.services.terminals._known["alice"].viewers.values()
    dialled = relayed.harness.result()
    # One at a time until the broker is stuck with it, so that little content waits behind it.
    stuck = 0
    while stuck < 10:
        waits = not dialled.transport.is_reading() or dialled.frames._reader._buffer  # type: ignore[union-attr] # open
        stuck = stuck + 1 if waits else 0
        if not waits:
            await viewer.write(bytes(32 * 1024))
        await asyncio.sleep(0.02)
    outgoing, frames = transport(viewer.socket), 0
    # What the kernel does not take stays with the harness, once the broker reads no more.
    while outgoing.get_write_buffer_size() < 1024 * 1024:
        assert frames < 1_000_000, "the broker reads on"
        outgoing.write(EMPTY_FRAME * 10_000)
        frames += 10_000
        await asyncio.sleep(0.01)
    outgoing.abort()
    transport(window.socket).resume_reading()


async def hold_up(viewer: PlayedViewer) -> None:
    """Write until nothing is taken any more; what lies between is in buffers of kernel and programs."""
    while viewer.end < 256 * 1024 * 1024:
        try:
            async with asyncio.timeout(1):
                await viewer.write(bytes(32 * 1024))
        except TimeoutError:
            return
    pytest.fail("the harness was never held up")


def transport(socket: aiohttp.ClientWebSocketResponse) -> asyncio.Transport:
    connection = socket._response.connection
    assert connection is not None
    found = connection.transport
    assert isinstance(found, asyncio.Transport)
    return found


async def test_a_websocket_of_another_site_or_of_none_is_refused(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    terminal = await harness.open()
    path = f"{PATH}/{terminal}"
    port = hive.url.rpartition(":")[2]
    assert await refused(hive, path) == 403
    for origin in (
        "http://evil.example",
        "null",
        f"https://127.0.0.1:{port}",
        f"http://127.0.0.1:{port}.evil.example",
        f"http://localhost:{port}",
        "http://127.0.0.1",
    ):
        assert await refused(hive, path, Origin=origin) == 403, origin
    # DNS rebinding: the attacker's name leads here, and his page's origin is that name.
    evil = f"evil.example:{port}"
    assert await refused(hive, path, Host=evil, Origin=f"http://{evil}") == 403


async def test_a_cookie_that_was_logged_out_opens_nothing_and_closes_what_it_had_open(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal = await harness.open()
    path = f"{PATH}/{terminal}"
    cookies = hive.browser.cookie_jar.filter_cookies(URL(hive.url))
    stolen = {name: morsel.value for name, morsel in cookies.items()}
    thief = aiohttp.ClientSession(hive.url, cookies=stolen, cookie_jar=aiohttp.CookieJar(unsafe=True))
    await stack.enter_async_context(thief)
    thief.headers["Origin"] = hive.url
    own, _ = await harness.show(terminal)
    others, _ = await harness.show(terminal, thief)
    assert (await call(hive.browser, "POST", "/api/logout", {}))[0] == 200
    assert [await own.rest(), await others.rest()] == [CLOSE_LEFT, CLOSE_LEFT]
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await thief.ws_connect(path)
    assert caught.value.status == 401
    assert await refusal(thief, "POST", PATH, SIZE) == (401, "unauthorized")
    # The shell lives on, for whoever logs in again.
    await hive.log_in()
    again, viewer = await harness.show(terminal)
    await viewer.write(b"still here")
    await again.until("still here")


async def test_a_session_that_ended_by_itself_is_noticed_at_the_next_word(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal = await harness.open()
    window, viewer = await harness.show(terminal)
    hive.broker.services.sessions._expiry.clear()
    await window.type("rm -rf /\r")
    assert await window.rest() == CLOSE_LEFT
    assert await viewer.closed() == CLOSE_LEFT
    assert viewer.typed == b""


async def test_a_session_that_ended_by_itself_is_noticed_by_a_window_that_says_nothing(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.terminal.BEAT_SECONDS", 0.1)
    terminal = await harness.open()
    window, _ = await harness.show(terminal)
    hive.broker.services.sessions._expiry.clear()
    assert await window.rest() == CLOSE_LEFT


@pytest.mark.parametrize("frame", [b"x" * (FRAME_BYTES + 1), "x" * (FRAME_BYTES + 1)])
async def test_a_frame_that_is_too_large_closes_its_window_only(
    harness: PlayedHarness, frame: str | bytes
) -> None:
    terminal = await harness.open()
    bad, _ = await harness.show(terminal)
    good, viewer = await harness.show(terminal)
    if isinstance(frame, bytes):
        await bad.socket.send_bytes(frame)
    else:
        await bad.socket.send_str(frame)
    assert await bad.rest() == WSCloseCode.MESSAGE_TOO_BIG
    await viewer.write(b"hello")
    await good.until("hello")
    assert viewer.typed == b""


async def test_calls_that_cannot_be_are_refused_in_the_one_shape(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    browser = hive.browser
    assert await refusal(browser, "GET", "/api/agents/nobody/terminals") == (404, "not_found")
    assert await refusal(browser, "POST", "/api/agents/nobody/terminals", SIZE) == (404, "not_found")
    assert await refusal(browser, "POST", "/api/agents/bob/terminals", SIZE) == (409, "conflict")
    for wrong in ({}, {"cols": 80}, {"cols": 1, "rows": 24}, {"cols": 80, "rows": 201}, SIZE | {"x": 1}):
        assert await refusal(browser, "POST", PATH, wrong) == (400, "invalid_request")
    terminal = await harness.open()
    path = f"{PATH}/{terminal}"
    assert await refusal(browser, "GET", path) == (400, "invalid_request")
    for query in ("have=-1", "have=x", f"have={2**53}", "have=1&other=2"):
        assert await refusal(browser, "GET", f"{path}?{query}") == (400, "invalid_request")
    assert await refusal(browser, "POST", f"{PATH}/{'0' * 32}/kill", {}) == (404, "not_found")
    assert await refused(hive, f"{PATH}/{'0' * 32}", Origin=hive.url) == 404
    assert await refused(hive, f"/api/agents/bob/terminals/{terminal}", Origin=hive.url) == 404


async def test_only_so_many_windows_look_at_a_terminal(hive: RunningHive, harness: PlayedHarness) -> None:
    terminal = await harness.open()
    windows = [await harness.show(terminal) for _ in range(8)]
    assert await refused(hive, f"{PATH}/{terminal}", Origin=hive.url) == 409
    window, viewer = windows[0]
    await window.socket.close()
    await viewer.closed()
    await harness.show(terminal)


async def test_a_harness_that_does_not_open_one_in_time_is_not_waited_for(
    hive: RunningHive, harness: PlayedHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hive.broker.services.terminals, "_open_seconds", 0.1)
    status, problem = await call(hive.browser, "POST", PATH, SIZE)
    assert (status, problem["error"]["message"]) == (
        503,
        "the harness of alice did not open a terminal within 0.1 seconds",
    )
    late = await harness.asked("open_terminal")
    assert (await harness.asked("kill_terminal"))["id"] == late["id"]
    assert (await call(hive.browser, "GET", PATH))[1]["terminals"] == []


async def test_a_harness_that_does_not_dial_in_time_is_not_waited_for(
    hive: RunningHive, harness: PlayedHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = await harness.open()
    monkeypatch.setattr(hive.broker.services.terminals, "_open_seconds", 0.1)
    assert await refused(hive, f"{PATH}/{terminal}", Origin=hive.url) == 503
    await unknown(harness, (await harness.asked("attach_viewer"))["viewer"])


async def test_windows_close_when_the_broker_stops(hive: RunningHive, harness: PlayedHarness) -> None:
    terminal = await harness.open()
    window, viewer = await harness.show(terminal)
    codes: list[Any] = await asyncio.gather(hive.broker.stop(), window.rest(), viewer.closed())
    assert codes[1:] == [CLOSE_LEFT, CLOSE_LEFT]


async def test_a_window_closes_with_its_harness(harness: PlayedHarness) -> None:
    terminal = await harness.open()
    window, viewer = await harness.show(terminal)
    viewer.socket._writer.transport.abort()
    assert await window.rest() == CLOSE_LEFT


async def test_no_window_waits_for_a_harness_that_does_not_close(
    hive: RunningHive, harness: PlayedHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.sockets._CLOSE_SECONDS", 60)
    terminal = await harness.open()
    window, _ = await harness.show(terminal)
    async with asyncio.timeout(30):
        assert (await call(hive.browser, "POST", "/api/logout", {}))[0] == 200
        assert await window.rest() == CLOSE_LEFT
