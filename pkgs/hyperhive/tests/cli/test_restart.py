from tests.cli.conftest import Run, Running
from tests.systemctl import Systemctl

UNIT = "container@h-ada.service"


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
