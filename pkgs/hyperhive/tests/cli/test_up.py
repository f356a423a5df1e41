import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperhive.system.admin import AdminClient
from hyperhive.system.subreaper import descendants
from tests.cli.conftest import Run

#: Nothing listens on port 1, and an idle hive makes no call.
HIVE = """
[dashboard]
port = 0
[credentials]
key = { env = "UP_TEST_KEY" }
[claude.env]
ANTHROPIC_BASE_URL = "http://127.0.0.1:1"
[agents.ada.credentials]
ANTHROPIC_API_KEY = "key"
"""

CONFLICT = "a hive runs here already (pid {}); end it, or give another --state-dir"
NO_ACCOUNT = (
    "no agent has a Claude account (key: the environment variable UP_TEST_KEY is not set): set one as "
    "[credentials] says (`claude setup-token` makes a token), or see a hive without: hyperhive demo"
)
EXTRA = "agents.bob.modle: Extra inputs are not permitted (value: 'x'); did you mean 'model'?"

Start = Callable[[], "subprocess.Popen[str]"]


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def state_of(document: dict[str, Any], name: str) -> str:
    agents = AdminClient(Path(document["socket"])).get("/api/state")["agents"]
    return str(next(agent["status"]["state"] for agent in agents if agent["name"] == name))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `hyperhive up` in a directory of the test."""
    running: list[subprocess.Popen[str]] = []
    (tmp_path / "hive.toml").write_text(HIVE)
    log = (tmp_path / "log").open("w")

    def build() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "hyperhive", "up", "--json"],
            cwd=tmp_path,
            env=os.environ | {"UP_TEST_KEY": "sk-test"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        running.append(process)
        return process

    yield build
    for process in running:
        with process:
            process.terminate()
            process.wait(timeout=30)
    log.close()
    # What was killed could not remove its runtime directory, which is not below the test's own.
    shutil.rmtree((tmp_path / ".hyperhive" / "run").resolve(), ignore_errors=True)


def document_of(process: "subprocess.Popen[str]") -> Any:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    return json.loads("".join(lines))


def test_a_hive_comes_up_tells_where_and_ends_without_a_trace(start: Start, tmp_path: Path) -> None:
    process = start()
    document = document_of(process)
    assert document["login_url"].startswith("http://127.0.0.1:")
    assert (document["agents"], document["pid"]) == (["ada"], process.pid)
    assert wait_for(lambda: state_of(document, "ada") == "idle"), (tmp_path / "log").read_text()
    below = descendants(process.pid)
    second = subprocess.run(
        [sys.executable, "-m", "hyperhive", "up"],
        cwd=tmp_path,
        env=os.environ | {"UP_TEST_KEY": "sk-test"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (second.returncode, second.stderr) == (
        1,
        f"hyperhive: conflict: {tmp_path}/.hyperhive: {CONFLICT.format(process.pid)}\n",
    )
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert [pid for pid in below if not gone(pid)] == []
    run = tmp_path / ".hyperhive" / "run"
    assert not (run / "credentials").exists()
    assert "sk-test" not in (tmp_path / "log").read_text()


def test_a_killed_up_leaves_no_process_and_no_secret(start: Start, tmp_path: Path) -> None:
    process = start()
    document = document_of(process)
    assert wait_for(lambda: state_of(document, "ada") == "idle"), (tmp_path / "log").read_text()
    below = descendants(process.pid)
    secrets = Path(document["socket"]).parent / "credentials"
    assert list(secrets.rglob("key")) != []
    process.kill()
    assert wait_for(lambda: all(gone(pid) for pid in below))
    assert list(secrets.rglob("key")) == []


def test_a_missing_file_names_the_example_and_the_demo(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("up")
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("hyperhive: not_found: there is no hive.toml: start from ")
    assert result.err.endswith("examples/hive.toml, or see `hyperhive demo`\n")


def test_without_any_account_it_says_what_to_set_and_offers_the_demo(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("UP_TEST_KEY", raising=False)
    (tmp_path / "hive.toml").write_text(HIVE.replace("ANTHROPIC_BASE_URL", "X"))
    result = run("up")
    assert (result.code, result.err) == (
        1,
        f"hyperhive: config_invalid: hive.toml: {NO_ACCOUNT}\n",
    )


def test_a_mistake_in_the_file_is_said_before_anything_starts(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hive.toml").write_text("[agents.bob]\nmodle = 'x'")
    result = run("up")
    assert (result.code, result.err) == (
        1,
        f"hyperhive: config_invalid: hive.toml: {EXTRA}\n",
    )
    assert not (tmp_path / ".hyperhive").exists()
