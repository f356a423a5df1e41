"""Terminals from the operator's side: who may look on and type, and who may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from yarl import URL

from hyperhive.protocol.terminal import CLOSE_ENDED, CLOSE_LEFT, FRAME_BYTES
from tests.api.conftest import RunningHive, call, refusal
from tests.api.terminals import PATH, SIZE, PlayedHarness, closed
from tests.terminal_window import Window


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


async def notes(hive: RunningHive, count: int) -> list[str]:
    """The notes of the agent's log, newest first, once there are so many."""
    async with asyncio.timeout(10):
        while True:
            _, page = await call(hive.browser, "GET", "/api/agents/alice/events")
            if len(page["events"]) >= count:
                return [event["data"]["text"] for event in page["events"]]


async def test_output_and_input_pass_and_the_list_says_who_looks_on(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal, shell = await harness.open()
    await shell.write(b"\x1b[1mhello\x1b[0m\xff")
    window = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    await window.until(b"\x1b[1mhello\x1b[0m\xff")
    await window.say(type="title", text="<b>bash</b>")
    await window.say(type="resize", cols=100, rows=30)
    await window.type("ls\r")
    assert await shell.told("resize") == {"type": "resize", "cols": 100, "rows": 30}
    await shell.heard(b"ls\r")
    status, listed = await call(hive.browser, "GET", PATH)
    (view,) = listed["terminals"]
    (viewer,) = view["viewers"]
    assert (status, listed["limit"], listed["contained"]) == (200, 8, False)
    assert (view["title"], view["cols"], view["rows"]) == ("<b>bash</b>", 100, 30)
    assert (view["opened_by"], view["since"], viewer["who"]) == ("127.0.0.1", 1.0, "127.0.0.1")

    await shell.say(type="ended", exit_code=0, signal=None, reason="")
    assert await shell.closed() == CLOSE_ENDED
    assert await window.rest() == CLOSE_ENDED
    assert await notes(hive, 2) == [
        "A terminal was closed: exit code 0.",
        "A terminal was opened by the operator (127.0.0.1).",
    ]


async def test_a_websocket_of_another_site_or_of_none_is_refused(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    terminal, _ = await harness.open()
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
    terminal, shell = await harness.open()
    path = f"{PATH}/{terminal}"
    cookies = hive.browser.cookie_jar.filter_cookies(URL(hive.url))
    stolen = {name: morsel.value for name, morsel in cookies.items()}
    thief = aiohttp.ClientSession(hive.url, cookies=stolen, cookie_jar=aiohttp.CookieJar(unsafe=True))
    await stack.enter_async_context(thief)
    thief.headers["Origin"] = hive.url
    own = await Window.open(hive.browser, path, stack)
    others = await Window.open(thief, path, stack)
    assert (await call(hive.browser, "POST", "/api/logout", {}))[0] == 200
    assert [await own.rest(), await others.rest()] == [CLOSE_LEFT, CLOSE_LEFT]
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await thief.ws_connect(path)
    assert caught.value.status == 401
    assert await refusal(thief, "POST", PATH, SIZE) == (401, "unauthorized")
    # The shell lives on, for whoever logs in again.
    await hive.log_in()
    again = await Window.open(hive.browser, path, stack)
    await shell.write(b"still here")
    await again.until("still here")


async def test_a_session_that_ended_by_itself_is_noticed_at_the_next_word(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal, _ = await harness.open()
    window = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    hive.broker.services.sessions._expiry.clear()
    await window.type("rm -rf /\r")
    assert await window.rest() == CLOSE_LEFT


async def test_a_session_that_ended_by_itself_is_noticed_by_a_window_that_says_nothing(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.api.operator.terminal.BEAT_SECONDS", 0.1)
    terminal, _ = await harness.open()
    window = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    hive.broker.services.sessions._expiry.clear()
    assert await window.rest() == CLOSE_LEFT


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"x" * (FRAME_BYTES + 1), aiohttp.WSCloseCode.MESSAGE_TOO_BIG),
        ("x" * (FRAME_BYTES + 1), aiohttp.WSCloseCode.MESSAGE_TOO_BIG),
        ("{", aiohttp.WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "kill"}), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "ack", "offset": 10}), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "ack", "offset": -1}), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "resize", "cols": 501, "rows": 24}), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "resize", "cols": 80, "rows": 0}), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (json.dumps({"type": "title", "text": "x" * 201}), aiohttp.WSCloseCode.POLICY_VIOLATION),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_frame_that_is_too_large_or_wrong_closes_its_window_only(
    hive: RunningHive,
    harness: PlayedHarness,
    stack: AsyncExitStack,
    frame: str | bytes,
    code: aiohttp.WSCloseCode,
) -> None:
    terminal, shell = await harness.open()
    bad = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    good = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    if isinstance(frame, bytes):
        await bad.socket.send_bytes(frame)
    else:
        await bad.socket.send_str(frame)
    assert await bad.rest() == code
    await shell.write(b"hello")
    await good.until("hello")
    assert shell.typed == b""


async def test_calls_that_cannot_be_are_refused_in_the_one_shape(
    hive: RunningHive, harness: PlayedHarness
) -> None:
    browser = hive.browser
    assert await refusal(browser, "GET", "/api/agents/nobody/terminals") == (404, "not_found")
    assert await refusal(browser, "POST", "/api/agents/nobody/terminals", SIZE) == (404, "not_found")
    assert await refusal(browser, "POST", "/api/agents/bob/terminals", SIZE) == (409, "conflict")
    for wrong in ({}, {"cols": 80}, {"cols": 1, "rows": 24}, {"cols": 80, "rows": 201}, SIZE | {"x": 1}):
        assert await refusal(browser, "POST", PATH, wrong) == (400, "invalid_request")
    terminal, _ = await harness.open()
    path = f"{PATH}/{terminal}"
    assert await refusal(browser, "GET", path) == (400, "invalid_request")
    for query in ("have=-1", "have=x", f"have={2**53}", "have=1&other=2"):
        assert await refusal(browser, "GET", f"{path}?{query}") == (400, "invalid_request")
    assert await refusal(browser, "POST", f"{PATH}/{'0' * 32}/kill", {}) == (404, "not_found")
    assert await refused(hive, f"{PATH}/{'0' * 32}", Origin=hive.url) == 404
    assert await refused(hive, f"/api/agents/bob/terminals/{terminal}", Origin=hive.url) == 404


async def test_only_so_many_windows_look_at_a_terminal(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal, _ = await harness.open()
    for _ in range(8):
        await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    assert await refused(hive, f"{PATH}/{terminal}", Origin=hive.url) == 409


async def test_a_harness_that_does_not_open_one_in_time_is_not_waited_for(
    hive: RunningHive, harness: PlayedHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hive.broker.services.terminals, "_open_seconds", 0.1)
    status, problem = await call(hive.browser, "POST", PATH, SIZE)
    assert (status, problem["error"]["message"]) == (
        503,
        "the harness of alice did not open a terminal within 0.1 seconds",
    )
    late = await harness.asked()
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        await harness.dial(late["id"])
    assert caught.value.status == 404
    assert (await call(hive.browser, "GET", PATH))[1]["terminals"] == []


async def test_windows_close_when_the_broker_stops(
    hive: RunningHive, harness: PlayedHarness, stack: AsyncExitStack
) -> None:
    terminal, shell = await harness.open()
    window = await Window.open(hive.browser, f"{PATH}/{terminal}", stack)
    codes: list[Any] = await asyncio.gather(hive.broker.stop(), window.rest(), closed(shell.socket))
    assert codes[1:] == [CLOSE_LEFT, CLOSE_LEFT]
