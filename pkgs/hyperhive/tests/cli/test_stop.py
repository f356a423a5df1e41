from tests.cli.conftest import Run, Running
from tests.systemctl import Systemctl

UNIT = "container@h-ada.service"


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
