import asyncio
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from hyperhive.config import load_broker_config, load_harness_config
from hyperhive.errors import ConflictError, UnavailableError
from hyperhive.system.processes import ChildState
from hyperhive.up.processes import child_environment
from tests.up.small_hive import Watched


def runs(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_a_started_hive_has_its_broker_its_harnesses_and_a_login_url(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        assert processes.login_url == "http://127.0.0.1:7000/?token=t"
        assert sorted(processes.pids) == ["ada", "bob", "broker"]
        await watched.until(lambda: len(watched.lines) == 5)
        pids = list(processes.pids.values())
    assert [pid is not None and runs(pid) for pid in pids] == [False, False, False]
    assert {event.name for event in watched.events if event.state is ChildState.STOPPED} == {
        "ada",
        "bob",
        "broker",
    }


async def test_every_child_gets_its_own_credentials_only_and_none_in_its_environment(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        await watched.until(lambda: len(watched.lines) == 5)
        root = processes.paths.runtime_dir / "credentials"
        assert {path.relative_to(root).as_posix(): oct(mode(path)) for path in root.rglob("*")} == {
            "ada": "0o700",
            "ada/key": "0o600",
            "bob": "0o700",
            "broker": "0o700",
            "broker/password": "0o600",
        }
    assert watched.said("broker") == ["credentials {'password': 'hash'}"]
    assert watched.said("ada") == [
        "credentials {'key': 'sk-ada'}",
        "variables ['CLAUDE_CODE_OAUTH_TOKEN'] None",
    ]
    # What has no value is left out, so that the harness starts and can say that it needs a login.
    assert watched.said("bob") == ["credentials {}", "variables [] None"]
    assert not root.exists()


async def test_the_rendered_files_are_private_and_load(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes:
        config = tmp_path / "hive" / "config"
        assert load_broker_config(config / "broker.json") == watched.hive.broker
        assert load_harness_config(config / "harness-ada.json") == watched.hive.harnesses["ada"]
        assert {mode(path) for path in config.iterdir()} == {0o600}
        assert mode(tmp_path / "hive") == 0o700
        assert (tmp_path / "hive" / "agents" / "bob" / "home").is_dir()
    assert "sk-ada" not in (config / "harness-ada.json").read_text()


@pytest.mark.parametrize("victim", ["ada", "broker"])
async def test_a_killed_process_is_started_again(tmp_path: Path, victim: str) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        await watched.until(lambda: len(watched.lines) == 5)
        first = processes.pids[victim]
        assert first is not None
        os.kill(first, signal.SIGKILL)
        await watched.until(lambda: len(watched.said(victim)) == (2 if victim == "broker" else 4))
        assert processes.pids[victim] not in (None, first)
    assert watched.of(victim, ChildState.EXITED)[0].code == 128 + signal.SIGKILL


async def test_a_second_hive_in_the_same_state_directory_is_refused(tmp_path: Path) -> None:
    async with Watched(tmp_path / "hive").processes:
        second = Watched(tmp_path / "hive")
        with pytest.raises(ConflictError, match=rf"a hive runs here already \(pid {os.getpid()}\)"):
            await second.processes.start()
        assert second.events == []
    async with Watched(tmp_path / "hive").processes:
        pass


async def test_a_broker_that_does_not_come_up_is_reported_with_its_last_line(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive", broker="import sys; sys.exit('port 7000 is taken')")
    with pytest.raises(UnavailableError, match="the broker does not come up: port 7000 is taken"):
        await watched.processes.start()
    assert watched.processes.pids == {}
    assert watched.of("ada", ChildState.STARTED) == []
    assert not (watched.processes.paths.runtime_dir / "credentials").exists()


async def test_a_cancelled_start_leaves_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive", broker="import time; print('slow', flush=True); time.sleep(60)")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await watched.processes.start()
    assert len(watched.of("broker", ChildState.EXITED)) == 1
    assert watched.processes.pids == {}


async def test_credentials_that_a_killed_run_left_are_removed(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    left = watched.processes.paths.runtime_dir / "credentials" / "gone" / "key"
    left.parent.mkdir(parents=True)
    left.write_text("sk-old")
    async with watched.processes:
        assert not left.exists()


async def test_a_long_state_directory_gets_short_sockets_and_a_link_to_them(tmp_path: Path) -> None:
    watched = Watched(tmp_path / ("long" * 30))
    async with watched.processes as processes:
        link = processes.paths.state_dir / "run"
        assert link.readlink() == processes.paths.runtime_dir
        assert len(str(processes.paths.socket("x" * 31))) <= 107
    assert not processes.paths.runtime_dir.exists()
    assert not link.is_symlink()


def test_a_child_gets_what_programs_need_and_no_secret_of_the_operator() -> None:
    given = {
        "PATH": "/bin",
        "LC_TIME": "C",
        "HYPERHIVE_RUN_MARK": "1",
        "ANTHROPIC_API_KEY": "sk",
        "AWS_SECRET_ACCESS_KEY": "s",
        "PYTHONPATH": "/elsewhere",
    }
    assert child_environment(given, Path("/credentials")) == {
        "PATH": f"{Path(sys.executable).parent}:/bin",
        "LC_TIME": "C",
        "HYPERHIVE_RUN_MARK": "1",
        "CREDENTIALS_DIRECTORY": "/credentials",
        "PYTHONUNBUFFERED": "1",
    }
