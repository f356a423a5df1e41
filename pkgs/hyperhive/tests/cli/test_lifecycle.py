import pytest

from tests.cli.conftest import Run, Running
from tests.systemctl import Systemctl

UNIT = "container@h-ada.service"


VERBS = ("start", "stop", "restart")


@pytest.mark.parametrize("verb", VERBS)
def test_an_agent_that_does_not_exist_is_not_found(run: Run, broker: Running, verb: str) -> None:
    result = run(verb, "no/body", "--socket", broker.socket)
    assert (result.code, result.out, result.err.split(": ")[:2]) == (1, "", ["hyperhive", "not_found"])


@pytest.mark.parametrize("verb", VERBS)
def test_a_broker_that_nobody_supervises_says_so(run: Run, broker: Running, verb: str) -> None:
    result = run(verb, "ada", "--socket", broker.socket)
    socket = broker.socket.replace("admin", "supervisor")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith(f"hyperhive: unavailable: no supervisor answers on {socket}: ")


def test_without_a_broker_the_code_is_3(run: Run, broker: Running) -> None:
    assert run("stop", "ada", "--socket", "/nowhere/admin.sock").code == 3


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


def test_a_stopped_agent_says_who_stopped_it_and_keeps_its_mail(
    run: Run, nixos_broker: tuple[Running, Systemctl]
) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("ada", "active")
    result = run("stop", "ada", "--socket", running.socket)
    assert (result.code, result.out, result.err) == (0, "ada is stopped: stopped by the operator\n", "")
    assert ["stop", UNIT, "--no-ask-password"] in systemctl.calls
    sent = run("send", "ada", "later", "--json", "--socket", running.socket).document["messages"][0]
    assert sent["state"] == "queued"
    assert running.admin.get("/api/agents/ada")["inbox_depth"] == 1


def test_the_doctor_misses_only_whom_nobody_stopped(
    run: Run, nixos_broker: tuple[Running, Systemctl]
) -> None:
    running, systemctl = nixos_broker
    for name in ("ada", "manager"):
        systemctl.unit(name, "active")
    run("stop", "ada", "--socket", running.socket)
    result = run("doctor", "--json", "--config", running.directory / "broker.json")
    found = {check["name"]: check["found"] for check in result.document["checks"]}
    assert found["broker"] == "answers, but has no harness of manager"


def test_json_is_the_agents_view(run: Run, nixos_broker: tuple[Running, Systemctl]) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("manager", "active")
    document = run("stop", "--json", "manager", "--socket", running.socket).document
    assert (document["name"], document["status"]["state"], document["actions"]) == (
        "manager",
        "stopped",
        ["start"],
    )


def test_a_running_agent_is_restarted(run: Run, nixos_broker: tuple[Running, Systemctl]) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("ada", "active")
    result = run("restart", "ada", "--socket", running.socket)
    assert result.code == 0
    assert ["restart", UNIT, "--no-ask-password"] in systemctl.calls


def test_a_stopped_one_is_to_be_started(run: Run, nixos_broker: tuple[Running, Systemctl]) -> None:
    running, systemctl = nixos_broker
    systemctl.unit("ada", "inactive")
    result = run("restart", "ada", "--socket", running.socket)
    assert result.code == 1
    assert result.err.startswith("hyperhive: conflict: cannot restart ada: it is stopped")
