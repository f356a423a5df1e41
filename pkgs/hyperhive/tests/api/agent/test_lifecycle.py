"""What only the manager's socket answers, over a supervisor with small real processes."""

from collections.abc import AsyncIterator

import pytest

from hyperhive.protocol.lifecycle import Verb
from tests.api.conftest import RunningHive, call, refusal
from tests.sleepers import sleeping_agents


@pytest.fixture
async def supervised(hive: RunningHive) -> AsyncIterator[RunningHive]:
    """The default hive, with something that runs its agents."""
    async with sleeping_agents(hive.config):
        yield hive


async def test_the_manager_stops_and_starts_the_others_and_sees_how_they_are(supervised: RunningHive) -> None:
    boss = supervised.agents["boss"]
    status, brief = await call(boss, "POST", "/v1/agents/alice/stop")
    assert (status, brief["state"], brief["detail"], brief["actions"]) == (
        200,
        "stopped",
        "stopped by boss",
        ["start"],
    )
    status, listed = await call(boss, "GET", "/v1/agents")
    assert status == 200
    assert [(one["name"], one["state"], one["actions"]) for one in listed["agents"]] == [
        ("alice", "stopped", ["start"]),
        ("bob", "starting", ["stop", "restart"]),
        ("boss", "starting", []),
    ]
    assert listed["agents"][0] == brief
    assert (await call(boss, "POST", "/v1/agents/alice/start"))[1]["state"] == "starting"
    assert (await call(boss, "POST", "/v1/agents/bob/restart"))[0] == 200


async def test_every_call_of_the_manager_is_in_a_log_that_the_operator_sees(supervised: RunningHive) -> None:
    boss = supervised.agents["boss"]
    await call(boss, "POST", "/v1/agents/alice/stop")
    await call(boss, "POST", "/v1/agents/alice/stop")
    await call(boss, "POST", "/v1/agents/boss/stop")

    async def log(name: str) -> list[str]:
        page = (await call(supervised.browser, "GET", f"/api/agents/{name}/events"))[1]
        return [event["data"]["text"] for event in page["events"]]

    assert await log("alice") == ["alice was stopped by boss"]
    itself, again = await log("boss")
    assert itself.startswith("boss asked to stop boss: boss cannot stop itself: ")
    assert again.startswith("boss asked to stop alice: cannot stop alice: it is stopped (stopped by boss); ")


async def test_a_manager_cannot_stop_itself_but_the_operator_can_stop_it(supervised: RunningHive) -> None:
    for verb in Verb:
        refused = await refusal(supervised.agents["boss"], "POST", f"/v1/agents/boss/{verb}")
        assert refused == (403, "forbidden")
    status, view = await call(supervised.browser, "POST", "/api/agents/boss/stop")
    assert (status, view["status"]["state"]) == (200, "stopped")


async def test_for_everybody_else_it_is_forbidden_whoever_is_named(supervised: RunningHive) -> None:
    alice = supervised.agents["alice"]
    for method, path in (
        ("GET", "/v1/agents"),
        ("POST", "/v1/agents/bob/stop"),
        ("POST", "/v1/agents/alice/restart"),
        ("POST", "/v1/agents/nobody/start"),
    ):
        assert await refusal(alice, method, path) == (403, "forbidden")
    listed = (await call(supervised.agents["boss"], "GET", "/v1/agents"))[1]["agents"]
    assert {one["state"] for one in listed} <= {"offline", "starting"}


async def test_an_unknown_agent_is_not_found(supervised: RunningHive) -> None:
    boss = supervised.agents["boss"]
    assert await refusal(boss, "POST", "/v1/agents/ghost/start") == (404, "not_found")
    assert await refusal(boss, "POST", "/v1/agents/operator/stop") == (404, "not_found")
