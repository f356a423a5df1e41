import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hyperhive.system.admin import AdminClient
from tests.cli.conftest import Run, Running


def test_a_wrong_file_is_said_with_its_key(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broker.json").write_text("{}")
    result = run("broker", "--config", tmp_path / "broker.json")
    assert (result.code, result.out) == (1, "")
    assert f"hyperhive: config_invalid: {tmp_path}/broker.json: agents: Field required\n" in result.err


def test_it_serves_until_it_is_told_to_end(broker: Running, tmp_path: Path) -> None:
    config = (broker.directory / "broker.json").read_text().replace(str(broker.directory), str(tmp_path))
    (tmp_path / "run").mkdir()
    (tmp_path / "broker.json").write_text(config)
    command = [sys.executable, "-m", "hyperhive", "broker", "--config", str(tmp_path / "broker.json")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "dashboard at http://127.0.0.1:" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0


def test_it_tells_systemd_when_it_is_ready_and_when_it_stops(
    broker: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = (broker.directory / "broker.json").read_text().replace(str(broker.directory), str(tmp_path))
    (tmp_path / "run").mkdir()
    (tmp_path / "broker.json").write_text(config)
    command = [sys.executable, "-m", "hyperhive", "broker", "--config", str(tmp_path / "broker.json")]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            ready = manager.recv(4096).decode()
            # What it says is true: the admin socket answers.
            url = AdminClient(tmp_path / "run" / "admin.sock").get("/admin/token")["url"]
            process.send_signal(signal.SIGTERM)
            stopping = manager.recv(4096).decode()
            assert process.wait(timeout=20) == 0
    assert ready == f"READY=1\nSTATUS=2 agents, dashboard at {url.partition('/?')[0]}"
    assert stopping == "STOPPING=1\nSTATUS=ending streams and links"
