"""The configuration contract: the files that NixOS renders and `hyperhive up` fills.

These models have no defaults on purpose. Every field is written by whoever renders the file
(`modules/render.nix`, or `config_toml.py` for a hive in TOML), so a file says everything that is true.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal, Self, TypeVar

from pydantic import Field, StringConstraints, ValidationError, model_validator

from hyperhive.config_base import (
    LOOPBACK,
    AbsolutePath,
    AgentName,
    Contract,
    CredentialName,
    EnvironmentName,
    ModelName,
    Recipient,
    ServerName,
)
from hyperhive.config_ntfy import NtfyConfig
from hyperhive.errors import ConfigError
from hyperhive.protocol.messages import EVERYONE, MANAGER, OPERATOR, SYSTEM

#: Names that never belong to an agent; `manager` is free for the one agent with that role.
RESERVED_NAMES: Final = frozenset({OPERATOR, SYSTEM, "broker", "hive", "all", "self"})

#: First uid of the range that agents' containers use, a range's size, and how many there are.
UID_FIRST: Final = 0x70000000
UID_RANGE: Final = 65536
UID_RANGES: Final = 3584


def uid_base(name: str) -> int:
    """First host uid of the container of agent `name`; the same function stands in `modules/uid-base.nix`."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return UID_FIRST + UID_RANGE * (int(digest[:12], 16) % UID_RANGES)


ContractT = TypeVar("ContractT", bound=Contract)


class McpServerConfig(Contract):
    """An extra MCP server that the agent's session starts over stdio.

    Attributes:
        command: Program of the server; its path, or its name in the harness's `PATH`.
        args: Arguments of the program.
        env: Environment of the server, beside `PATH` and the like; not for secrets.
        allowed_tools: Tool names the agent may call, `*` for all of them.
    """

    command: Annotated[str, StringConstraints(min_length=1)]
    args: list[str]
    env: dict[EnvironmentName, str]
    allowed_tools: list[Annotated[str, StringConstraints(pattern=r"^(\*|[A-Za-z0-9_.-]+)$")]]


class NotesConfig(Contract):
    """Care of `notes.md` in the state directory.

    Attributes:
        compact_above_bytes: Over this size a session rewrites it; 0 never does.
    """

    compact_above_bytes: Annotated[int, Field(ge=0)]


class ContextConfig(Contract):
    """Care of the session's context.

    Attributes:
        compact_above_percent: Watermark in percent of the model's context window; 0 never compacts by itself.
    """

    compact_above_percent: Annotated[int, Field(ge=0, le=95)]


class BudgetConfig(Contract):
    """Caps per day (UTC) and agent. At a cap no new turn starts until the day ends; null is no cap.

    Attributes:
        usd_cents_per_day: Estimated cost in US cents.
        turns_per_day: Turns that were started.
    """

    usd_cents_per_day: Annotated[int, Field(ge=1)] | None
    turns_per_day: Annotated[int, Field(ge=1)] | None


class LimitsConfig(Contract):
    """Resources of the agent's container.

    Attributes:
        cpu_percent: CPU time in percent of one core.
        memory_mib: Memory in MiB.
        disk_mib: Everything it keeps, in MiB.
        tasks: Processes and threads.
    """

    cpu_percent: Annotated[int, Field(ge=1, le=100_000)]
    memory_mib: Annotated[int, Field(ge=64)]
    disk_mib: Annotated[int, Field(ge=64)]
    tasks: Annotated[int, Field(ge=16)]


class AgentConfig(Contract):
    """One agent: who it is, which model it uses and what it may do.

    Attributes:
        name: Also the tail of its container's name `h-<name>`.
        role: A hive has at most one manager.
        model: What it starts with, as Claude Code's `--model` takes it.
        models: What `/model` may choose; `model` is always among them.
        system_prompt: Text added after hyperhive's own system prompt; may be empty.
        allowed_recipients: Names it may send to and ask; null is anyone. Ignored for the manager.
        bash: Patterns of Bash commands in Claude Code's form; null is any command, [] is no Bash.
        tools: Built-in Claude Code tools it has.
        mcp_servers: Extra MCP servers, by name; their tools are called `mcp__<name>__<tool>`.
        credentials: Environment variable of Claude Code -> credential name.
    """

    name: AgentName
    role: Literal["agent", "manager"]
    model: ModelName
    models: Annotated[list[ModelName], Field(min_length=1)]
    system_prompt: str
    allowed_recipients: list[Recipient] | None
    bash: list[Annotated[str, StringConstraints(min_length=1)]] | None
    tools: list[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]*$")]]
    mcp_servers: dict[ServerName, McpServerConfig]
    notes: NotesConfig
    context: ContextConfig
    budget: BudgetConfig
    limits: LimitsConfig
    credentials: dict[EnvironmentName, CredentialName]

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name in RESERVED_NAMES or (self.name == MANAGER and self.role != "manager"):
            raise ValueError(f"name {self.name!r} is reserved")
        if self.model not in self.models:
            raise ValueError(f"model {self.model!r} is not among models {self.models!r}")
        if "hyperhive" in self.mcp_servers:
            raise ValueError("mcp_servers.hyperhive: the name is taken by hyperhive's own tools")
        return self


class TlsConfig(Contract):
    """Certificate chain and key of the dashboard.

    Attributes:
        certificate: Path of the chain in PEM form.
        key_credential: Name of the credential with the private key in PEM form.
    """

    certificate: AbsolutePath
    key_credential: CredentialName


class ListenConfig(Contract):
    """Where the operator's pages listen.

    Attributes:
        host: Address or name to listen on.
        port: TCP port; 0 takes any that is free.
        tls: Certificate and key; null serves plain HTTP.
        host_names: Values of the `Host` header that are answered, without port.
        plain_remote: Waives the refusal to listen beyond loopback without TLS.
    """

    host: Annotated[str, StringConstraints(min_length=1)]
    port: Annotated[int, Field(ge=0, le=65535)]
    host_names: Annotated[list[str], Field(min_length=1)]
    tls: TlsConfig | None
    plain_remote: bool


class OperatorConfig(Contract):
    """The operator, who reads and decides.

    Attributes:
        pronouns: For the agents' prompts.
        password_credential: Name of the credential with a password's hash; null is the login link alone.
    """

    pronouns: str
    password_credential: CredentialName | None


class DeliveryConfig(Contract):
    """How messages are handed out.

    Attributes:
        lease_seconds: A lease ends this long after its harness last said that it still works.
    """

    lease_seconds: Annotated[int, Field(ge=5, le=3600)]


class LoopBreakerConfig(Contract):
    """Limits per sender-recipient pair; 0 switches one off.

    Attributes:
        messages_per_minute: Most messages from one agent to one recipient in 60 seconds.
        duplicates: Most messages of exactly the same text in ten minutes.
        ping_pong: Most messages going back and forth between two agents in five minutes with
            nobody else sending either of them anything.
    """

    messages_per_minute: Annotated[int, Field(ge=0)]
    duplicates: Annotated[int, Field(ge=0)]
    ping_pong: Annotated[int, Field(ge=0)]


class RetentionConfig(Contract):
    """How long history is kept; 0 keeps it for ever.

    Attributes:
        messages_days: Days that finished messages are kept.
        events_days: Days that agents' events are kept.
        stats_days: Days that stats are kept, the more coarsely the older they are.
    """

    messages_days: Annotated[int, Field(ge=0)]
    events_days: Annotated[int, Field(ge=0)]
    stats_days: Annotated[int, Field(ge=0)]


class NotificationsConfig(Contract):
    """How the operator hears of what waits while no page is open.

    Attributes:
        ntfy: Pushes through an ntfy server; null sends nothing.
    """

    ntfy: NtfyConfig | None


class BrokerConfig(Contract):
    """Everything the broker knows; rendered as `broker.json`.

    Attributes:
        runtime: `nixos` agents live in containers with uid ranges of their own, `process` agents
            are child processes of the broker's own user.
        state_dir: Holds the database and the operator's token.
        dashboard_dir: Files that the browser gets.
        runtime_dir: Holds `admin.sock` and `agents/<name>/broker.sock`.
        agents: Every agent of the hive, by name.
    """

    runtime: Literal["nixos", "process"]
    state_dir: AbsolutePath
    runtime_dir: AbsolutePath
    dashboard_dir: AbsolutePath
    listen: ListenConfig
    operator: OperatorConfig
    delivery: DeliveryConfig
    loop_breaker: LoopBreakerConfig
    retention: RetentionConfig
    notifications: NotificationsConfig
    agents: dict[AgentName, AgentConfig]

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_agents(self.agents)
        if not (self.listen.host in LOOPBACK or self.listen.tls or self.listen.plain_remote):
            raise ValueError(
                f"listen.host {self.listen.host!r} is beyond loopback: set listen.tls, or waive it "
                "with listen.plain_remote"
            )
        return self


class ClaudeConfig(Contract):
    """How the harness starts Claude Code.

    Attributes:
        cli: Path of the `claude` program; null takes the one inside `claude-agent-sdk`.
        home: `HOME` of Claude Code, never shared between agents.
        env: More environment for Claude Code; not for secrets.
    """

    cli: AbsolutePath | None
    home: AbsolutePath
    env: dict[EnvironmentName, str]


class HarnessConfig(Contract):
    """Everything one agent's harness knows; rendered as `harness.json` inside its container.

    Attributes:
        socket: The broker's Unix socket for this agent.
        state_dir: Durable directory of the agent and working directory of its session.
    """

    agent: AgentConfig
    socket: AbsolutePath
    state_dir: AbsolutePath
    operator: OperatorConfig
    claude: ClaudeConfig


def check_agents(agents: dict[str, AgentConfig]) -> None:
    """Refuse agents that do not fit together.

    Raises:
        ValueError: The sentence names the agent and the value.
    """
    managers = sorted(name for name, agent in agents.items() if agent.role == "manager")
    if len(managers) > 1:
        raise ValueError(f"agents: more than one manager: {', '.join(managers)}")
    reachable = {*agents, OPERATOR, MANAGER, EVERYONE}
    bases: dict[int, str] = {}
    for name, agent in sorted(agents.items()):
        if agent.name != name:
            raise ValueError(f"agents.{name}.name: is {agent.name!r}, but its key is {name!r}")
        for recipient in agent.allowed_recipients or []:
            if recipient not in reachable:
                raise ValueError(f"agents.{name}.allowed_recipients: nobody is called {recipient!r}")
        other = bases.setdefault(uid_base(name), name)
        if other != name:
            raise ValueError(f"agents {other!r} and {name!r} share one uid range: rename one of them")


def describe_errors(error: ValidationError, origin: str) -> str:
    """One line per mistake: file, dotted key, what is wrong and the value that was given."""
    lines = []
    for detail in error.errors(include_url=False):
        key = ".".join(str(part) for part in detail["loc"]) or "(whole file)"
        reason = detail["msg"].removeprefix("Value error, ")
        given = "" if detail["type"] in {"missing", "value_error"} else f" (value: {detail['input']!r:.200})"
        lines.append(f"{origin}: {key}: {reason}{given}")
    return "\n".join(lines)


def load_broker_config(path: Path) -> BrokerConfig:
    """Read `broker.json`.

    Raises:
        ConfigError: The file cannot be read or is wrong; the message names file, key and value.
    """
    return _load(BrokerConfig, path)


def load_harness_config(path: Path) -> HarnessConfig:
    """Read `harness.json`; errors as in `load_broker_config`."""
    return _load(HarnessConfig, path)


def _load(kind: type[ContractT], path: Path) -> ContractT:
    try:
        return kind.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigError(describe_errors(error, str(path))) from error
