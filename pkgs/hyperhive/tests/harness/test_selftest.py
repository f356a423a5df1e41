"""The probes inside of real namespaces, whole and with one wall missing, and over a real link."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import UID_RANGE, uid_base
from hyperhive.domain.selftest import INSIDE
from hyperhive.harness.selftest import SelfTester
from hyperhive.protocol.link import RunSelfTest
from hyperhive.protocol.selftest import Outcome
from tests.conftest import agent_config
from tests.harness import contained
from tests.harness.conftest import MakeHive

BASE = uid_base("ada")
PROJECT = Path(__file__).parents[2]
#: Said over the link or by a program of its own.
ELSEWHERE = {"Claude Code", "broker"}


@pytest.fixture
def place() -> Iterator[Path]:
    """Directories as the host has them, which the agent's uid can get at."""
    with tempfile.TemporaryDirectory(prefix="hh-", dir="/tmp") as name:
        root = Path(name)
        root.chmod(0o711)
        for part in ("host/state", "host/claude", "host/socket", "broker", "inside"):
            (root / part).mkdir(parents=True)
        for part in ("host/state", "host/claude", "host/socket"):
            os.chown(root / part, BASE, BASE)
        (root / "broker" / "db").touch()
        yield root


@pytest.fixture
def port() -> Iterator[int]:
    """A port of the host's loopback that takes connections, as the dashboard's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def look_from_inside(place: Path, port: int, without: str = "") -> dict[str, dict[str, str]]:
    """What the probes say in a container that lacks one wall, by the probes' names."""
    if os.geteuid() != 0:
        pytest.skip("only root can map an agent's uid range")
    inside = place / "inside"
    agent = agent_config("ada")
    # The disk is this machine's, and of any size.
    agent["limits"]["disk_mib"] = 64 if without == "disk" else 1 << 40
    config = {
        "agent": agent,
        "socket": str(inside / "run" / "broker.sock"),
        "state_dir": str(inside / "agents" / "ada" / "state"),
        "operator": {"pronouns": "they/them", "password_credential": None},
        "claude": {"cli": None, "home": str(inside / "agents" / "ada" / "claude"), "env": {}},
    }
    asked = {"id": "x", "port": port, "hidden": [str(place / "broker" / "db")]}
    given = {"root": str(place), "config": config, "asked": asked, "without": without}
    with subprocess.Popen(
        [sys.executable, "-m", contained.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(given) + "\n")
        process.stdin.flush()
        ready = process.stdout.readline()
        if ready == "":
            pytest.skip(f"no user namespaces here: {process.communicate()[1].splitlines()[-1]}")
        base = 0 if without == "user range" else BASE
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{kind}").write_text(f"0 {base} {UID_RANGE}\n")
        output, errors = process.communicate("go\n", timeout=60)
    assert process.returncode == 0, errors
    return {one["name"]: one for one in json.loads(output)}


def outcomes(found: dict[str, dict[str, str]], outcome: str) -> set[str]:
    return {name for name, one in found.items() if one["outcome"] == outcome}


def test_in_a_container_every_wall_holds_and_nothing_is_left_behind(place: Path, port: int) -> None:
    found = look_from_inside(place, port)
    assert set(found) == set(INSIDE) - ELSEWHERE
    # What the kernel counts is not the namespaces' business.
    assert outcomes(found, "ok") | {"limits inside"} == set(found), found
    assert found["user range"]["found"] == f"uids 0 to 65535 are the host's from {BASE}"
    assert found["dashboard"]["found"] == f"127.0.0.1:{port} takes no connection"
    assert found["devices"]["found"] == "mknod: Operation not permitted"
    assert found["socket directory"]["found"].endswith("Read-only file system")
    assert [list((place / "host" / part).iterdir()) for part in ("state", "claude", "socket")] == [[], [], []]


@pytest.mark.parametrize(
    ("without", "failing"),
    [
        ("mounts", {"mounts"}),
        ("socket directory", {"socket directory"}),
        ("other agents", {"other agents"}),
        ("broker's files", {"broker's files"}),
        ("managed settings", {"managed settings"}),
        ("namespaces", {"namespaces"}),
        ("dashboard", {"dashboard"}),
        ("disk", {"disk inside"}),
    ],
)
def test_a_missing_wall_is_found_and_no_other(
    place: Path, port: int, without: str, failing: set[str]
) -> None:
    found = look_from_inside(place, port, without)
    # A machine whose links look like a container's does not give itself away.
    assert outcomes(found, "failed") - {"network"} == failing, found


def test_a_range_that_begins_with_the_hosts_root_is_found(place: Path, port: int) -> None:
    for part in ("state", "claude", "socket"):
        os.chown(place / "host" / part, 0, 0)
    found = look_from_inside(place, port, "user range")
    assert {"user range", "sysctls"} <= outcomes(found, "failed"), found


async def test_the_harness_says_what_it_saw_and_whether_claude_and_the_broker_answer(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    config = hive.harness_config("alice")
    Path(config.state_dir).mkdir(parents=True)
    async with hive.client("alice") as client:
        done = await SelfTester(config, client).run(RunSelfTest(id="a", port=1, hidden=[]))
    found = {one.name: one for one in done.observations}
    assert (done.id, set(found)) == ("a", set(INSIDE))
    assert (found["broker"].outcome, found["broker"].found) == (Outcome.OK, "answers alice")
    assert found["Claude Code"].outcome is Outcome.OK
    assert list(Path(config.state_dir).iterdir()) == []


async def test_a_claude_that_does_not_start_and_a_broker_that_is_gone_are_failures(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.harness.selftest._BROKER_SECONDS", 0.2)
    hive = await small_hive('default_text = "ok"', alice={})
    found: dict[str, dict[str, Any]] = {}
    for cli in ("/nowhere/claude", "/bin/false"):
        config = hive.harness_config("alice", cli=cli)
        Path(config.state_dir).mkdir(parents=True, exist_ok=True)
        await hive.broker.stop()
        async with hive.client("alice") as client:
            done = await SelfTester(config, client).run(RunSelfTest(id="a", port=1, hidden=[]))
        found[cli] = {one.name: (one.outcome, one.found) for one in done.observations}
    assert found["/nowhere/claude"]["Claude Code"] == (
        Outcome.FAILED,
        "/nowhere/claude: No such file or directory",
    )
    assert found["/bin/false"]["Claude Code"] == (Outcome.FAILED, "/bin/false says nothing")
    assert found["/bin/false"]["broker"] == (Outcome.FAILED, "no answer within 0.2 seconds")


async def test_what_does_not_end_in_time_is_left_out(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "claude"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr("hyperhive.harness.selftest._SECONDS", 3.0)
    hive = await small_hive('default_text = "ok"', alice={})
    config = hive.harness_config("alice", cli=str(slow))
    Path(config.state_dir).mkdir(parents=True)
    async with hive.client("alice") as client, asyncio.timeout(15):
        done = await SelfTester(config, client).run(RunSelfTest(id="a", port=1, hidden=[]))
    assert {one.name for one in done.observations} == set(INSIDE) - {"Claude Code"}
