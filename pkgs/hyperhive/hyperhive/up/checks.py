"""Checks of what a first run trips over; each failure names its cause, the option and a command."""

import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.config.hive_file import Hive, Places
from hyperhive.domain.doctor import ADVICE, failed, ok, skipped
from hyperhive.errors import RemoteError
from hyperhive.protocol.doctor import Check
from hyperhive.services import machine
from hyperhive.system.admin import AdminClient, BrokerUnreachableError
from hyperhive.system.installation import bundled_claude
from hyperhive.up.credentials import agents_without_account, read_sources
from hyperhive.up.places import SOCKET_PATH_LIMIT

_ADVICE: Final = ADVICE["process"]
_CLAUDE_SECONDS: Final = 30


@dataclass(frozen=True)
class Setting:
    """What is to be checked.

    Attributes:
        hive: The hive file, if there is one.
        config: How the user names that file on the command line.
        claude: The Claude Code program to try; null takes the one inside `claude-agent-sdk`.
    """

    places: Places
    host: str
    port: int
    claude: Path | None
    hive: Hive | None
    config: str


def run_checks(setting: Setting) -> list[Check]:
    """Run every check; takes a second or two."""
    checks: Iterable[Callable[[Setting], Check]] = (
        lambda _: machine.check_python(),
        check_claude,
        lambda given: machine.check_state_dir(given.places.state_dir, _ADVICE.state_dir),
        check_socket_path,
        check_broker,
        check_port,
        check_credentials,
        lambda given: machine.check_dashboard(given.places.dashboard_dir, _ADVICE.dashboard, _ADVICE.files),
        lambda given: machine.check_disk(given.places.state_dir, _ADVICE.state_dir),
        lambda _: machine.check_clock(),
    )
    return [check(setting) for check in checks]


def check_claude(setting: Setting) -> Check:
    """Claude Code starts and says its version."""
    program = setting.claude or bundled_claude()
    if program is None:
        return failed("claude", "there is no claude program", "[claude] cli", "make")
    option = "[claude] cli, or the package claude-agent-sdk"
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": os.environ.get("PATH", os.defpath)}
        try:
            done = subprocess.run(  # noqa: S603 - the program is the operator's own setting
                [program, "--version"],
                capture_output=True,
                env=environment,
                stdin=subprocess.DEVNULL,
                text=True,
                timeout=_CLAUDE_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired:
            return failed(
                "claude", f"does not end within {_CLAUDE_SECONDS} s", option, f"{program} --version"
            )
        except (OSError, subprocess.CalledProcessError) as error:
            return failed("claude", f"does not run: {error}", option, f"{program} --version")
    return ok("claude", f"{done.stdout.strip()} at {program}")


def check_socket_path(setting: Setting) -> Check:
    """The path of every agent's socket is short enough for the kernel, and sockets work there."""
    agents = list(setting.hive.harnesses) if setting.hive else ["a" * 31]
    longest = max(len(os.fsencode(setting.places.socket(name))) for name in agents)
    directory = setting.places.runtime_dir
    if longest > SOCKET_PATH_LIMIT:
        found = f"paths below {directory} are {longest} bytes long, {SOCKET_PATH_LIMIT} are the limit"
        return failed("sockets", found, _ADVICE.runtime_dir, "export XDG_RUNTIME_DIR=/run/user/$UID")
    try:
        machine.try_new_socket(machine.existing(directory))
    except OSError as error:
        found = f"a Unix socket below {directory} does not work: {error}"
        return failed("sockets", found, "--state-dir", f"df {directory}")
    return ok("sockets", str(directory))


def check_broker(setting: Setting) -> Check:
    """A running broker answers and has every agent's harness connected."""
    path = setting.places.runtime_dir / "admin.sock"
    if not path.exists():
        return skipped("broker", "not running")
    try:
        agents = AdminClient(path).get("/api/state")["agents"]
    except (BrokerUnreachableError, RemoteError) as error:
        return failed("broker", error.message, "the broker must run", "hyperhive up")
    # What somebody stopped on purpose is as it should be.
    missing = [agent for agent in agents if not agent["linked"] and agent["unit"]["state"] != "stopped"]
    if missing:
        names = ", ".join(agent["name"] for agent in missing)
        found = f"answers, but has no harness of {names}"
        return failed("broker", found, "the harness's output says why", "hyperhive status")
    linked = sum(agent["linked"] for agent in agents)
    return ok("broker", f"answers, {linked} agents are connected")


def check_port(setting: Setting) -> Check:
    """The dashboard's port is free, or it is our own broker that uses it."""
    where = f"{setting.host} port {setting.port}"
    if (setting.places.runtime_dir / "admin.sock").exists():
        return skipped("port", f"{where} is the running broker's")
    family = socket.AF_INET6 if ":" in setting.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((setting.host, setting.port))
        except OSError as error:
            found = f"{where} cannot be used: {error.strerror or error}"
            return failed("port", found, "[dashboard] port", f"ss -ltnp 'sport = :{setting.port}'")
    return ok("port", f"{where} is free")


def check_credentials(setting: Setting) -> Check:
    """Every credential has a value, and every agent an account to use."""
    if setting.hive is None:
        return skipped("credentials", "there is no hive file")
    secrets = read_sources(setting.hive.credentials, os.environ)
    option = f"[credentials] in {setting.config}"
    if secrets.missing:
        found = "; ".join(f"{name}: {reason}" for name, reason in secrets.missing.items())
        return failed("credentials", found, option, "claude setup-token")
    without = agents_without_account(setting.hive, secrets)
    if without:
        found = f"nothing to use Claude with: {', '.join(without)}"
        return failed("credentials", found, option, "claude setup-token")
    return ok("credentials", f"{len(secrets.values)} found, not shown")
