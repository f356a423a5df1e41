"""Judgement of what the doctor saw of the broker and of each agent; the looking is done elsewhere."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from hyperhive.config import UID_RANGE, uid_base
from hyperhive.protocol.agents import AgentState, AgentView, McpServer, McpState
from hyperhive.protocol.doctor import Check, CheckOutcome
from hyperhive.protocol.lifecycle import UnitState
from hyperhive.protocol.selftest import Finding, Outcome, SelfTest

#: The self-test's probe that says which Claude Code an agent has.
_CLAUDE: Final = "Claude Code"
_DAY: Final = 86_400.0
_MINUTE: Final = 60.0
#: A certificate that has less left is renewed too late to be forgotten about.
_CERTIFICATE_DAYS: Final = 7
_SHOWN_NAMES: Final = 5

#: Units that need nobody: what somebody stopped is as it should be, the others are on their way.
_RESTING: Final = frozenset({UnitState.STOPPED, UnitState.STARTING, UnitState.STOPPING})


@dataclass(frozen=True)
class Advice:
    """What a runtime calls its options and commands.

    Attributes:
        state_dir: Option that decides where the broker keeps its files.
        runtime_dir: Option that decides where the sockets are.
        dashboard: Option of the pages' files.
        files: Command that puts the pages' files in place.
        tls: Option of the certificate.
        password: Option of the operator's password.
        agent: Option of one agent.
        manager: Option of the manager.
        log: Command that shows why one agent's harness is away.
    """

    state_dir: str
    runtime_dir: str
    dashboard: str
    files: str
    tls: str
    password: str
    agent: str
    manager: str
    log: str

    def option(self, view: AgentView) -> str:
        """The option of one agent."""
        return (self.manager if view.role == "manager" else self.agent).format(name=view.name)


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


def ok(name: str, found: str, about: str = "") -> Check:
    """A check that went well."""
    return Check(name=name, about=about, outcome=CheckOutcome.OK, found=found)


def failed(name: str, found: str, option: str, command: str, about: str = "") -> Check:
    """A check that did not."""
    return Check(
        name=name, about=about, outcome=CheckOutcome.FAILED, found=found, option=option, command=command
    )


def skipped(name: str, found: str, about: str = "") -> Check:
    """A check that nothing can be said about."""
    return Check(name=name, about=about, outcome=CheckOutcome.SKIPPED, found=found)


def agent_checks(view: AgentView, test: SelfTest | None, now: float, advice: Advice) -> list[Check]:
    """What is known of one agent: its connection, its state, its MCP servers, its walls and its Claude Code.

    Args:
        view: The agent as it is now.
        test: Its last self-test; None when there was none since the broker started.
        now: Seconds since 1970.
        advice: Options and commands of the runtime.
    """
    checks = [_connection(view, advice)]
    if view.linked:
        checks.append(_state(view, advice))
        checks += [_mcp_server(view, server, advice) for server in view.mcp_servers]
    checks.append(_self_test(view, test, now, advice))
    checks += [_claude(view, finding, advice) for finding in _findings(test) if finding.name == _CLAUDE]
    return checks


def certificate(expires_at: float | None, reason: str, now: float, advice: Advice, path: str) -> Check:
    """The dashboard's certificate; `expires_at` is None when it does not hold, for `reason`."""
    command = f"openssl x509 -noout -dates -ext subjectAltName -in {path}"
    if expires_at is None:
        return failed("certificate", f"{path}: {reason}", advice.tls, command)
    day = datetime.fromtimestamp(expires_at, tz=UTC).strftime("%Y-%m-%d")
    if expires_at - now < _CERTIFICATE_DAYS * _DAY:
        return failed("certificate", f"{path} ends on {day}", advice.tls, command)
    return ok("certificate", f"{path} holds until {day}")


def uid_ranges(
    agents: Iterable[str], accounts: Mapping[str, int], ranges: Sequence[tuple[str, int, int]]
) -> Check:
    """Whether nobody else has the uids of agents' containers.

    Args:
        agents: Names of the agents.
        accounts: Uid of every account of the machine, by name.
        ranges: Owner, first uid and size of every range in /etc/subuid.
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
        return failed(
            "uid ranges", _few(taken), "users.users.<name>.uid or subUidRanges", "cat /etc/passwd /etc/subuid"
        )
    return ok("uid ranges", f"of {len(names)} agents are nobody else's")


def _connection(view: AgentView, advice: Advice) -> Check:
    unit = view.unit
    if view.linked:
        return ok("connection", f"its harness is connected, {unit.unit} runs it", view.name)
    if unit.state in _RESTING:
        return skipped("connection", f"{unit.unit}: {unit.reason or unit.state.value}", view.name)
    found = f"its harness is not connected: {view.status.detail or unit.reason or unit.state.value}"
    return failed("connection", found, advice.option(view), advice.log.format(name=view.name), view.name)


def _state(view: AgentView, advice: Advice) -> Check:
    state, detail = view.status.state, view.status.detail
    said = state.value.replace("_", " ") + (f": {detail}" if detail else "")
    if state is AgentState.NEEDS_LOGIN:
        option = f"the credentials of {advice.option(view)}"
        return failed("state", said, option, "claude setup-token", view.name)
    if state is AgentState.FAILED:
        return failed("state", said, advice.option(view), f"hyperhive restart {view.name}", view.name)
    return ok("state", said, view.name)


def _mcp_server(view: AgentView, server: McpServer, advice: Advice) -> Check:
    name = f"mcp {server.name}"
    match server.state:
        case McpState.FAILED:
            option = f"the MCP server {server.name} of {advice.option(view)}"
            found = server.reason or "failed without a reason"
            return failed(name, found, option, f"hyperhive restart {view.name}", view.name)
        case McpState.RUNNING:
            return ok(name, f"runs, with {server.offered} allowed tools", view.name)
        case _:
            return skipped(name, server.state.value.replace("_", " "), view.name)


def _self_test(view: AgentView, test: SelfTest | None, now: float, advice: Advice) -> Check:
    name = view.name
    if test is None:
        return skipped("self-test", "not run since the broker started", name)
    minutes = max(0, round((now - test.at) / _MINUTE))
    broken = [f"{one.name}: {one.found}" for one in _findings(test) if one.outcome is Outcome.FAILED]
    if broken:
        found = f"{minutes} min ago: {_few(broken)}"
        return failed("self-test", found, advice.option(view), f"hyperhive doctor --agent {name}", name)
    held = sum(one.outcome is Outcome.OK for one in _findings(test))
    promised = "" if test.contained else ", no walls were promised"
    return ok("self-test", f"{minutes} min ago: {held} probes held{promised}", name)


def _claude(view: AgentView, finding: Finding, advice: Advice) -> Check:
    if finding.outcome is Outcome.OK:
        return ok("claude", finding.found, view.name)
    command = f"hyperhive doctor --agent {view.name}"
    return failed("claude", finding.found, advice.option(view), command, view.name)


def _findings(test: SelfTest | None) -> list[Finding]:
    return [] if test is None else [*test.outside, *test.inside]


def _few(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN_NAMES
    return "; ".join(names[:_SHOWN_NAMES]) + (f"; and {rest} more" if rest > 0 else "")
