import sys
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import UID_RANGE, uid_base
from hyperhive.diagnosis import doctor
from hyperhive.diagnosis.doctor import ADVICE, AgentsPlace, Machine, agent_probes, certificate, uid_ranges
from hyperhive.diagnosis.probe import Probe, check
from hyperhive.protocol.agents import AgentState, AgentStatus, AgentView, McpServer, McpState
from hyperhive.protocol.diagnosis import Check, Finding, Outcome, SelfTest
from hyperhive.protocol.lifecycle import UnitState, UnitStatus

NOW = 1793707200.0


def view(*, linked: bool = True, unit: str = "running", state: str = "idle", **fields: Any) -> AgentView:
    """An agent with what the doctor looks at."""
    status = AgentStatus.bare(AgentState(state), "m").model_copy(update={"detail": fields.pop("detail", "")})
    what_runs_it = UnitStatus(unit="container@h-ada.service", state=UnitState(unit), reason="")
    given = {"name": "ada", "role": "agent", "mcp_servers": [], "status": status, "linked": linked}
    return AgentView.model_construct(**(given | {"unit": what_runs_it} | fields))


def test(*findings: tuple[str, str, str]) -> SelfTest:
    inside = [
        Finding(key=key, name=key, outcome=Outcome(outcome), found=found, meaning="")
        for key, outcome, found in findings
    ]
    return SelfTest(
        agent="ada", at=NOW - 120, seconds=1.0, contained=True, ok=True, outside=[], inside=inside
    )


test.__test__ = False  # type: ignore[attr-defined] # pytest reads it


def brief(checks: list[Check]) -> dict[str, tuple[str, str]]:
    """Outcome and finding by name; a failure says what to change and what to run, nothing else does."""
    for one in checks:
        failed = one.outcome is Outcome.FAILED
        assert (bool(one.option), bool(one.command)) == (failed, failed), one
        assert one.about == "ada"
    return {one.name: (one.outcome.value, one.found) for one in checks}


async def agent_checks(view: AgentView, test: SelfTest | None = None, runtime: str = "nixos") -> list[Check]:
    at = AgentsPlace(view, test, NOW, ADVICE[runtime])
    return await check(agent_probes(at), at, view.name)


async def test_an_agent_that_works_is_well_and_says_its_claude() -> None:
    walls = test(("devices", "ok", "none"), ("claude", "ok", "2.1.0 (Claude Code)"))
    assert brief(await agent_checks(view(state="working", detail="Bash: ls"), walls)) == {
        "connection": ("ok", "its harness is connected, container@h-ada.service runs it"),
        "state": ("ok", "working: Bash: ls"),
        "self-test": ("ok", "2 min ago: 2 probes held"),
        "claude": ("ok", "2.1.0 (Claude Code)"),
    }


async def test_an_agent_that_was_stopped_is_as_it_should_be() -> None:
    found = brief(await agent_checks(view(linked=False, unit="stopped", state="stopped")))
    assert found == {
        "connection": ("skipped", "container@h-ada.service: stopped"),
        "self-test": ("skipped", "not run since the broker started"),
    }


@pytest.mark.parametrize("unit", ["running", "failed", "retrying", "unknown"])
async def test_a_harness_that_is_missing_names_option_and_log(unit: str) -> None:
    lost = view(linked=False, unit=unit, state="offline", detail="its harness lost the connection")
    [connection, _] = await agent_checks(lost)
    assert (connection.outcome, connection.found) == (
        Outcome.FAILED,
        "its harness is not connected: its harness lost the connection",
    )
    assert (connection.option, connection.command) == (
        "services.hyperhive.agents.ada",
        "journalctl -M h-ada -u hyperhive-harness -e",
    )


async def test_a_manager_is_configured_elsewhere() -> None:
    lost = view(name="manager", role="manager", linked=False)
    options = {runtime: (await agent_checks(lost, runtime=runtime))[0].option for runtime in ADVICE}
    assert options == {"nixos": "services.hyperhive.manager", "process": "[agents.manager]"}


async def test_an_agent_that_needs_somebody_says_whom_and_why() -> None:
    login = (await agent_checks(view(state="needs_login", detail="the token was refused")))[1]
    assert (login.found, login.option, login.command) == (
        "needs login: the token was refused",
        "the credentials of services.hyperhive.agents.ada",
        "claude setup-token",
    )
    broken = (await agent_checks(view(state="failed", detail="no such model")))[1]
    assert (broken.found, broken.command) == ("failed: no such model", "hyperhive restart ada")
    parked = (await agent_checks(view(state="rate_limited")))[1]
    assert (parked.outcome, parked.found) == (Outcome.OK, "rate limited")


async def test_walls_that_are_down_are_named_the_first_of_them() -> None:
    down = test(*((f"wall {number}", "failed", "gone") for number in range(7)))
    checks = await agent_checks(view(), down)
    outcome, found = brief(checks)["self-test"]
    assert outcome == "failed"
    assert found == "2 min ago: " + "; ".join(f"wall {n}: gone" for n in range(5)) + "; and 2 more"


async def test_a_claude_that_does_not_start_is_named() -> None:
    checks = await agent_checks(view(), test(("claude", "failed", "/bin/claude: not found")))
    assert brief(checks)["claude"] == ("failed", "/bin/claude: not found")


async def test_an_mcp_server_that_failed_is_named_with_its_reason_and_one_that_runs_with_its_tools() -> None:
    servers = [
        McpServer(name="orders", state=McpState.FAILED, reason="no such program", tools=[], offered=0),
        McpServer(name="prices", state=McpState.RUNNING, reason="", tools=["query"], offered=1),
        McpServer(name="slow", state=McpState.STARTING, reason="", tools=[], offered=0),
        McpServer(name="mute", state=McpState.LISTING, reason="no list", tools=[], offered=0),
        McpServer(
            name="odd", state=McpState.RUNNING, reason="", tools=["a"], offered=1, remarks=["b is out"]
        ),
    ]
    found = brief(await agent_checks(view(mcp_servers=servers)))
    assert {name: one for name, one in found.items() if name.startswith("mcp")} == {
        "mcp orders": ("failed", "no such program"),
        "mcp prices": ("ok", "runs, with 1 allowed tools"),
        "mcp slow": ("skipped", "starting"),
        "mcp mute": ("failed", "no list"),
        "mcp odd": ("failed", "b is out"),
    }


def test_a_certificate_is_well_until_a_week_before_its_end() -> None:
    def judged(days: float | None, reason: str = "") -> tuple[str, str]:
        end = None if days is None else NOW + days * 86_400
        found = certificate("/c.pem", end, reason, NOW, "tls")
        return found.outcome.value, found.found

    assert judged(60) == ("ok", "/c.pem holds until 2027-01-02")
    assert judged(3) == ("failed", "/c.pem ends on 2026-11-06")
    assert judged(None, "certificate has expired") == ("failed", "/c.pem: certificate has expired")


def test_uids_of_a_container_that_somebody_else_has_are_named() -> None:
    first = uid_base("ada")
    free = uid_ranges(["ada"], {"root": 0, "below": first - 1}, [("x", first - 100, 100), ("y", 1, 5)])
    assert (free.outcome, free.found) == (Outcome.OK, "of 1 agents are nobody else's")
    taken = uid_ranges(["ada"], {"eve": first + UID_RANGE - 1}, [("mallory", first - 5, 6)])
    assert taken.found == "eve is in the range of ada; /etc/subuid gives mallory uids of ada"


async def failure(probe: Probe[Machine], path: Path) -> tuple[str, str, str]:
    """What a failed probe tells; every part of it must say something."""
    found = await probe.look(Machine(path, path, path, ADVICE["process"]))
    assert found.outcome is Outcome.FAILED
    assert "" not in (found.found, found.option, found.command)
    return found.found, found.option, found.command


async def test_a_python_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert (await failure(doctor.PYTHON, Path("/")))[0] == "3.10.1 is not supported"


async def test_a_state_directory_that_cannot_be_written_is_named() -> None:
    found, option, command = await failure(doctor.STATE_DIRECTORY, Path("/proc/none"))
    assert found.startswith("/proc cannot be written: ")
    assert (option, command) == ("--state-dir", "ls -ld /proc")


async def test_a_dashboard_without_its_modules_names_the_command_that_gets_them(tmp_path: Path) -> None:
    (tmp_path / "vendor").mkdir()
    assert await failure(doctor.DASHBOARD, tmp_path) == (
        f"{tmp_path} lacks index.html",
        "dashboard_dir",
        "make vendor",
    )
    (tmp_path / "index.html").touch()
    assert (await failure(doctor.DASHBOARD, tmp_path))[0] == f"{tmp_path} lacks vendor/*.js"


async def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_DISK_BYTES", 1 << 60)
    assert " MiB free at " in (await failure(doctor.DISK, tmp_path / "not" / "there"))[0]


@pytest.mark.parametrize("now", [0.0, 1e12])
async def test_a_clock_that_cannot_be_right_is_named(monkeypatch: pytest.MonkeyPatch, now: float) -> None:
    monkeypatch.setattr(doctor.time, "time", lambda: now)
    assert (await failure(doctor.CLOCK, Path("/")))[0].startswith("shows ")
