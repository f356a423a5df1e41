from typing import Any

import pytest

from hyperhive.config import UID_RANGE, uid_base
from hyperhive.domain.doctor import ADVICE, agent_checks, certificate, uid_ranges
from hyperhive.protocol.agents import AgentState, AgentStatus, AgentView, McpServer, McpState
from hyperhive.protocol.doctor import Check, CheckOutcome
from hyperhive.protocol.lifecycle import UnitState, UnitStatus
from hyperhive.protocol.selftest import Finding, Outcome, SelfTest

NIXOS = ADVICE["nixos"]
NOW = 1793707200.0


def view(*, linked: bool = True, unit: str = "running", state: str = "idle", **fields: Any) -> AgentView:
    """An agent with what the doctor looks at."""
    status = AgentStatus.bare(AgentState(state), "m").model_copy(update={"detail": fields.pop("detail", "")})
    what_runs_it = UnitStatus(unit="container@h-ada.service", state=UnitState(unit), reason="")
    given = {"name": "ada", "role": "agent", "mcp_servers": [], "status": status, "linked": linked}
    return AgentView.model_construct(**(given | {"unit": what_runs_it} | fields))


def test(*findings: tuple[str, str, str]) -> SelfTest:
    inside = [
        Finding(name=name, outcome=Outcome(outcome), found=found, meaning="")
        for name, outcome, found in findings
    ]
    return SelfTest(
        agent="ada", at=NOW - 120, seconds=1.0, contained=True, ok=True, outside=[], inside=inside
    )


test.__test__ = False  # type: ignore[attr-defined]


def brief(checks: list[Check]) -> dict[str, tuple[str, str]]:
    """Outcome and finding by name; a failure says what to change and what to run, nothing else does."""
    for check in checks:
        failed = check.outcome is CheckOutcome.FAILED
        assert (bool(check.option), bool(check.command)) == (failed, failed), check
        assert check.about == "ada"
    return {check.name: (check.outcome.value, check.found) for check in checks}


def test_an_agent_that_works_is_well_and_says_its_claude() -> None:
    walls = test(("devices", "ok", "none"), ("Claude Code", "ok", "2.1.0 (Claude Code)"))
    assert brief(agent_checks(view(state="working", detail="Bash: ls"), walls, NOW, NIXOS)) == {
        "connection": ("ok", "its harness is connected, container@h-ada.service runs it"),
        "state": ("ok", "working: Bash: ls"),
        "self-test": ("ok", "2 min ago: 2 probes held"),
        "claude": ("ok", "2.1.0 (Claude Code)"),
    }


def test_an_agent_that_was_stopped_is_as_it_should_be() -> None:
    found = brief(agent_checks(view(linked=False, unit="stopped", state="stopped"), None, NOW, NIXOS))
    assert found == {
        "connection": ("skipped", "container@h-ada.service: stopped"),
        "self-test": ("skipped", "not run since the broker started"),
    }


@pytest.mark.parametrize("unit", ["running", "failed", "retrying", "unknown"])
def test_a_harness_that_is_missing_names_option_and_log(unit: str) -> None:
    lost = view(linked=False, unit=unit, state="offline", detail="its harness lost the connection")
    [connection, _] = agent_checks(lost, None, NOW, NIXOS)
    assert (connection.outcome, connection.found) == (
        CheckOutcome.FAILED,
        "its harness is not connected: its harness lost the connection",
    )
    assert (connection.option, connection.command) == (
        "services.hyperhive.agents.ada",
        "journalctl -M h-ada -u hyperhive-harness -e",
    )


def test_a_manager_is_configured_elsewhere() -> None:
    lost = view(name="manager", role="manager", linked=False)
    options = {runtime: agent_checks(lost, None, NOW, ADVICE[runtime])[0].option for runtime in ADVICE}
    assert options == {"nixos": "services.hyperhive.manager", "process": "[agents.manager]"}


def test_an_agent_that_needs_somebody_says_whom_and_why() -> None:
    login = agent_checks(view(state="needs_login", detail="the token was refused"), None, NOW, NIXOS)[1]
    assert (login.found, login.option, login.command) == (
        "needs login: the token was refused",
        "the credentials of services.hyperhive.agents.ada",
        "claude setup-token",
    )
    broken = agent_checks(view(state="failed", detail="no such model"), None, NOW, NIXOS)[1]
    assert (broken.found, broken.command) == ("failed: no such model", "hyperhive restart ada")
    parked = agent_checks(view(state="rate_limited"), None, NOW, NIXOS)[1]
    assert (parked.outcome, parked.found) == (CheckOutcome.OK, "rate limited")


def test_walls_that_are_down_are_named_the_first_of_them() -> None:
    down = test(*((f"wall {number}", "failed", "gone") for number in range(7)))
    checks = agent_checks(view(), down, NOW, NIXOS)
    outcome, found = brief(checks)["self-test"]
    assert outcome == "failed"
    assert found == "2 min ago: " + "; ".join(f"wall {n}: gone" for n in range(5)) + "; and 2 more"


def test_a_claude_that_does_not_start_is_named() -> None:
    checks = agent_checks(view(), test(("Claude Code", "failed", "/bin/claude: not found")), NOW, NIXOS)
    assert brief(checks)["claude"] == ("failed", "/bin/claude: not found")


def test_an_mcp_server_that_failed_is_named_with_its_reason_and_one_that_runs_with_its_tools() -> None:
    servers = [
        McpServer(name="orders", state=McpState.FAILED, reason="no such program", tools=[], offered=0),
        McpServer(name="prices", state=McpState.RUNNING, reason="", tools=["query"], offered=1),
        McpServer(name="slow", state=McpState.STARTING, reason="", tools=[], offered=0),
    ]
    found = brief(agent_checks(view(mcp_servers=servers), None, NOW, NIXOS))
    assert {name: one for name, one in found.items() if name.startswith("mcp")} == {
        "mcp orders": ("failed", "no such program"),
        "mcp prices": ("ok", "runs, with 1 allowed tools"),
        "mcp slow": ("skipped", "starting"),
    }


def test_a_certificate_is_well_until_a_week_before_its_end() -> None:
    def judged(days: float | None, reason: str = "") -> tuple[str, str]:
        end = None if days is None else NOW + days * 86_400
        check = certificate(end, reason, NOW, NIXOS, "/c.pem")
        return check.outcome.value, check.found

    assert judged(60) == ("ok", "/c.pem holds until 2027-01-02")
    assert judged(3) == ("failed", "/c.pem ends on 2026-11-06")
    assert judged(None, "certificate has expired") == ("failed", "/c.pem: certificate has expired")


def test_uids_of_a_container_that_somebody_else_has_are_named() -> None:
    first = uid_base("ada")
    free = uid_ranges(["ada"], {"root": 0, "below": first - 1}, [("x", first - 100, 100), ("y", 1, 5)])
    assert (free.outcome, free.found) == (CheckOutcome.OK, "of 1 agents are nobody else's")
    taken = uid_ranges(["ada"], {"eve": first + UID_RANGE - 1}, [("mallory", first - 5, 6)])
    assert taken.found == "eve is in the range of ada; /etc/subuid gives mallory uids of ada"
