"""Checks of what a first run trips over; each failure names its cause, the option and a command."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from hyperhive.config_toml import Hive, Places
from hyperhive.system.admin import AdminClient, BrokerUnreachableError, RefusedError
from hyperhive.system.installation import bundled_claude
from hyperhive.up.credentials import agents_without_account, read_sources
from hyperhive.up.places import SOCKET_PATH_LIMIT

_CLAUDE_SECONDS: Final = 30
_CONNECT_SECONDS: Final = 2.0
_DISK_BYTES: Final = 512 * 1024 * 1024
#: No clock that is right shows an earlier time.
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_TOO_LATE: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


class Outcome(StrEnum):
    """How a check ended; what is skipped needs something that is not there."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """One check's result.

    Attributes:
        found: What was seen.
        option: What to change; empty unless it failed.
        command: What to run; empty unless it failed.
    """

    name: str
    outcome: Outcome
    found: str
    option: str = ""
    command: str = ""


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
        check_python,
        check_claude,
        check_state_dir,
        check_socket_path,
        check_broker,
        check_port,
        check_credentials,
        check_dashboard,
        check_disk,
        check_clock,
    )
    return [check(setting) for check in checks]


def _ok(name: str, found: str) -> Check:
    return Check(name, Outcome.OK, found)


def _failed(name: str, found: str, option: str, command: str) -> Check:
    return Check(name, Outcome.FAILED, found, option, command)


def check_python(_: Setting) -> Check:
    """The interpreter is one that hyperhive runs on."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return _ok("python", version)
    return _failed("python", f"{version} is not supported", "PYTHON of make", "make PYTHON=python3.13")


def check_claude(setting: Setting) -> Check:
    """Claude Code starts and says its version."""
    program = setting.claude or bundled_claude()
    if program is None:
        return _failed("claude", "there is no claude program", "[claude] cli", "make")
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
            return _failed(
                "claude", f"does not end within {_CLAUDE_SECONDS} s", option, f"{program} --version"
            )
        except (OSError, subprocess.CalledProcessError) as error:
            return _failed("claude", f"does not run: {error}", option, f"{program} --version")
    return _ok("claude", f"{done.stdout.strip()} at {program}")


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def check_state_dir(setting: Setting) -> Check:
    """The state directory can be made and written."""
    path = setting.places.state_dir
    base = _existing(path)
    try:
        with tempfile.NamedTemporaryFile(dir=base):
            return _ok("state directory", str(path))
    except OSError as error:
        found = f"{base} cannot be written: {error.strerror}"
        return _failed("state directory", found, "--state-dir", f"ls -ld {base}")


def check_socket_path(setting: Setting) -> Check:
    """The path of every agent's socket is short enough for the kernel, and sockets work there."""
    agents = list(setting.hive.harnesses) if setting.hive else ["a" * 31]
    longest = max(len(os.fsencode(setting.places.socket(name))) for name in agents)
    directory = setting.places.runtime_dir
    if longest > SOCKET_PATH_LIMIT:
        found = f"paths below {directory} are {longest} bytes long, {SOCKET_PATH_LIMIT} are the limit"
        return _failed(
            "sockets", found, "--state-dir or $XDG_RUNTIME_DIR", "export XDG_RUNTIME_DIR=/run/user/$UID"
        )
    try:
        _try_socket(_existing(directory))
    except OSError as error:
        found = f"a Unix socket below {directory} does not work: {error}"
        return _failed("sockets", found, "--state-dir", f"df {directory}")
    return _ok("sockets", str(directory))


def _try_socket(directory: Path) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="s", dir=directory) as own,
        socket.socket(socket.AF_UNIX) as listener,
        socket.socket(socket.AF_UNIX) as caller,
    ):
        # Through a descriptor the path is short, whatever the directory's is.
        descriptor = os.open(own, os.O_RDONLY | os.O_DIRECTORY)
        try:
            listener.bind(f"/proc/self/fd/{descriptor}/s")
            listener.listen()
            caller.settimeout(_CONNECT_SECONDS)
            caller.connect(f"/proc/self/fd/{descriptor}/s")
        finally:
            os.close(descriptor)


def check_broker(setting: Setting) -> Check:
    """A running broker answers and has every agent's harness connected."""
    path = setting.places.runtime_dir / "admin.sock"
    if not path.exists():
        return Check("broker", Outcome.SKIPPED, "not running")
    try:
        agents = AdminClient(path).get("/api/state")["agents"]
    except (BrokerUnreachableError, RefusedError) as error:
        return _failed("broker", error.message, "the broker must run", "hyperhive up")
    # What somebody stopped on purpose is as it should be.
    missing = [agent for agent in agents if not agent["linked"] and agent["unit"]["state"] != "stopped"]
    if missing:
        names = ", ".join(agent["name"] for agent in missing)
        found = f"answers, but has no harness of {names}"
        return _failed("broker", found, "the harness's output says why", "hyperhive status")
    linked = sum(agent["linked"] for agent in agents)
    return _ok("broker", f"answers, {linked} agents are connected")


def check_port(setting: Setting) -> Check:
    """The dashboard's port is free, or it is our own broker that uses it."""
    where = f"{setting.host} port {setting.port}"
    if (setting.places.runtime_dir / "admin.sock").exists():
        return Check("port", Outcome.SKIPPED, f"{where} is the running broker's")
    family = socket.AF_INET6 if ":" in setting.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((setting.host, setting.port))
        except OSError as error:
            found = f"{where} cannot be used: {error.strerror or error}"
            return _failed("port", found, "[dashboard] port", f"ss -ltnp 'sport = :{setting.port}'")
    return _ok("port", f"{where} is free")


def check_credentials(setting: Setting) -> Check:
    """Every credential has a value, and every agent an account to use."""
    if setting.hive is None:
        return Check("credentials", Outcome.SKIPPED, "there is no hive file")
    secrets = read_sources(setting.hive.credentials, os.environ)
    option = f"[credentials] in {setting.config}"
    if secrets.missing:
        found = "; ".join(f"{name}: {reason}" for name, reason in secrets.missing.items())
        return _failed("credentials", found, option, "claude setup-token")
    without = agents_without_account(setting.hive, secrets)
    if without:
        found = f"nothing to use Claude with: {', '.join(without)}"
        return _failed("credentials", found, option, "claude setup-token")
    return _ok("credentials", f"{len(secrets.values)} found, not shown")


def check_dashboard(setting: Setting) -> Check:
    """The dashboard's own files and its browser modules are there."""
    directory = setting.places.dashboard_dir
    missing = [name for name in ("index.html", "vendor") if not (directory / name).exists()]
    if not missing and not list((directory / "vendor").glob("*.js")):
        missing = ["vendor/*.js"]
    if missing:
        found = f"{directory} lacks {', '.join(missing)}"
        return _failed("dashboard", found, "dashboard_dir", "make vendor")
    return _ok("dashboard", str(directory))


def check_disk(setting: Setting) -> Check:
    """There is room for the database and the agents' files."""
    base = _existing(setting.places.state_dir)
    free = shutil.disk_usage(base).free
    found = f"{free // 1024 // 1024} MiB free at {base}"
    if free < _DISK_BYTES:
        return _failed("disk", found, "--state-dir", f"df -h {base}")
    return _ok("disk", found)


def check_clock(_: Setting) -> Check:
    """The clock shows a time that can be true; sessions, deadlines and TLS depend on it."""
    now = time.time()
    shown = "an impossible time"
    with contextlib.suppress(OverflowError, ValueError, OSError):
        shown = datetime.fromtimestamp(now, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    if _EPOCH <= now < _TOO_LATE:
        return _ok("clock", shown)
    return _failed("clock", f"shows {shown}", "the machine's time service", "timedatectl set-ntp true")
