import dataclasses
import socket
from pathlib import Path

import pytest

from hyperhive.config.hive_file import Paths, parse_hive
from hyperhive.diagnosis.doctor import ADVICE
from hyperhive.diagnosis.probe import check
from hyperhive.protocol.diagnosis import Outcome
from hyperhive.up import diagnosis
from hyperhive.up.diagnosis import PROBES, Setting


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    dashboard = tmp_path / "dashboard"
    (dashboard / "vendor").mkdir(parents=True)
    (dashboard / "index.html").touch()
    (dashboard / "vendor" / "preact.js").touch()
    paths = Paths(tmp_path / "state", Path("/tmp"), dashboard)
    hive = parse_hive("[claude.env]\nANTHROPIC_BASE_URL = 'x'\n[agents.ada]", paths, directory=tmp_path)
    advice = ADVICE["process"]
    return Setting(
        paths.state_dir, paths.runtime_dir, dashboard, advice, "127.0.0.1", 0, None, hive, "hive.toml"
    )


async def failure(key: str, setting: Setting) -> tuple[str, str, str]:
    """What a failed probe tells; every part of it must say something."""
    found = await next(probe for probe in PROBES if probe.key == key).look(setting)
    assert found.outcome is Outcome.FAILED
    assert "" not in (found.found, found.option, found.command)
    return found.found, found.option, found.command


async def test_a_good_machine_passes_every_check(setting: Setting) -> None:
    outcomes = {one.name: one.outcome.value for one in await check(PROBES, setting)}
    assert outcomes == {
        "python": "ok",
        "claude": "ok",
        "state directory": "ok",
        "sockets": "ok",
        "broker": "skipped",
        "port": "ok",
        "credentials": "ok",
        "dashboard": "ok",
        "disk": "ok",
        "clock": "ok",
    }


async def test_a_claude_that_does_not_run_is_named(setting: Setting, tmp_path: Path) -> None:
    missing = dataclasses.replace(setting, claude=tmp_path / "claude")
    assert "No such file" in (await failure("claude", missing))[0]
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    assert "exit status 3" in (await failure("claude", dataclasses.replace(setting, claude=broken)))[0]


async def test_a_claude_that_hangs_is_ended(
    setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnosis, "_CLAUDE_SECONDS", 0.2)
    hanging = tmp_path / "hanging"
    hanging.write_text("#!/bin/sh\nexec sleep 60\n")
    hanging.chmod(0o755)
    found = (await failure("claude", dataclasses.replace(setting, claude=hanging)))[0]
    assert found == "does not end within 0.2 s"


async def test_no_claude_at_all_is_said(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "bundled_claude", lambda: None)
    assert (await failure("claude", setting))[0] == "there is no claude program"


async def test_sockets_that_would_not_fit_are_named(setting: Setting) -> None:
    deep = dataclasses.replace(setting, runtime_dir=Path("/tmp") / ("x" * 90))
    found, option, _ = await failure("sockets", deep)
    assert found == f"paths below /tmp/{'x' * 90} are 118 bytes long, 107 are the limit"
    assert option == "--state-dir or $XDG_RUNTIME_DIR"


async def test_a_file_system_without_sockets_is_named(setting: Setting) -> None:
    found = (await failure("sockets", dataclasses.replace(setting, runtime_dir=Path("/proc"))))[0]
    assert found.startswith("a Unix socket below /proc does not work: ")


async def test_a_dead_brokers_socket_is_named(setting: Setting, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(runtime / "admin.sock"))
    with_dead = dataclasses.replace(setting, runtime_dir=runtime)
    assert (await failure("broker", with_dead))[0].endswith("admin.sock: Connection refused")


async def test_a_taken_port_is_named_with_the_key_to_change(setting: Setting) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        found = await failure("port", dataclasses.replace(setting, port=port))
    assert found == (
        f"127.0.0.1 port {port} cannot be used: Address already in use",
        "[dashboard] port",
        f"ss -ltnp 'sport = :{port}'",
    )


async def test_an_agent_without_an_account_is_named(setting: Setting, tmp_path: Path) -> None:
    hive = parse_hive("[agents.ada]\n[agents.bob]", Paths(tmp_path, tmp_path, tmp_path), directory=tmp_path)
    found = await failure("credentials", dataclasses.replace(setting, hive=hive))
    assert found == (
        "nothing to use Claude with: ada, bob",
        "[credentials] in hive.toml",
        "claude setup-token",
    )
