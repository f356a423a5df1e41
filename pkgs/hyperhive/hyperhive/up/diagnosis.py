"""Diagnosis of what a first run trips over; each failure names its cause, the option and a command."""

import asyncio
import os
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.config.hive_file import Hive, Paths
from hyperhive.diagnosis.doctor import CLOCK, DASHBOARD, DISK, PYTHON, STATE_DIRECTORY, Machine, existing
from hyperhive.diagnosis.probe import Judgement, Probe, failed, ok, skipped
from hyperhive.errors import RemoteError
from hyperhive.system import probes
from hyperhive.system.admin import AdminClient, BrokerUnreachableError
from hyperhive.system.installation import bundled_claude
from hyperhive.up.credentials import agents_without_account, read_sources
from hyperhive.up.paths import SOCKET_PATH_LIMIT

_CLAUDE_SECONDS: Final = 30


@dataclass(frozen=True)
class Setting(Machine):
    """What is to be looked at.

    Attributes:
        claude: The Claude Code program to try; null takes the one inside `claude-agent-sdk`.
        hive: The hive file, if there is one.
        config: How the user names that file on the command line.
    """

    host: str
    port: int
    claude: Path | None
    hive: Hive | None
    config: str

    @property
    def admin_socket(self) -> Path:
        return self.runtime_dir / "admin.sock"


async def _claude(at: Setting) -> Judgement:
    program = at.claude or bundled_claude()
    if program is None:
        return failed("there is no claude program", "[claude] cli", "make")
    try:
        async with asyncio.timeout(_CLAUDE_SECONDS):
            return ok(f"{await probes.version_of(str(program))} at {program}")
    except TimeoutError:
        fault = f"does not end within {_CLAUDE_SECONDS} s"
    except (OSError, subprocess.CalledProcessError) as error:
        fault = f"does not run: {error}"
    return failed(fault, "[claude] cli, or the package claude-agent-sdk", f"{program} --version")


def _sockets(at: Setting) -> Judgement:
    """The path of every agent's socket is short enough for the kernel, and sockets work there."""
    agents = list(at.hive.harnesses) if at.hive else ["a" * 31]
    longest = max(
        len(os.fsencode(Paths(at.state_dir, at.runtime_dir, at.dashboard_dir).socket(name)))
        for name in agents
    )
    directory = at.runtime_dir
    if longest > SOCKET_PATH_LIMIT:
        found = f"paths below {directory} are {longest} bytes long, {SOCKET_PATH_LIMIT} are the limit"
        return failed(found, at.advice.runtime_dir, "export XDG_RUNTIME_DIR=/run/user/$UID")
    refusal = probes.refused_new_socket(existing(directory))
    if refusal is not None:
        found = f"a Unix socket below {directory} does not work: {refusal}"
        return failed(found, "--state-dir", f"df {directory}")
    return ok(str(directory))


def _broker(at: Setting) -> Judgement:
    if not at.admin_socket.exists():
        return skipped("not running")
    try:
        agents = AdminClient(at.admin_socket).get("/api/state")["agents"]
    except (BrokerUnreachableError, RemoteError) as error:
        return failed(error.message, "the broker must run", "hyperhive up")
    # What somebody stopped on purpose is as it should be.
    missing = [agent for agent in agents if not agent["linked"] and agent["unit"]["state"] != "stopped"]
    if missing:
        names = ", ".join(agent["name"] for agent in missing)
        found = f"answers, but has no harness of {names}"
        return failed(found, "the harness's output says why", "hyperhive status")
    linked = sum(agent["linked"] for agent in agents)
    return ok(f"answers, {linked} agents are connected")


def _port(at: Setting) -> Judgement:
    where = f"{at.host} port {at.port}"
    if at.admin_socket.exists():
        return skipped(f"{where} is the running broker's")
    family = socket.AF_INET6 if ":" in at.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((at.host, at.port))
        except OSError as error:
            found = f"{where} cannot be used: {error.strerror or error}"
            return failed(found, "[dashboard] port", f"ss -ltnp 'sport = :{at.port}'")
    return ok(f"{where} is free")


def _credentials(at: Setting) -> Judgement:
    if at.hive is None:
        return skipped("there is no hive file")
    secrets = read_sources(at.hive.credentials, os.environ)
    option = f"[credentials] in {at.config}"
    if secrets.missing:
        found = "; ".join(f"{name}: {reason}" for name, reason in secrets.missing.items())
        return failed(found, option, "claude setup-token")
    without = agents_without_account(at.hive, secrets)
    if without:
        found = f"nothing to use Claude with: {', '.join(without)}"
        return failed(found, option, "claude setup-token")
    return ok(f"{len(secrets.values)} found, not shown")


PROBES: Final[tuple[Probe[Setting], ...]] = (
    PYTHON,
    Probe("claude", _claude),
    STATE_DIRECTORY,
    Probe("sockets", _sockets),
    Probe("broker", _broker),
    Probe("port", _port),
    Probe("credentials", _credentials),
    DASHBOARD,
    DISK,
    CLOCK,
)
