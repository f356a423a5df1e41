import pytest

from tests.cli.conftest import Run, Running
from tests.systemctl import Systemctl

UNIT = "container@h-ada.service"


def test_a_stopped_agent_is_started(run: Run, nixos_broker: tuple[Running, Systemctl]) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("ada", "inactive")
    result = run("start", "ada", "--socket", running.socket)
    said = f"ada is starting: {UNIT} runs, its harness has not connected yet\n"
    assert (result.code, result.out, result.err) == (0, said, "")
    assert ["start", UNIT, "--no-ask-password"] in systemctl.calls


def test_one_that_runs_already_is_a_conflict(run: Run, nixos_broker: tuple[Running, Systemctl]) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("ada", "active")
    result = run("start", "ada", "--socket", running.socket)
    assert (result.code, result.err) == (
        1,
        "hyperhive: conflict: cannot start ada: it is running; it can only be stopped or restarted\n",
    )


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_systemds_refusal_is_shown(
    run: Run, nixos_broker: tuple[Running, Systemctl], flags: list[str]
) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("ada", "failed", Result="timeout")
    systemctl.play("start", f"echo 'Failed to start {UNIT}: Access denied' >&2; exit 4")
    result = run("start", "ada", *flags, "--socket", running.socket)
    systemctl.play("start", "")
    reason = f"systemctl start {UNIT}: Failed to start {UNIT}: Access denied"
    assert (result.code, result.err) == (1, f"hyperhive: unit_failed: {reason}\n")
    if flags:
        assert result.document == {"error": {"key": "unit_failed", "message": reason}}
    shown = run("status", "--socket", running.socket).out.splitlines()[1]
    assert shown.split()[2] == "failed"
    assert shown.endswith("timeout: it did not start or stop in time")
