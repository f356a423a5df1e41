import signal
import subprocess
import sys
from pathlib import Path

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
