"""Self-test of this agent: looks at its walls from inside, harmlessly, and says what it saw."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Final

from hyperhive.config import HarnessConfig, uid_base
from hyperhive.domain import limits, walls
from hyperhive.domain.selftest import observed, unclear
from hyperhive.errors import HyperhiveError
from hyperhive.harness.client import BrokerClient
from hyperhive.protocol.link import RunSelfTest, SelfTestDone
from hyperhive.protocol.selftest import Observation, Outcome
from hyperhive.system import cgroups, surroundings
from hyperhive.system.installation import bundled_claude

#: Less than the broker waits for all of it.
_SECONDS: Final = 20.0
_BROKER_SECONDS: Final = 5.0
_LOOPBACK: Final = "127.0.0.1"
#: Settings with which root of the host would be done for.
_SYSCTLS: Final = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger")
_MANAGED: Final = "/etc/claude-code/managed-settings.json"
_NIX_DAEMON: Final = "/nix/var/nix/daemon-socket/socket"


class SelfTester:
    """Runs the probes, all of them at once, whatever else the agent does."""

    def __init__(self, config: HarnessConfig, client: BrokerClient) -> None:
        self._config = config
        self._client = client

    async def run(self, asked: RunSelfTest) -> SelfTestDone:
        """What was seen; a probe that does not end in time is left out."""
        name = self._config.agent.name
        parts = await asyncio.gather(
            _in_time(asyncio.to_thread(look, self._config, asked)),
            _in_time(self._claude()),
            _in_time(self._broker(name)),
        )
        return SelfTestDone(id=asked.id, observations=[one for part in parts for one in part])

    async def _broker(self, name: str) -> list[Observation]:
        try:
            async with asyncio.timeout(_BROKER_SECONDS):
                me = await self._client.me()
        except TimeoutError:
            return [observed("broker", f"no answer within {_BROKER_SECONDS:g} seconds", held=False)]
        except HyperhiveError as error:
            return [observed("broker", error.message, held=False)]
        return [observed("broker", f"answers {me.name}", held=me.name == name)]

    async def _claude(self) -> list[Observation]:
        program = self._config.claude.cli or bundled_claude()
        if program is None:
            return [observed("Claude Code", "there is no claude program", held=False)]
        with tempfile.TemporaryDirectory() as home:
            try:
                version = await _output(str(program), "--version", home=home)
            except OSError as error:
                return [observed("Claude Code", f"{program}: {error.strerror or error}", held=False)]
        return [observed("Claude Code", version or f"{program} says nothing", held=bool(version))]


def look(config: HarnessConfig, asked: RunSelfTest) -> list[Observation]:
    """Everything that needs no waiting but for a connection that does not come; blocks for seconds."""
    found = []
    for name, probe in _probes(config, asked):
        try:
            found.append(probe())
        except (OSError, ValueError) as error:
            found.append(unclear(name, Outcome.SKIPPED, f"cannot be looked at: {error}"))
    return found


def _probes(config: HarnessConfig, asked: RunSelfTest) -> Iterator[tuple[str, Callable[[], Observation]]]:
    own, state = config.agent.name, config.state_dir
    yield "user range", lambda: walls.user_range(surroundings.text_of("/proc/self/uid_map"), uid_base(own))
    yield "namespaces", lambda: walls.namespaces(surroundings.namespace_links(walls.FIRST_NAMESPACES))
    yield "mounts", lambda: _mounts((state, config.claude.home))
    yield "socket directory", lambda: _socket_directory(config.socket)
    yield "state directory", lambda: walls.state_directory(state, surroundings.refused_file_in(state))
    yield "other agents", lambda: _other_agents(state, own)
    yield (
        "broker's files",
        lambda: walls.broker_files(asked.hidden, surroundings.visible(asked.hidden)),
    )
    yield "dashboard", lambda: _dashboard(asked.port)
    yield "network", lambda: walls.network(surroundings.text_of("/proc/net/dev"))
    yield "sysctls", lambda: walls.sysctls(_SYSCTLS, surroundings.openable(_SYSCTLS))
    yield "devices", lambda: walls.devices(surroundings.refused_device_in(state))
    yield "kernel modules", _kernel_modules
    yield "limits inside", _limits
    yield "disk inside", lambda: _disk((state, "/"), config.agent.limits.disk_mib)
    yield "managed settings", _managed_settings
    yield "Nix daemon", _nix_daemon


def _mounts(paths: tuple[str, ...]) -> Observation:
    real = [os.path.realpath(path) for path in paths]
    return walls.mounts(surroundings.text_of("/proc/self/mountinfo"), real)


def _socket_directory(socket: str) -> Observation:
    directory = str(Path(socket).parent)
    return walls.socket_directory(directory, surroundings.refused_file_in(directory))


def _other_agents(state: str, own: str) -> Observation:
    root = str(Path(state).parent.parent)
    return walls.other_agents(root, surroundings.names_in(root), own)


def _dashboard(port: int) -> Observation:
    addresses = [address for address in (surroundings.gateway(), _LOOPBACK) if address is not None]
    reached = {f"{one}:{port}": surroundings.takes_connection(one, port) for one in addresses}
    return walls.dashboard(reached)


def _kernel_modules() -> Observation:
    return walls.kernel_modules(
        surroundings.text_of("/proc/self/status"),
        surroundings.namespace_links(("user",)).get("user", ""),
        surroundings.text_of("/proc/sys/kernel/modules_disabled"),
    )


def _limits() -> Observation:
    group = limits.own_group(surroundings.text_of("/proc/self/cgroup"))
    texts = {} if group is None else cgroups.texts(group, tuple(limits.LIMIT_FILES))
    return walls.limits_inside(limits.effective(texts))


def _disk(paths: tuple[str, ...], limit_mib: int) -> Observation:
    return walls.disk_inside({path: surroundings.disk_size(path) for path in paths}, limit_mib)


def _managed_settings() -> Observation:
    text = surroundings.text_of(_MANAGED) or None
    writable = surroundings.openable((_MANAGED,))
    directory = str(Path(_MANAGED).parent)
    if text is not None and surroundings.refused_file_in(directory) is None:
        writable.append(directory)
    return walls.managed_settings(_MANAGED, text, writable)


def _nix_daemon() -> Observation:
    return walls.nix_daemon(_NIX_DAEMON, surroundings.refused_socket(_NIX_DAEMON), shutil.which("nix"))


async def _in_time(part: Awaitable[list[Observation]]) -> list[Observation]:
    try:
        async with asyncio.timeout(_SECONDS):
            return await part
    except TimeoutError:
        return []


async def _output(*command: str, home: str) -> str:
    """What a program prints; it is ended when the one who waits goes."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={"HOME": home, "PATH": os.environ.get("PATH", os.defpath)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    return output.decode(errors="replace").strip() if process.returncode == 0 else ""
