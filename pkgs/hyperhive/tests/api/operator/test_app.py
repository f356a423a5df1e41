"""Every route of the TCP port demands a login, the admin socket none."""

import re

from aiohttp import ClientSession

from tests.api.conftest import RunningHive, StartHive, call, refusal

#: What answers without a session, and why: the login itself, and pages that look at the session.
PUBLIC = {("POST", "/api/login"), ("GET", "/")}


def _routes(hive: RunningHive) -> list[tuple[str, str]]:
    """Method and an example path of every route of the TCP application."""
    app = hive.broker.operator
    return sorted(
        (route.method, re.sub(r"\{[^}]*\}", "1", route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None
    )


async def test_every_route_of_the_tcp_port_demands_a_session(start_hive: StartHive) -> None:
    hive = await start_hive()
    hive.stranger.headers["Origin"] = hive.url
    refused = {}
    for method, path in _routes(hive):
        async with hive.stranger.request(method, path, json={}) as response:
            refused[method, path] = response.status == 401 and (
                method == "HEAD" or (await response.json())["error"]["key"] == "unauthorized"
            )
    assert len(refused) > 20
    assert {route for route, was_refused in refused.items() if not was_refused} == PUBLIC


async def test_unknown_paths_are_not_told_from_known_ones_without_a_session(start_hive: StartHive) -> None:
    hive = await start_hive()
    for path in ("/api/nothing", "/v1/me", "/admin/token", "/index.html", "/favicon.ico"):
        assert await refusal(hive.stranger, "GET", path) == (401, "unauthorized")


async def test_the_page_without_a_session_is_the_login_page(start_hive: StartHive) -> None:
    hive = await start_hive()
    async with hive.stranger.get("/") as response:
        assert "log in" in await response.text()


async def test_the_admin_socket_answers_the_same_without_a_login(hive: RunningHive) -> None:
    await hive.send("alice", "operator", "done")
    for path in ("/api/messages", "/api/questions", "/api/agents/alice", "/api/agents/alice/events"):
        assert await call(hive.admin, "GET", path) == await call(hive.browser, "GET", path)
    assert await refusal(hive.admin, "POST", "/api/login", {"token": "x"}) == (404, "not_found")
    assert await refusal(hive.admin, "GET", "/") == (404, "not_found")


async def test_the_admin_socket_knows_the_login_address(hive: RunningHive) -> None:
    status, answer = await call(hive.admin, "GET", "/admin/token")
    assert (status, answer) == (200, {"url": hive.broker.login_url()})
    async with ClientSession() as fresh, fresh.get(answer["url"], allow_redirects=False) as response:
        assert response.headers["Location"] == "/"
