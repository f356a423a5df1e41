"""The configuration contract: the files that NixOS renders and `hyperhive up` fills.

These models have no defaults on purpose. Every field is written by whoever renders the file
(`modules/render.nix`, or `hive_file.py` for a hive in TOML), so a file says everything that is true.
"""

import hashlib
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from hyperhive.protocol.base import AGENT_NAME_PATTERN
from hyperhive.protocol.messages import EVERYONE, MANAGER, OPERATOR, SYSTEM
from hyperhive.protocol.notifications import Kind

AgentName = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]
Recipient = Annotated[str, StringConstraints(pattern=AGENT_NAME_PATTERN)]
EnvironmentName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
CredentialName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$", max_length=255)]
ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^/")]
#: Host and port of an address, as far as Nix can judge them as well.
_SERVER: Final = r"^https?://([A-Za-z0-9.-]+|\[[A-Fa-f0-9:.]+])(:[0-9]{1,5})?(/[A-Za-z0-9._~%-]+)*"
TopicUrl = Annotated[str, StringConstraints(pattern=rf"{_SERVER}/[A-Za-z0-9_-]{{1,64}}$", max_length=500)]
BaseUrl = Annotated[str, StringConstraints(pattern=rf"{_SERVER}/?$", max_length=500)]

#: Hosts that are this machine itself.
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})

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


class ConfigModel(BaseModel):
    """A part of a configuration file: strict types, immutable, no unknown keys."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class McpServerConfig(ConfigModel):
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


class NotesConfig(ConfigModel):
    """Care of `notes.md` in the state directory.

    Attributes:
        compact_above_bytes: Over this size a session rewrites it; 0 never does.
    """

    compact_above_bytes: Annotated[int, Field(ge=0)]


class ContextConfig(ConfigModel):
    """Care of the session's context.

    Attributes:
        compact_above_percent: Watermark in percent of the model's context window; 0 never compacts by itself.
    """

    compact_above_percent: Annotated[int, Field(ge=0, le=95)]


class BudgetConfig(ConfigModel):
    """Caps per day (UTC) and agent. At a cap no new turn starts until the day ends; null is no cap.

    Attributes:
        usd_cents_per_day: Estimated cost in US cents.
        turns_per_day: Turns that were started.
    """

    usd_cents_per_day: Annotated[int, Field(ge=1)] | None
    turns_per_day: Annotated[int, Field(ge=1)] | None


class LimitsConfig(ConfigModel):
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


class AgentConfig(ConfigModel):
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


class TlsConfig(ConfigModel):
    """Certificate chain and key of the dashboard.

    Attributes:
        certificate: Path of the chain in PEM form.
        key_credential: Name of the credential with the private key in PEM form.
    """

    certificate: AbsolutePath
    key_credential: CredentialName


class ListenConfig(ConfigModel):
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


class OperatorConfig(ConfigModel):
    """The operator, who reads and decides.

    Attributes:
        pronouns: For the agents' prompts.
        password_credential: Name of the credential with a password's hash; null is the login link alone.
    """

    pronouns: str
    password_credential: CredentialName | None


class DeliveryConfig(ConfigModel):
    """How messages are handed out.

    Attributes:
        lease_seconds: A lease ends this long after its harness last said that it still works.
    """

    lease_seconds: Annotated[int, Field(ge=5, le=3600)]


class LoopBreakerConfig(ConfigModel):
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


class RetentionConfig(ConfigModel):
    """How long history is kept; 0 keeps it for ever.

    Attributes:
        messages_days: Days that finished messages are kept.
        events_days: Days that agents' events are kept.
        stats_days: Days that stats are kept, the more coarsely the older they are.
    """

    messages_days: Annotated[int, Field(ge=0)]
    events_days: Annotated[int, Field(ge=0)]
    stats_days: Annotated[int, Field(ge=0)]


class NtfyConfig(ConfigModel):
    """Pushes to a phone what still waits for the operator after a while, through an ntfy server.

    Attributes:
        url: Address of the topic: that of the server, a slash and the topic's name.
        token_credential: Name of the credential with an access token; null sends none.
        delay_seconds: What is still open after this long is sent; a question that expires when half of its
            time is over, if that is sooner.
        kinds: Of what is sent.
        dashboard_url: Where links in the pushes lead; null is the dashboard's own address, with its first
            host name beyond loopback, where it listens there; and no link where it does not.
    """

    url: TopicUrl
    token_credential: CredentialName | None
    delay_seconds: Annotated[int, Field(ge=0, le=86_400)]
    kinds: list[Kind]
    dashboard_url: BaseUrl | None

    @model_validator(mode="after")
    def _check(self) -> Self:
        try:
            address = urlsplit(self.url)
            _ = address.port
        except ValueError as error:
            raise ValueError(f"url {self.url!r} is no address: {error}") from error
        # What agents write, and a token, would be readable on the way.
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError(f"url {self.url!r} is beyond loopback: it must begin with https://")
        return self


class NotificationsConfig(ConfigModel):
    """How the operator hears of what waits while no page is open.

    Attributes:
        ntfy: Pushes through an ntfy server; null sends nothing.
    """

    ntfy: NtfyConfig | None


class BrokerConfig(ConfigModel):
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


class ClaudeConfig(ConfigModel):
    """How the harness starts Claude Code.

    Attributes:
        cli: Path of the `claude` program; null takes the one inside `claude-agent-sdk`.
        home: `HOME` of Claude Code, never shared between agents.
        env: More environment for Claude Code; not for secrets.
    """

    cli: AbsolutePath | None
    home: AbsolutePath
    env: dict[EnvironmentName, str]


class HarnessConfig(ConfigModel):
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
