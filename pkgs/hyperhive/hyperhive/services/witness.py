"""Witness: what the broker sees of an agent from where that agent cannot touch it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from hyperhive.config import BrokerConfig, uid_base
from hyperhive.domain import limits, walls
from hyperhive.domain.selftest import unclear
from hyperhive.errors import HyperhiveError
from hyperhive.protocol.selftest import Observation, Outcome
from hyperhive.services.lifecycle import Runtime
from hyperhive.system import cgroups, surroundings
from hyperhive.system.sockets import Peer

_SAFE_FLAGS: Final = os.ST_NOSUID | os.ST_NODEV


class Witness:
    """Looks at one agent at a time; changes nothing.

    Args:
        config: Where the hive's files are.
        runtime: Knows where the kernel counts what agents use.
        cgroup_root: Where the kernel's control groups are.
    """

    def __init__(self, config: BrokerConfig, runtime: Runtime, cgroup_root: Path = cgroups.ROOT) -> None:
        self._cgroup_root = cgroup_root
        self._config = config
        self._runtime = runtime

    async def look(self, name: str, peer: Peer) -> list[Observation]:
        """Everything that can be seen of agent `name`, whose harness is at the other end as `peer`."""
        files = await asyncio.to_thread(self._look_at_files, name, peer)
        return [*files, await self._limits(name, peer)]

    def _look_at_files(self, name: str, peer: Peer) -> list[Observation]:
        found = []
        for probe, look in self._probes(name, peer):
            try:
                found.append(look())
            except OSError as error:
                reason = f"{error.filename}: {error.strerror}"
                found.append(unclear(probe, Outcome.SKIPPED, f"cannot be looked at: {reason}"))
        return found

    def _probes(self, name: str, peer: Peer) -> Iterator[tuple[str, Callable[[], Observation]]]:
        yield "peer", lambda: walls.peer(peer.uid, uid_base(name), os.geteuid())
        yield "socket", lambda: self._socket(name, peer)
        yield "files", lambda: self._files(name)
        yield "disk", lambda: self._disk(name)

    def _socket(self, name: str, peer: Peer) -> Observation:
        agents = Path(self._config.runtime_dir) / "agents"
        found = agents.stat()
        expected = str(agents / name / "broker.sock")
        return walls.socket(peer.address, expected, found.st_mode, found.st_uid, os.geteuid())

    def _state(self, name: str) -> Path:
        state = Path(self._config.state_dir)
        # Beside the broker's own on NixOS, below it where `hyperhive up` has made it.
        root = state.parent if self._config.runtime == "nixos" else state
        return root / "agents" / name / "state"

    def _files(self, name: str) -> Observation:
        path = self._state(name)
        found = path.stat()
        safe = os.statvfs(path).f_flag & _SAFE_FLAGS == _SAFE_FLAGS
        return walls.files(str(path), found.st_uid, found.st_mode, uid_base(name), safe=safe)

    def _disk(self, name: str) -> Observation:
        path = self._state(name)
        own = path.stat().st_dev != Path(self._config.state_dir).stat().st_dev
        return walls.disk(str(path), surroundings.disk_size(path), own=own)

    async def _limits(self, name: str, peer: Peer) -> Observation:
        try:
            group = await self._runtime.control_group(name)
        except HyperhiveError as error:
            return unclear("limits", Outcome.SKIPPED, error.message)
        return await asyncio.to_thread(self._limits_of, group, peer.pid)

    def _limits_of(self, group: str | None, pid: int) -> Observation:
        own = group or limits.own_group(surroundings.text_of(f"/proc/{pid}/cgroup"))
        try:
            texts = {} if own is None else cgroups.texts(own, tuple(limits.LIMIT_FILES), self._cgroup_root)
        except OSError as error:
            return unclear("limits", Outcome.SKIPPED, f"cannot be looked at: {error}")
        return walls.limits(limits.effective(texts))
