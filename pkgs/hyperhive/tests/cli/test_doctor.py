from pathlib import Path

import pytest

from hyperhive.cli import doctor
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
