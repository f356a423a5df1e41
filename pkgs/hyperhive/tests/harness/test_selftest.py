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
from hyperhive.diagnosis.isolation import INSIDE, Inside
from hyperhive.diagnosis.probe import observe
from hyperhive.protocol.diagnosis import Outcome
from hyperhive.protocol.link import RunSelfTest
from tests.conftest import agent_config
from tests.harness import contained
from tests.harness.conftest import MakeHive

BASE = uid_base("ada")
PROJECT = Path(__file__).parents[2]
#: Said over the link or by a program of its own.
ELSEWHERE = {"claude", "broker"}
KEYS = {probe.key for probe in INSIDE}
ASKED = RunSelfTest(id="a", port=1, hidden=[])


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
    """What the probes say in a container that lacks one wall, by the probes' keys."""
    if os.geteuid() != 0:
        pytest.skip("only root can map an agent's uid range")
    inside = place / "inside"
    agent = agent_config("ada")
    # The disk is this machine's, and of any size.
    agent["limits"]["disk_mib"] = 64 if without == "disk" else 1 << 30
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
            [*_, last] = process.communicate()[1].splitlines()
            assert "unshare" in last, last
            pytest.skip(f"no user namespaces here: {last}")
        base = 0 if without == "user range" else BASE
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{process.pid}/{kind}").write_text(f"0 {base} {UID_RANGE}\n")
        output, errors = process.communicate("go\n", timeout=60)
    assert process.returncode == 0, errors
    return {one["key"]: one for one in json.loads(output)}


def outcomes(found: dict[str, dict[str, str]], outcome: str) -> set[str]:
    return {name for name, one in found.items() if one["outcome"] == outcome}


def test_in_a_container_every_wall_holds_and_nothing_is_left_behind(place: Path, port: int) -> None:
    found = look_from_inside(place, port)
    assert set(found) == KEYS - ELSEWHERE
    # What the kernel counts is not the namespaces' business.
    assert outcomes(found, "ok") | {"limits_inside"} == set(found), found
    assert found["user_range"]["found"] == f"uids 0 to 65535 are the host's from {BASE}"
    assert found["dashboard"]["found"] == f"127.0.0.1:{port} takes no connection"
    assert found["devices"]["found"] == "mknod: Operation not permitted"
    assert found["socket_directory"]["found"].endswith("Read-only file system")
    assert [list((place / "host" / part).iterdir()) for part in ("state", "claude", "socket")] == [[], [], []]


@pytest.mark.parametrize(
    ("without", "failing"),
    [
        ("mounts", {"mounts"}),
        ("socket directory", {"socket_directory"}),
        ("other agents", {"other_agents"}),
        ("broker's files", {"broker_files"}),
        ("managed settings", {"managed_settings"}),
        ("namespaces", {"namespaces"}),
        ("dashboard", {"dashboard"}),
        ("disk", {"disk_inside"}),
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
    assert {"user_range", "sysctls"} <= outcomes(found, "failed"), found


async def test_the_harness_says_what_it_saw_and_whether_claude_and_the_broker_answer(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    config = hive.harness_config("alice")
    Path(config.state_dir).mkdir(parents=True)
    async with hive.client("alice") as client:
        found = {one.key: one for one in await observe(INSIDE, Inside(config, ASKED, client.me), 20)}
    assert set(found) == KEYS
    assert (found["broker"].outcome, found["broker"].found) == (Outcome.OK, "answers alice")
    assert found["claude"].outcome is Outcome.OK
    assert list(Path(config.state_dir).iterdir()) == []


async def test_a_claude_that_does_not_start_and_a_broker_that_is_gone_are_failures(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.diagnosis.isolation._BROKER_SECONDS", 0.2)
    hive = await small_hive('default_text = "ok"', alice={})
    found: dict[str, dict[str, Any]] = {}
    for cli in ("/nowhere/claude", "/bin/false"):
        config = hive.harness_config("alice", cli=cli)
        Path(config.state_dir).mkdir(parents=True, exist_ok=True)
        await hive.broker.stop()
        async with hive.client("alice") as client:
            seen = await observe(INSIDE, Inside(config, ASKED, client.me), 20)
        found[cli] = {one.key: (one.outcome, one.found) for one in seen}
    assert found["/nowhere/claude"]["claude"] == (
        Outcome.FAILED,
        "/nowhere/claude: No such file or directory",
    )
    assert found["/bin/false"]["claude"] == (Outcome.FAILED, "/bin/false says nothing")
    assert found["/bin/false"]["broker"] == (Outcome.FAILED, "no answer within 0.2 seconds")


async def test_what_does_not_end_in_time_is_left_out(small_hive: MakeHive, tmp_path: Path) -> None:
    slow = tmp_path / "claude"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    hive = await small_hive('default_text = "ok"', alice={})
    config = hive.harness_config("alice", cli=str(slow))
    Path(config.state_dir).mkdir(parents=True)
    async with hive.client("alice") as client, asyncio.timeout(15):
        seen = await observe(INSIDE, Inside(config, ASKED, client.me), 3)
    assert {one.key for one in seen} == KEYS - {"claude"}
