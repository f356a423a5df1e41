"""What the broker sees of an agent, on real files and over the stand-in for systemctl."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig, uid_base
from hyperhive.diagnosis import host_probes
from hyperhive.diagnosis.host_probes import OUTSIDE, SAFE_FLAGS, Outside
from hyperhive.diagnosis.probe import Judgement, observe
from hyperhive.protocol.diagnosis import Outcome
from hyperhive.system.sockets import Peer
from hyperhive.system.supervisor import Supervised
from hyperhive.system.units import Units
from tests.systemctl import Systemctl

BASE = uid_base("alice")
STATE = Path("/s")


def judged(judgement: Judgement) -> tuple[str, str]:
    return judgement.outcome.value, judgement.found


@pytest.fixture
def config(hive_config: Callable[..., BrokerConfig], tmp_path: Path) -> BrokerConfig:
    """Of a hive in containers, with the directories that the module and the broker make."""
    agents = tmp_path / "run" / "agents"
    agents.mkdir(parents=True, mode=0o700)
    (tmp_path / "agents" / "alice" / "state").mkdir(parents=True, mode=0o700)
    (tmp_path / "state").mkdir()
    return hive_config(runtime="nixos")


def mib(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_blocks * found.f_frsize // 1024**2


async def look(
    config: BrokerConfig, tmp_path: Path, uid: int = BASE, address: str = ""
) -> dict[str, tuple[str, str]]:
    peer = Peer(os.getpid(), uid, address or str(tmp_path / "run" / "agents" / "alice" / "broker.sock"))
    contained = config.runtime == "nixos"
    runtime = Units() if contained else Supervised(tmp_path / "s")
    place = Outside(config, "alice", peer, runtime.control_group, tmp_path / "cgroup")
    seen = await observe(OUTSIDE, place, 5)
    return {one.key: (one.outcome.value, one.found.replace(str(tmp_path), "")) for one in seen}


async def test_peer_socket_files_and_limits_are_what_the_kernel_says(
    config: BrokerConfig, tmp_path: Path, systemctl: Systemctl
) -> None:
    group = tmp_path / "cgroup" / "machine.slice" / "alice"
    group.mkdir(parents=True)
    for file, text in (("memory.max", "4294967296"), ("pids.max", "1024"), ("cpu.max", "200000 100000")):
        (group / file).write_text(text)
    systemctl.unit("alice", "active", ControlGroup="/machine.slice/alice")
    state = tmp_path / "agents" / "alice" / "state"
    if os.geteuid() == 0:
        os.chown(state, BASE, BASE)
    flags = os.statvfs(state).f_flag
    safe = bool(flags & os.ST_NOSUID) and bool(flags & os.ST_NODEV)
    owner = state.stat().st_uid
    assert await look(config, tmp_path) == {
        "peer": ("ok", f"uid {BASE}, the first of its range"),
        "socket": ("ok", "/run/agents/alice/broker.sock, closed to all others"),
        "files": (
            "ok" if safe and owner == BASE else "failed",
            f"/agents/alice/state: uid {owner}, mode 0700, {'' if safe else 'not '}nosuid and nodev",
        ),
        "disk": (
            "failed",
            f"/agents/alice/state: a file system of {mib(state)} MiB that is the broker's as well",
        ),
        "limits": ("ok", "4096 MiB of memory, 1024 tasks, 200 % of a processor"),
    }


async def test_a_disk_that_is_not_the_brokers_is_the_agents(
    hive_config: Callable[..., BrokerConfig], tmp_path: Path, systemctl: Systemctl
) -> None:
    systemctl.unit("alice", "active", ControlGroup="")
    (tmp_path / "agents").mkdir()
    # Another file system than that of the broker's files.
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        if Path(other).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("/dev/shm is no file system of its own here")
        (Path(other) / "state").mkdir()
        (tmp_path / "agents" / "alice").symlink_to(other)
        (tmp_path / "run" / "agents").mkdir(parents=True)
        (tmp_path / "state").mkdir()
        found = await look(hive_config(runtime="nixos"), tmp_path)
        assert found["disk"] == (
            "ok",
            f"/agents/alice/state: a file system of {mib(Path(other))} MiB of its own",
        )


async def test_a_foreign_peer_an_open_directory_and_missing_limits_fail(
    config: BrokerConfig, tmp_path: Path, systemctl: Systemctl
) -> None:
    systemctl.unit("alice", "active", ControlGroup="/machine.slice/alice")
    (tmp_path / "run" / "agents").chmod(0o755)
    found = await look(config, tmp_path, BASE + 7)
    assert (found["peer"], found["socket"], found["limits"]) == (
        ("failed", f"uid {BASE + 7}, of its range"),
        ("failed", "/run/agents/alice/broker.sock, open to others (mode 0755)"),
        ("failed", "memory without limit, tasks without limit, processor without limit"),
    )
    (tmp_path / "run" / "agents").chmod(0o700)
    found = await look(config, tmp_path, address="/tmp/planted.sock")
    assert found["socket"] == (
        "failed",
        "/tmp/planted.sock in place of /run/agents/alice/broker.sock",
    )


async def test_what_cannot_be_looked_at_is_said_to_be_so(
    config: BrokerConfig, tmp_path: Path, systemctl: Systemctl
) -> None:
    systemctl.play("show", "echo 'no bus' >&2; exit 1")
    (tmp_path / "agents" / "alice" / "state").rmdir()
    found = await look(config, tmp_path)
    skipped = Outcome.SKIPPED.value
    assert (found["files"], found["limits"]) == (
        (skipped, "cannot be looked at: /agents/alice/state: No such file or directory"),
        (skipped, "systemctl show: no bus"),
    )


async def test_of_a_process_its_own_control_group_is_looked_at(
    hive_config: Callable[..., BrokerConfig], config: BrokerConfig, tmp_path: Path
) -> None:
    (tmp_path / "state" / "agents" / "alice" / "state").mkdir(parents=True, mode=0o700)
    found = await look(hive_config(), tmp_path, os.geteuid())
    assert found["peer"] == ("failed", f"uid {os.geteuid()}, the broker's own")
    assert found["files"][1].startswith(f"/state/agents/alice/state: uid {os.geteuid()}, mode 0700")
    assert found["limits"][1] == "memory without limit, tasks without limit, processor without limit"


def test_the_peer_is_root_of_its_own_range() -> None:
    assert judged(host_probes.peer(BASE, BASE, 990)) == ("ok", f"uid {BASE}, the first of its range")
    assert judged(host_probes.peer(BASE + 5, BASE, 990)) == ("failed", f"uid {BASE + 5}, of its range")
    assert judged(host_probes.peer(BASE + 65536, BASE, 990)) == ("failed", f"uid {BASE + 65536}, not its own")
    assert judged(host_probes.peer(990, BASE, 990)) == ("failed", "uid 990, the broker's own")
    assert judged(host_probes.peer(0, BASE, 990)) == ("failed", "uid 0, not its own")


def test_a_socket_is_an_identity_only_while_others_are_kept_away() -> None:
    assert judged(host_probes.socket("/a/s", "/a/s", 0o40700, 990, 990)) == (
        "ok",
        "/a/s, closed to all others",
    )
    assert judged(host_probes.socket("/a/s", "/a/s", 0o40711, 990, 990)) == (
        "failed",
        "/a/s, open to others (mode 0711)",
    )
    assert host_probes.socket("/a/s", "/a/s", 0o40700, 1000, 990).outcome is Outcome.FAILED
    assert judged(host_probes.socket("/b/s", "/a/s", 0o40700, 990, 990)) == (
        "failed",
        "/b/s in place of /a/s",
    )


def test_files_belong_to_the_range_alone() -> None:
    good = host_probes.files(STATE, BASE, 0o40700, SAFE_FLAGS, BASE)
    assert judged(good) == ("ok", f"/s: uid {BASE}, mode 0700, nosuid and nodev")
    bad = [
        host_probes.files(STATE, 0, 0o40700, SAFE_FLAGS, BASE),
        host_probes.files(STATE, BASE, 0o40755, SAFE_FLAGS, BASE),
        host_probes.files(STATE, BASE, 0o40700, os.ST_NOSUID, BASE),
    ]
    assert [one.outcome for one in bad] == ["failed"] * 3
    assert bad[2].found == f"/s: uid {BASE}, mode 0700, not nosuid and nodev"


def test_a_disk_is_the_agents_own() -> None:
    size = 256 * 1024 * 1024
    assert judged(host_probes.disk(STATE, size, 7, 8)) == ("ok", "/s: a file system of 256 MiB of its own")
    assert judged(host_probes.disk(STATE, size, 7, 7)) == (
        "failed",
        "/s: a file system of 256 MiB that is the broker's as well",
    )


def test_one_limit_that_is_missing_is_enough() -> None:
    some = {"memory": 1048576.0, "tasks": 5.0, "cpu": None}
    assert host_probes.limits(some).outcome is Outcome.FAILED
    assert judged(host_probes.limits(some | {"cpu": 50.0})) == (
        "ok",
        "1 MiB of memory, 5 tasks, 50 % of a processor",
    )
