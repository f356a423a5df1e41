"""Doctor: what trips a hive over, in the machine, the broker or an agent, and what to do about it."""

import pwd
import shutil
import sqlite3
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hyperhive.config import UID_RANGE, BrokerConfig, TlsConfig, uid_base
from hyperhive.diagnosis.probe import Judgement, Probe, failed, ok, skipped
from hyperhive.domain.passwords import check_hash
from hyperhive.errors import ConfigError
from hyperhive.protocol.agents import AgentState, AgentView, McpServer, McpState
from hyperhive.protocol.diagnosis import Finding, Outcome, SelfTest
from hyperhive.protocol.lifecycle import UnitState
from hyperhive.store import integrity
from hyperhive.store.database import Database
from hyperhive.system import probes
from hyperhive.system.credentials import credential_path, read_credential

_DAY: Final = 86_400.0
_MINUTE: Final = 60.0
_MIB: Final = 1024 * 1024
#: How long the database is looked at.
_DATABASE_SECONDS: Final = 5.0
_DISK_BYTES: Final = 512 * _MIB
#: A certificate that has less left is renewed too late to be forgotten about.
_CERTIFICATE_DAYS: Final = 7
#: No clock that is right shows an earlier time.
_EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
_TOO_LATE: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_SHOWN_NAMES: Final = 5

#: Units that need nobody: what somebody stopped is as it should be, the others are on their way.
_RESTING: Final = frozenset({UnitState.STOPPED, UnitState.STARTING, UnitState.STOPPING})


@dataclass(frozen=True)
class Advice:
    """What a runtime calls its options; `files` and `log` are commands."""

    state_dir: str
    runtime_dir: str
    dashboard: str
    files: str
    tls: str
    password: str
    agent: str
    manager: str
    log: str


#: By `runtime` of the configuration.
ADVICE: Final[Mapping[str, Advice]] = {
    "nixos": Advice(
        state_dir="the file system of /var/lib/hyperhive",
        runtime_dir="the file system of /run",
        dashboard="services.hyperhive.package",
        files="nixos-rebuild switch",
        tls="services.hyperhive.dashboard.tls",
        password="services.hyperhive.dashboard.passwordHashFile",  # noqa: S106 - names an option
        agent="services.hyperhive.agents.{name}",
        manager="services.hyperhive.manager",
        log="journalctl -M h-{name} -u hyperhive-harness -e",
    ),
    "process": Advice(
        state_dir="--state-dir",
        runtime_dir="--state-dir or $XDG_RUNTIME_DIR",
        dashboard="dashboard_dir",
        files="make vendor",
        tls="[dashboard] tls",
        password="[operator] password_credential",  # noqa: S106 - names an option
        agent="[agents.{name}]",
        manager="[agents.{name}]",
        log="hyperhive status",
    ),
}


def existing(path: Path) -> Path:
    """The path, or the nearest directory above it that exists."""
    return next(one for one in (path, *path.parents) if one.exists())


@dataclass(frozen=True)
class Machine:
    """Where a hive's files are; they need not be there yet."""

    state_dir: Path
    runtime_dir: Path
    dashboard_dir: Path
    advice: Advice


@dataclass(frozen=True)
class BrokersPlace(Machine):
    config: BrokerConfig
    #: Who is in the hive.
    names: Callable[[], list[str]]
    db: Database
    #: Seconds since 1970.
    clock: Callable[[], float]
    #: The machine's ranges of uids that users may map.
    subordinate_uids: Path


@dataclass(frozen=True)
class AgentsPlace:
    view: AgentView
    #: Its last self-test; None when there was none since the broker started.
    test: SelfTest | None
    #: Seconds since 1970.
    now: float
    advice: Advice

    @property
    def name(self) -> str:
        return self.view.name

    @property
    def option(self) -> str:
        own = self.advice.manager if self.view.role == "manager" else self.advice.agent
        return own.format(name=self.name)

    @property
    def findings(self) -> list[Finding]:
        return [] if self.test is None else [*self.test.outside, *self.test.inside]


# The machine, with and without a broker.


def _python(_at: Machine) -> Judgement:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return ok(version)
    return failed(f"{version} is not supported", "PYTHON of make", "make PYTHON=python3.13")


def _state_directory(at: Machine) -> Judgement:
    base = existing(at.state_dir)
    refusal = probes.refused_file_in(str(base))
    if refusal is None:
        return ok(str(at.state_dir))
    return failed(f"{base} cannot be written: {refusal}", at.advice.state_dir, f"ls -ld {base}")


def _disk(at: Machine) -> Judgement:
    base = existing(at.state_dir)
    free = shutil.disk_usage(base).free
    found = f"{free // _MIB} MiB free at {base}"
    return ok(found) if free >= _DISK_BYTES else failed(found, at.advice.state_dir, f"df -h {base}")


def _clock(_at: Machine) -> Judgement:
    now, shown = time.time(), "an impossible time"
    with suppress(OverflowError, ValueError, OSError):
        shown = datetime.fromtimestamp(now, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
    if _EPOCH <= now < _TOO_LATE:
        return ok(shown)
    return failed(f"shows {shown}", "the machine's time service", "timedatectl set-ntp true")


def _dashboard(at: Machine) -> Judgement:
    directory = at.dashboard_dir
    missing = [name for name in ("index.html", "vendor") if not (directory / name).exists()]
    if not missing and not any((directory / "vendor").glob("*.js")):
        missing = ["vendor/*.js"]
    if missing:
        return failed(f"{directory} lacks {', '.join(missing)}", at.advice.dashboard, at.advice.files)
    return ok(str(directory))


PYTHON: Final = Probe("python", _python)
STATE_DIRECTORY: Final = Probe("state_directory", _state_directory)
DASHBOARD: Final = Probe("dashboard", _dashboard)
DISK: Final = Probe("disk", _disk)
#: Sessions, deadlines and TLS depend on it.
CLOCK: Final = Probe("clock", _clock)


# The running broker.


def _open_sockets(at: BrokersPlace) -> Judgement:
    agents = [at.runtime_dir / "agents" / name / "broker.sock" for name in at.names()]
    for path in (at.runtime_dir / "admin.sock", *agents):
        refusal = probes.refused_socket(str(path))
        if refusal is not None:
            return failed(f"{path} does not answer: {refusal}", at.advice.runtime_dir, f"ls -l {path}")
    return ok(f"{len(agents) + 1} below {at.runtime_dir} answer")


def _password(at: BrokersPlace, credential: str) -> Judgement:
    try:
        check_hash(read_credential(credential))
    except ConfigError as error:
        fault = error.message
    except ValueError as error:
        fault = f"credential {credential!r}: {error}"
    else:
        return ok("there is a hash, not shown")
    return failed(fault, at.advice.password, "hyperhive hash-password")


def _expiry(tls: TlsConfig, host: str) -> tuple[float | None, str]:
    try:
        return probes.certificate_expiry(Path(tls.certificate), credential_path(tls.key_credential), host), ""
    except ssl.SSLError as error:
        return None, getattr(error, "verify_message", "") or error.reason or str(error)
    except (OSError, ConfigError) as error:
        return None, str(error)


def certificate(path: str, expires_at: float | None, reason: str, now: float, option: str) -> Judgement:
    """The dashboard's certificate; `expires_at` is None when it does not hold, for `reason`."""
    command = f"openssl x509 -noout -dates -ext subjectAltName -in {path}"
    if expires_at is None:
        return failed(f"{path}: {reason}", option, command)
    day = datetime.fromtimestamp(expires_at, tz=UTC).strftime("%Y-%m-%d")
    if expires_at - now < _CERTIFICATE_DAYS * _DAY:
        return failed(f"{path} ends on {day}", option, command)
    return ok(f"{path} holds until {day}")


def uid_ranges(
    agents: Iterable[str], accounts: Mapping[str, int], ranges: Sequence[tuple[str, int, int]]
) -> Judgement:
    """Whether nobody else has the uids of agents' containers.

    `accounts` has the uid of every account of the machine, `ranges` owner, first uid and size of every range
    in /etc/subuid.
    """
    names = sorted(agents)
    taken = []
    for name in names:
        first = uid_base(name)
        last = first + UID_RANGE
        taken += [f"{who} is in the range of {name}" for who, uid in accounts.items() if first <= uid < last]
        taken += [
            f"/etc/subuid gives {who} uids of {name}"
            for who, start, size in ranges
            if start < last and first < start + size
        ]
    if taken:
        return failed(_few(taken), "users.users.<name>.uid or subUidRanges", "cat /etc/passwd /etc/subuid")
    return ok(f"of {len(names)} agents are nobody else's")


def _uid_ranges(at: BrokersPlace) -> tuple[Iterable[str], dict[str, int], list[tuple[str, int, int]]]:
    accounts = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    lines = [line.split(":") for line in probes.text_of(str(at.subordinate_uids)).splitlines()]
    numbered = [parts for parts in lines if len(parts) == 3 and all(map(str.isdecimal, parts[1:]))]
    return at.names(), accounts, [(who, int(first), int(size)) for who, first, size in numbered]


async def _database(at: BrokersPlace) -> Judgement:
    path = at.state_dir / "db" / "broker.sqlite"
    option, command = "a backup of the state directory", f"sqlite3 {path} 'PRAGMA integrity_check'"
    try:
        size = await at.db.read(integrity.size)
        verdict = await at.db.read(integrity.quick_check, _DATABASE_SECONDS)
    except sqlite3.Error as error:
        return failed(f"{path}: {error}", option, command)
    found = f"{path}, {size / _MIB:.1f} MiB"
    if verdict is None:
        return skipped(f"{found}: not looked at to its end in {_DATABASE_SECONDS:g} s")
    return ok(f"{found}, no fault") if verdict == "ok" else failed(f"{found}: {verdict}", option, command)


def broker_probes(config: BrokerConfig) -> Iterator[Probe[BrokersPlace]]:
    yield from (PYTHON, STATE_DIRECTORY, Probe("open_sockets", _open_sockets), DASHBOARD, DISK, CLOCK)
    if (credential := config.operator.password_credential) is not None:
        yield Probe("password", lambda at: _password(at, credential))
    if (tls := config.listen.tls) is not None:
        host = config.listen.host_names[0]
        yield Probe(
            "certificate",
            lambda at: (tls.certificate, *_expiry(tls, host), at.clock(), at.advice.tls),
            certificate,
        )
    if config.runtime == "nixos":
        yield Probe("uid_ranges", _uid_ranges, uid_ranges)
    yield Probe("database", _database)


# One agent.


def agent_probes(at: AgentsPlace) -> Iterator[Probe[AgentsPlace]]:
    """Of an agent that is not connected there is less to look at."""
    yield Probe("connection", _connection)
    if at.view.linked:
        yield Probe("state", _state)
        yield from map(_mcp_server, at.view.mcp_servers)
    yield Probe("self_test", _self_test, name="self-test")
    if any(finding.key == "claude" for finding in at.findings):
        yield Probe("claude", _claude)


def _connection(at: AgentsPlace) -> Judgement:
    view, unit = at.view, at.view.unit
    if view.linked:
        return ok(f"its harness is connected, {unit.unit} runs it")
    if unit.state in _RESTING:
        return skipped(f"{unit.unit}: {unit.reason or unit.state.value}")
    found = f"its harness is not connected: {view.status.detail or unit.reason or unit.state.value}"
    return failed(found, at.option, at.advice.log.format(name=at.name))


def _state(at: AgentsPlace) -> Judgement:
    state, detail = at.view.status.state, at.view.status.detail
    said = state.value.replace("_", " ") + (f": {detail}" if detail else "")
    if state is AgentState.NEEDS_LOGIN:
        return failed(said, f"the credentials of {at.option}", "claude setup-token")
    if state is AgentState.FAILED:
        return failed(said, at.option, f"hyperhive restart {at.name}")
    return ok(said)


def _mcp_server(server: McpServer) -> Probe[AgentsPlace]:
    def look(at: AgentsPlace) -> Judgement:
        option = f"the MCP server {server.name} of {at.option}"
        restart = f"hyperhive restart {at.name}"
        match server.state:
            case McpState.FAILED | McpState.LISTING:
                return failed(server.reason or "failed without a reason", option, restart)
            case McpState.RUNNING if server.remarks:
                return failed(_few(server.remarks), option, restart)
            case McpState.RUNNING:
                return ok(f"runs, with {server.offered} allowed tools")
            case _:
                return skipped(server.state.value.replace("_", " "))

    return Probe(f"mcp.{server.name}", look, name=f"mcp {server.name}")


def _self_test(at: AgentsPlace) -> Judgement:
    if at.test is None:
        return skipped("not run since the broker started")
    minutes = max(0, round((at.now - at.test.at) / _MINUTE))
    broken = [f"{one.name}: {one.found}" for one in at.findings if one.outcome is Outcome.FAILED]
    if broken:
        command = f"hyperhive doctor --agent {at.name}"
        return failed(f"{minutes} min ago: {_few(broken)}", at.option, command)
    held = sum(one.outcome is Outcome.OK for one in at.findings)
    promised = "" if at.test.contained else ", no walls were promised"
    return ok(f"{minutes} min ago: {held} probes held{promised}")


def _claude(at: AgentsPlace) -> Judgement:
    finding = next(finding for finding in at.findings if finding.key == "claude")
    if finding.outcome is Outcome.OK:
        return ok(finding.found)
    return failed(finding.found, at.option, f"hyperhive doctor --agent {at.name}")


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN_NAMES
    return "; ".join(names[:_SHOWN_NAMES]) + (f"; and {rest} more" if rest > 0 else "")
