"""The Bash policy, tried without running anything."""

from tests.api.conftest import StartHive, call


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
