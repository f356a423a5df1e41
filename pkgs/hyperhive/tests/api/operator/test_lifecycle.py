"""The operator starts and stops agents, over the stand-in for systemctl in tests/systemctl.py."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.systemctl import Systemctl

UNIT = "container@h-alice.service"


@pytest.fixture
async def contained(start_hive: StartHive, systemctl: Systemctl) -> RunningHive:
    """A hive whose agents are in containers, all of them running; the operator is logged in."""
    for name in ("alice", "bob", "boss"):
        systemctl.unit(name, "active")
    hive = await start_hive(runtime="nixos")
    await hive.log_in()
    return hive


def summary(view: dict[str, Any]) -> tuple[str, str, str, list[str]]:
    return view["status"]["state"], view["status"]["detail"], view["unit"]["state"], view["actions"]


@pytest.mark.parametrize("door", ["browser", "admin"])
async def test_the_operator_stops_starts_and_restarts_an_agent(
    contained: RunningHive, systemctl: Systemctl, door: str
) -> None:
    client = getattr(contained, door)
    starting = f"{UNIT} runs, its harness has not connected yet"
    seen = {}
    for verb in ("stop", "start", "restart"):
        status, view = await call(client, "POST", f"/api/agents/alice/{verb}")
        seen[verb] = (status, *summary(view))
        assert (await call(client, "GET", "/api/agents/alice"))[1] == view
    assert seen == {
        "stop": (200, "stopped", "stopped by the operator", "stopped", ["start"]),
        "start": (200, "starting", starting, "running", ["stop", "restart"]),
        "restart": (200, "starting", starting, "running", ["stop", "restart"]),
    }
    assert [one for one in systemctl.calls if one[0] != "show"] == [
        [verb, UNIT, "--no-ask-password"] for verb in ("stop", "start", "restart")
    ]


async def test_refusals_have_their_keys(contained: RunningHive, systemctl: Systemctl) -> None:
    browser = contained.browser
    assert await refusal(browser, "POST", "/api/agents/alice/start") == (409, "conflict")
    assert await refusal(browser, "POST", "/api/agents/nobody/stop") == (404, "not_found")
    assert await refusal(browser, "POST", "/api/agents/alice/destroy") == (404, "not_found")
    systemctl.play("stop", f"echo 'Failed to stop {UNIT}: Access denied' >&2; exit 4")
    status, answer = await call(browser, "POST", "/api/agents/alice/stop")
    assert (status, answer["error"]) == (
        502,
        {"key": "unit_failed", "message": f"systemctl stop {UNIT}: Failed to stop {UNIT}: Access denied"},
    )


async def test_a_hive_of_processes_without_a_supervisor_is_unavailable(hive: RunningHive) -> None:
    assert await refusal(hive.browser, "POST", "/api/agents/alice/stop") == (503, "unavailable")


async def test_a_stop_goes_on_when_the_browser_goes_and_the_broker_answers_meanwhile(
    contained: RunningHive, systemctl: Systemctl
) -> None:
    go = systemctl.bin / "go"
    systemctl.play("stop", f"while [ ! -e {go} ]; do sleep 0.02; done")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await contained.browser.post("/api/agents/alice/stop")
    _, view = await call(contained.browser, "GET", "/api/agents/alice")
    assert summary(view) == ("stopping", "is being stopped by the operator", "stopping", [])
    go.touch()
    async with asyncio.timeout(30):
        while summary(view)[0] != "stopped":
            await asyncio.sleep(0.02)
            _, view = await call(contained.browser, "GET", "/api/agents/alice")
    assert view["status"]["detail"] == "stopped by the operator"


async def test_mail_to_a_stopped_agent_is_delivered_after_its_start(contained: RunningHive) -> None:
    await call(contained.admin, "POST", "/api/agents/alice/stop")
    status, answer = await call(contained.browser, "POST", "/api/messages", {"to": "alice", "body": "later"})
    [message] = answer["messages"]
    assert (status, message["state"]) == (200, "queued")
    await call(contained.admin, "POST", "/api/agents/alice/start")
    # What a harness would lease; a container's uid is not to be had here.
    queued = (await call(contained.admin, "GET", "/api/messages?state=queued"))[1]["messages"]
    assert [(one["id"], one["body"]) for one in queued] == [(message["id"], "later")]


async def test_the_state_of_the_hive_shows_what_runs_every_agent(
    contained: RunningHive, systemctl: Systemctl
) -> None:
    systemctl.unit("bob", "failed", Result="oom-kill")

    async def units() -> dict[str, str]:
        state = (await call(contained.admin, "GET", "/api/state"))[1]
        return {agent["name"]: agent["unit"]["state"] for agent in state["agents"]}

    async with asyncio.timeout(30):
        while (await units())["bob"] != "failed":
            await asyncio.sleep(0.05)
    assert await units() == {"alice": "running", "bob": "failed", "boss": "running"}
