"""One agent for the operator: view, log, model, policy."""

from hyperhive.config.models import BrokerLimitsConfig
from hyperhive.protocol.events import NewEvent, Note, TurnStart
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
                "turns_per_day": None,
                "usd_cents_per_day": None,
                "compact_above_percent": 0,
                "compact_notes_above_bytes": 0,
                "silent_minutes": 10,
                "limits": None,
                "broker_limits": BrokerLimitsConfig.default_values(),
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
        ("POST", "/api/agents/nobody/compact"),
        ("POST", "/api/agents/nobody/new-session"),
        ("POST", "/api/agents/nobody/model"),
    ):
        body = {"model": "x"} if path.endswith("model") else {"command": "x"}
        assert await refusal(hive.browser, method, path, body) == (404, "not_found")


async def test_a_model_is_chosen_without_a_connection_and_another_name_is_refused_with_the_list(
    start_hive: StartHive,
) -> None:
    hive = await start_hive(agents={"alice": {"models": ["claude-test", "opus"]}})
    status, view = await call(hive.admin, "POST", "/api/agents/alice/model", {"model": "opus"})
    assert (status, view["model"]["chosen"]) == (200, "opus")
    for body, message in (
        (
            {"model": "<b>"},
            "model: alice has no model '<b>', only claude-test, opus; `default` is claude-test",
        ),
        ({"model": ""}, "body.model: String should have at least 1 character (value: '')"),
        ({"model": 3}, "body.model: Input should be a valid string (value: 3)"),
        ({}, "body.model: Field required"),
        ({"model": "x" * 201}, None),
    ):
        status, answer = await call(hive.admin, "POST", "/api/agents/alice/model", body)
        assert (status, answer["error"]["key"]) == (400, "invalid_request")
        assert message in {None, answer["error"]["message"]}
    _, view = await call(hive.admin, "GET", "/api/agents/alice")
    assert view["model"] == {"configured": "claude-test", "chosen": "opus"}
    _, view = await call(hive.admin, "POST", "/api/agents/alice/model", {"model": "default"})
    assert view["model"]["chosen"] is None


async def test_a_log_is_paged_in_both_directions_and_by_kind(hive: RunningHive) -> None:
    notes = [NewEvent(ts=1.0, turn=None, data=Note(text=str(number))) for number in range(5)]
    turn = NewEvent(ts=1.0, turn="t", data=TurnStart())
    await hive.broker.services.events.append("alice", [*notes, turn])

    async def page(query: str) -> tuple[list[int], int | None, int | None]:
        status, found = await call(hive.browser, "GET", f"/api/agents/alice/events?{query}")
        assert status == 200, found
        return [one["id"] for one in found["events"]], found["next_before"], found["next_after"]

    assert await page("limit=2") == ([6, 5], 5, None)
    assert await page("limit=2&before=5") == ([4, 3], 3, None)
    assert await page("limit=2&after=0") == ([2, 1], None, 2)
    assert await page("limit=4&after=2") == ([6, 5, 4, 3], None, None)
    assert await page("kinds=turn_start,turn_end") == ([6], None, None)


async def test_a_wrong_page_of_a_log_is_refused_with_field_and_value(hive: RunningHive) -> None:
    for query, said in {
        "kinds=text,lies": "query.kinds.1: Input should be 'turn_start', 'text'",
        "kinds=": "query.kinds.0: Input should be",
        "after=-1": "query.after: Input should be greater than or equal to 0 (value: '-1')",
    }.items():
        status, answer = await call(hive.browser, "GET", f"/api/agents/alice/events?{query}")
        assert (status, answer["error"]["key"]) == (400, "invalid_request")
        assert answer["error"]["message"].startswith(said)


async def test_a_command_is_judged_by_the_agents_own_policy(start_hive: StartHive) -> None:
    hive = await start_hive(agents={"alice": {"bash": ["git *"]}, "bob": {"bash": None}})
    path = "/api/agents/alice/explain"
    status, verdict = await call(hive.admin, "POST", path, {"command": "git log; whoami"})
    assert (status, verdict["allowed"], verdict["rule"]) == (200, False, "no_pattern")
    assert [(one["text"], one["allowed"]) for one in verdict["commands"]] == [
        ("git log", True),
        ("whoami", False),
    ]
    _, verdict = await call(hive.admin, "POST", "/api/agents/bob/explain", {"command": "whoami"})
    assert (verdict["allowed"], verdict["rule"]) == (True, "any_command")
