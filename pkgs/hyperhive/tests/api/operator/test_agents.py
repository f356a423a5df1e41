"""One agent for the operator: view, log, policy."""

from tests.api.conftest import RunningHive, StartHive, call, refusal


async def test_an_agents_view_shows_policy_state_and_depth(start_hive: StartHive) -> None:
    hive = await start_hive(
        agents={"alice": {"bash": ["git *"], "allowed_recipients": ["operator"]}, "bob": {}}
    )
    await hive.send("bob", "alice", "hello")
    status, view = await call(hive.admin, "GET", "/api/agents/alice")
    chosen = {key: view[key] for key in ("name", "role", "models", "policy", "inbox_depth")}
    assert (status, chosen) == (
        200,
        {
            "name": "alice",
            "role": "agent",
            "models": ["claude-test"],
            "policy": {
                "allowed_recipients": ["operator"],
                "bash": ["git *"],
                "tools": ["Bash"],
                "mcp_servers": {},
            },
            "inbox_depth": 1,
        },
    )
    assert view["status"]["state"] == "offline"


async def test_an_unknown_agent_is_not_found_on_every_route(hive: RunningHive) -> None:
    for method, path in (
        ("GET", "/api/agents/nobody"),
        ("GET", "/api/agents/nobody/events"),
        ("GET", "/api/agents/operator"),
        ("POST", "/api/agents/nobody/cancel"),
        ("POST", "/api/agents/nobody/explain"),
    ):
        assert await refusal(hive.browser, method, path, {"command": "x"}) == (404, "not_found")
