"""Logging in and out, by token, by address and by password."""

import asyncio
from http.cookies import SimpleCookie

from tests.api.conftest import RunningHive, StartHive, call, refusal


def _cookie(header: str) -> dict[str, str | bool]:
    [morsel] = SimpleCookie(header).values()
    return {key: morsel[key] for key in ("httponly", "samesite", "path", "secure", "domain")}


async def test_the_token_opens_a_session_whose_cookie_no_script_and_no_other_site_can_use(
    start_hive: StartHive,
) -> None:
    hive = await start_hive()
    token = hive.broker.services.sessions.token()
    async with hive.browser.post("/api/login", json={"token": token}) as response:
        assert (response.status, await response.json()) == (200, {"ok": True})
        assert _cookie(response.headers["Set-Cookie"]) == {
            "httponly": True,
            "samesite": "Strict",
            "path": "/",
            "secure": "",
            "domain": "",
        }
    assert (await call(hive.browser, "GET", "/api/state"))[0] == 200


async def test_anything_else_opens_none(start_hive: StartHive) -> None:
    hive = await start_hive()
    trials: list[tuple[dict[str, object], tuple[int, str]]] = [
        ({"token": "wrong"}, (401, "unauthorized")),
        ({"password": "there is none"}, (401, "unauthorized")),
        ({"token": "a", "password": "b"}, (400, "invalid_request")),
        ({}, (400, "invalid_request")),
        ({"token": 7}, (400, "invalid_request")),
        ({"token": "x" * 70_000}, (413, "too_large")),
    ]
    for body, expected in trials:
        assert await refusal(hive.browser, "POST", "/api/login", body) == expected
    assert await refusal(hive.browser, "GET", "/api/state") == (401, "unauthorized")


async def test_the_login_address_sets_the_cookie_and_takes_the_token_out_of_the_address_bar(
    start_hive: StartHive,
) -> None:
    hive = await start_hive()
    async with hive.browser.get(hive.broker.login_url(), allow_redirects=False) as response:
        headers = {name: response.headers[name] for name in ("Location", "Referrer-Policy", "Cache-Control")}
        assert (response.status, headers) == (
            303,
            {"Location": "/", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"},
        )
    async with hive.browser.get("/") as response:
        assert "console" in await response.text()


async def test_a_wrong_login_address_leads_to_the_login_page(start_hive: StartHive) -> None:
    hive = await start_hive()
    async with hive.browser.get("/?token=wrong", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/#refused")
        assert "Set-Cookie" not in response.headers
    async with hive.browser.get("/") as response:
        assert "log in" in await response.text()


async def test_logging_out_ends_the_session_and_its_streams(hive: RunningHive) -> None:
    async with hive.browser.get("/messages/stream") as stream:
        await stream.content.readuntil(b"\n\n")
        assert await call(hive.browser, "POST", "/api/logout") == (200, {"ok": True})
        assert await asyncio.wait_for(stream.content.read(), 30) == b""
    assert await refusal(hive.browser, "GET", "/api/state") == (401, "unauthorized")


async def test_a_taken_cookie_is_worth_nothing_after_the_logout(hive: RunningHive) -> None:
    [taken] = hive.browser.cookie_jar
    await call(hive.browser, "POST", "/api/logout")
    cookies = {taken.key: taken.value}
    assert await refusal(hive.stranger, "GET", "/api/state", cookies=cookies) == (401, "unauthorized")


async def test_other_sessions_stay_when_one_logs_out(hive: RunningHive) -> None:
    [first] = hive.browser.cookie_jar
    hive.browser.cookie_jar.clear()
    await hive.log_in()
    await call(hive.browser, "POST", "/api/logout")
    status, _ = await call(hive.stranger, "GET", "/api/state", cookies={first.key: first.value})
    assert status == 200
