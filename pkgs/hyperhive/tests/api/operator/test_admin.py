"""The admin socket."""

from aiohttp import ClientSession

from tests.api.conftest import RunningHive, call, refusal


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
