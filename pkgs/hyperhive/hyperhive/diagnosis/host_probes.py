"""Host's view of an agent: what the broker sees of it from where that agent cannot touch it."""

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.config import UID_RANGE, BrokerConfig, uid_base
from hyperhive.diagnosis.isolation import LIMIT_FILES, effective, own_group, shown
from hyperhive.diagnosis.probe import Judgement, Probe, failed, judged, ok
from hyperhive.system import probes
from hyperhive.system.sockets import Peer

SAFE_FLAGS: Final = os.ST_NOSUID | os.ST_NODEV
_MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Outside:
    config: BrokerConfig
    name: str
    #: The other end of its harness's connection.
    peer: Peer
    #: Says where the kernel counts what an agent uses.
    control_group: Callable[[str], Awaitable[str | None]]
    cgroup_root: Path = probes.CGROUP_ROOT

    @property
    def state(self) -> Path:
        state = Path(self.config.state_dir)
        # Beside the broker's own on NixOS, below it where `hyperhive up` has made it.
        root = state.parent if self.config.runtime == "nixos" else state
        return root / "agents" / self.name / "state"


def peer(uid: int, base: int, own: int) -> Judgement:
    """The connection's uid is `base`, root of the agent's range; `own` is the broker's uid."""
    if uid == base:
        return ok(f"uid {uid}, the first of its range")
    where = (
        "the broker's own" if uid == own else "of its range" if 0 < uid - base < UID_RANGE else "not its own"
    )
    return failed(f"uid {uid}, {where}")


def socket(address: str, expected: str, parent_mode: int, parent_uid: int, own: int) -> Judgement:
    """The connection came on the agent's own socket, below a directory that only the broker may enter."""
    closed = stat.S_IMODE(parent_mode) & 0o077 == 0 and parent_uid == own
    words = "closed to all others" if closed else f"open to others (mode {stat.S_IMODE(parent_mode):04o})"
    if address != expected:
        return failed(f"{address} in place of {expected}")
    return judged(f"{address}, {words}", held=closed)


def files(path: Path, uid: int, mode: int, flags: int, base: int) -> Judgement:
    """The agent's state directory belongs to its range alone; `flags` are those of its mount."""
    private = stat.S_IMODE(mode) & 0o077 == 0
    safe = flags & SAFE_FLAGS == SAFE_FLAGS
    words = f"{path}: uid {uid}, mode {stat.S_IMODE(mode):04o}, {'' if safe else 'not '}nosuid and nodev"
    return judged(words, held=uid == base and private and safe)


def disk(path: Path, size: int, device: int, brokers: int) -> Judgement:
    """The agent's files lie on a file system of `size` bytes, which is not the broker's."""
    whose = "that is the broker's as well" if device == brokers else "of its own"
    return judged(f"{path}: a file system of {size // _MIB} MiB {whose}", held=device != brokers)


def limits(found: Mapping[str, float | None]) -> Judgement:
    return judged(shown(found), held=None not in found.values())


def _socket(at: Outside) -> tuple[str, str, int, int, int]:
    agents = Path(at.config.runtime_dir) / "agents"
    found = agents.stat()
    return (
        at.peer.address,
        str(agents / at.name / "broker.sock"),
        found.st_mode,
        found.st_uid,
        os.geteuid(),
    )


def _files(at: Outside) -> tuple[Path, int, int, int, int]:
    found = at.state.stat()
    return at.state, found.st_uid, found.st_mode, os.statvfs(at.state).f_flag, uid_base(at.name)


def _disk(at: Outside) -> tuple[Path, int, int, int]:
    device, brokers = at.state.stat().st_dev, Path(at.config.state_dir).stat().st_dev
    return at.state, probes.disk_size(at.state), device, brokers


async def _limits(at: Outside) -> tuple[dict[str, float | None]]:
    group = await at.control_group(at.name)

    def read() -> dict[str, float | None]:
        own = group or own_group(probes.text_of(f"/proc/{at.peer.pid}/cgroup"))
        return effective({} if own is None else probes.cgroup_texts(own, LIMIT_FILES, at.cgroup_root))

    return (await asyncio.to_thread(read),)


#: In the order in which it is shown.
OUTSIDE: Final[tuple[Probe[Outside], ...]] = (
    Probe(
        "peer",
        lambda at: (at.peer.uid, uid_base(at.name), os.geteuid()),
        peer,
        "the kernel says that its connection is root of its own range, which is nobody on the host",
        "its connection does not come from root of its own range",
    ),
    Probe(
        "socket",
        _socket,
        socket,
        "what comes on it is this agent's: no other account gets near it",
        "other accounts may get at it, and speak as this agent",
        wall=False,
    ),
    Probe(
        "files",
        _files,
        files,
        "its files are its range's alone, and none of them is a setuid program or a device",
        "its files are not closed off on the host",
    ),
    Probe(
        "disk",
        _disk,
        disk,
        "it cannot fill the host's disk",
        "what it keeps lies where the broker's own files are, and it can fill that disk",
    ),
    Probe(
        "limits",
        _limits,
        limits,
        "it cannot use up the machine",
        "it can use up what has no limit, for everybody",
    ),
)
