from pathlib import Path

import pytest

from hyperhive.cli import doctor
from hyperhive.system.admin import AdminClient
from tests.cli.conftest import Run, Running


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_the_machine_is_checked(run: Run, here: Path) -> None:
    document = run("doctor", "--json").document
    assert [check["name"] for check in document["checks"]] == [
        "python",
        "claude",
        "state directory",
        "sockets",
        "broker",
        "port",
        "credentials",
        "dashboard",
        "disk",
        "clock",
    ]
    outcomes = {check["name"]: check["outcome"] for check in document["checks"]}
    assert (outcomes["python"], outcomes["broker"], outcomes["credentials"]) == ("ok", "skipped", "skipped")
    assert document["ok"] == ("failed" not in outcomes.values())


def test_a_failure_names_cause_option_and_command(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    (here / "hive.toml").write_text(
        "[dashboard]\nport = 0\n[credentials]\nkey = { env = 'NO_SUCH_KEY' }\n[agents.ada]\n"
    )
    result = run("doctor")
    assert result.code == 1
    assert (
        "failed   credentials: key: the environment variable NO_SUCH_KEY is not set\n"
        "         change: [credentials] in hive.toml\n"
        "         try:    claude setup-token\n"
    ) in result.out


def test_a_running_broker_is_asked(run: Run, here: Path, broker: Running) -> None:
    result = run("doctor", "--json", "--config", broker.directory / "broker.json")
    found = {check["name"]: check["found"] for check in result.document["checks"]}
    assert found["broker"] == "answers, but has no harness of ada, manager"
    assert found["port"].endswith("is the running broker's")
    # What only the broker can see comes on top, and nothing twice.
    assert found["database"].endswith("no fault")
    checks = [(check["about"], check["key"]) for check in result.document["checks"]]
    assert len(checks) == len(set(checks))
    assert ("ada", "connection") in checks
    shown = run("doctor", "--config", broker.directory / "broker.json").out
    assert "skipped  ada: self-test: not run since the broker started\n" in shown


def test_a_running_broker_that_does_not_look_says_so(
    run: Run, broker: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = AdminClient.get

    def get(self: AdminClient, route: str) -> object:
        # The route of a newer version, which this broker does not have.
        return asked(self, "/api/no-such-route" if route == "/api/doctor" else route)

    monkeypatch.setattr(AdminClient, "get", get)
    shown = run("doctor", "--config", broker.directory / "broker.json").out
    assert "skipped  running broker: it did not look: " in shown


def test_without_a_hive_file_the_machines_own_broker_is_asked(
    run: Run, here: Path, broker: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "_USUAL", (here / "hive.toml", broker.directory / "broker.json"))
    found = {check["name"]: check["found"] for check in run("doctor", "--json").document["checks"]}
    assert found["broker"] == "answers, but has no harness of ada, manager"


def test_one_agents_file_is_refused(run: Run, here: Path) -> None:
    (here / "harness.json").write_text('{"agent": {}}')
    result = run("doctor", "--config", "harness.json")
    assert (result.code, result.err.split(": ")[1]) == (1, "config_invalid")


def test_an_agent_that_is_not_connected_or_unknown_is_refused(run: Run, here: Path, broker: Running) -> None:
    result = run("doctor", "--agent", "ada", "--socket", broker.socket)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("hyperhive: conflict: ada is not connected")
    # The file of the hive says where its broker is, too.
    result = run("doctor", "--agent", "a/b", "--config", broker.directory / "broker.json", "--json")
    assert (result.code, result.document["error"]["key"]) == (1, "not_found")
    assert run("doctor", "--agent", "ada").code == 3


def test_a_failure_in_the_self_test_is_an_exit_code_with_its_meaning(
    run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finding(name: str, outcome: str, found: str) -> dict[str, str]:
        return {"name": name, "outcome": outcome, "found": found, "meaning": f"meaning of {name}"}

    test = {
        "agent": "ada",
        "contained": True,
        "ok": False,
        "outside": [finding("peer", "ok", "uid 7")],
        "inside": [finding("devices", "failed", "made\x1b[2K"), finding("network", "none", "eth1")],
    }
    asked = []

    def post(_self: AdminClient, route: str, body: dict[str, str]) -> object:
        asked.append((route, body))
        return test

    monkeypatch.setattr(AdminClient, "post", post)
    result = run("doctor", "--agent", "ada", "--socket", "/s")
    assert (result.code, asked) == (1, [("/api/agents/ada/selftest", {})])
    assert result.out == (
        "seen by the broker:\n"
        "ok       peer: uid 7\n"
        "said by the agent itself:\n"
        "failed   devices: made\\x1b[2K\n"
        "         meaning of devices\n"
        "no wall  network: eth1\n"
        "         meaning of network\n"
        "ada: 1 ok, 1 failed, 1 no wall\n"
    )
    result = run("doctor", "--agent", "ada", "--socket", "/s", "--json")
    assert (result.code, result.document) == (1, test)
