"""The configuration contract: all fields of `broker.json` and `harness.json`, with bounds, default, meaning.

A setting is said here. The JSON schema carries it to `modules/`, where options take default and description
from it; `hive_file.py` fills in what a hive file leaves out. The rendered files leave nothing out.
"""

import ast
import functools
import inspect
import itertools
import sys
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeGuard, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from hyperhive.config.agents import agent_rules, name_refusal, name_rules, server_rules, uid_rules
from hyperhive.config.fields import (
    LINES,
    ONE_LINE,
    AbsolutePath,
    AgentName,
    BaseUrl,
    BashPattern,
    Count,
    CredentialName,
    Days,
    EnvironmentName,
    HiveFileContext,
    MebiBytes,
    ModelName,
    ProcessText,
    Prompt,
    Quota,
    Recipient,
    Role,
    ServerName,
    ServerTool,
    TopicUrl,
    default,
    dotted,
)
from hyperhive.config.mistakes import with_rules
from hyperhive.protocol.notifications import Kind

#: Hosts that are this machine itself.
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class ConfigModel(BaseModel):
    """A part of a configuration file: strict types, immutable, no unknown keys, no missing ones."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @classmethod
    def default_values(cls) -> dict[str, Any]:
        """Every field that a hive file may leave out, with the value it then has."""
        found: dict[str, Any] = {}
        for name, field in cls.model_fields.items():
            if is_model(field.annotation):
                found[name] = {}
            elif isinstance(field.json_schema_extra, dict):
                found[name] = field.json_schema_extra["default"]
        return found

    @classmethod
    def meanings(cls) -> dict[str, str]:
        """What the string below each field says of it."""
        own = _strings_below_fields(cls.__module__).get(cls.__name__, {})
        inherited = (base.meanings() for base in cls.__bases__ if is_model(base))
        return {name: text for part in (*inherited, own) for name, text in part.items()}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        fields = handler.resolve_ref_schema(schema)["properties"]
        for name, text in cls.meanings().items():
            fields[name]["description"] = text
        return schema

    @classmethod
    def filled(cls, table: dict[str, Any]) -> dict[str, Any]:
        """`table` with what it leaves out."""
        return {**cls.default_values(), **table}

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, table: Any, info: ValidationInfo) -> Any:
        in_hive_file = isinstance(info.context, HiveFileContext) and isinstance(table, dict)
        return cls.filled(table) if in_hive_file else table


@functools.cache
def _strings_below_fields(module: str) -> dict[str, dict[str, str]]:
    """By class and field. Pydantic's `use_attribute_docstrings` reads every class at every start: 18 ms."""
    found: dict[str, dict[str, str]] = {}
    for statement in ast.parse(inspect.getsource(sys.modules[module])).body:
        for pair in itertools.pairwise(statement.body if isinstance(statement, ast.ClassDef) else ()):
            match statement, pair:
                case (
                    ast.ClassDef(name=owner),
                    (ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text)))),
                ):
                    found.setdefault(owner, {})[name] = inspect.cleandoc(text)
    return found


def is_model(annotation: object) -> TypeGuard[type[ConfigModel]]:
    """Whether a field of this type is a table of its own."""
    return isinstance(annotation, type) and issubclass(annotation, ConfigModel)


class McpServerConfig(ConfigModel):
    """An extra MCP server that the agent's session starts over stdio."""

    command: Annotated[str, StringConstraints(min_length=1), LINES, BeforeValidator(dotted)]
    """Program of the server, its path or its name in `PATH`; it speaks MCP over stdin and stdout."""
    args: Annotated[list[Annotated[ProcessText, BeforeValidator(dotted)]], default([])]
    """Arguments of the program."""
    env: Annotated[dict[EnvironmentName, ProcessText], default({})]
    """Environment variables of the server. Not for secrets: everybody on the machine may read them."""
    allowed_tools: Annotated[list[ServerTool], default(["*"])]
    """Tools of this server that the agent may call, by the names that the server gives them, `*` for all of
    them. The agent does not even see the others. In its session a tool is called `mcp__<name>__<tool>`, with
    `_` for every character that is no letter, digit, `_` or `-`; this last part can be given as well, and
    must be for names with spaces and the like. Two tools must not become one by it."""
    call_timeout_seconds: Annotated[int, Field(ge=1, le=86400), default(300)]
    """Seconds that a call of one of its tools may take before it ends with an error. Each notification of
    progress that the server sends for the call begins them anew."""


class NotesConfig(ConfigModel):
    """Care of `notes.md` in the state directory."""

    compact_above_bytes: Annotated[int, Field(ge=0, le=1_073_741_824), default(65536)]
    """Size of `notes.md` in bytes over which an idle agent's notes are rewritten shorter; the old file is
    kept. `0` never does."""


class ContextConfig(ConfigModel):
    """Care of the session's context."""

    compact_above_percent: Annotated[int, Field(ge=0, le=95), default(80)]
    """Use of the model's context window, in percent, over which the agent saves its notes and the session is
    compacted. `0` leaves it to Claude Code."""


class BudgetConfig(ConfigModel):
    """Caps per day (UTC) and agent. At a cap no new turn starts until the day ends."""

    usd_cents_per_day: Annotated[Annotated[int, Field(ge=1, le=100_000_000)] | None, default(None)]
    """Estimated cost per day (UTC) in US cents at which no new turn starts; mail keeps queueing. `null` is no
    cap."""
    turns_per_day: Annotated[Annotated[int, Field(ge=1, le=1_000_000)] | None, default(None)]
    """Turns per day (UTC) after which no new turn starts; mail keeps queueing. `null` is no cap."""


class BrokerLimitsConfig(ConfigModel):
    """What the agent may ask of the broker, so that it cannot slow or fill the hive.

    A call over a limit is refused with the time after which to try again, which the harness does by itself;
    frames and events are slowed. An agent that works does not meet these limits.
    """

    requests_per_second: Annotated[int, Field(ge=1, le=100_000), default(20)]
    """Calls of the broker, a minute's worth at once."""
    received_kib_per_second: Annotated[int, Field(ge=64, le=4_194_304), default(256)]
    """KiB that the broker takes in, a minute's worth at once."""
    stored_mib_per_hour: Annotated[int, Field(ge=8, le=1_048_576), default(16)]
    """MiB of messages, questions and answers that are stored, half an hour's worth at once. Each counts half
    a KiB besides its text."""
    rows_per_hour: Annotated[int, Field(ge=60, le=1_000_000_000), default(3600)]
    """Messages, questions and answers that are stored, one for each recipient; half an hour's worth at
    once."""
    frames_per_second: Annotated[int, Field(ge=1, le=100_000), default(20)]
    """Reports of the harness, sixteen events counting as one more; 20 seconds' worth at once. Beyond it the
    broker reads them more slowly."""
    events_mib_per_hour: Annotated[int, Field(ge=1, le=1_048_576), default(20)]
    """MiB of events in the agent's log, 48 minutes' worth at once. When a quarter of that is left, long
    texts of events are cut to 1 KiB, and when nothing is left, events wait."""


class LimitsConfig(ConfigModel):
    """Resources of the agent's container, and what the agent may ask of the broker."""

    cpu_percent: Annotated[int, Field(ge=1, le=100_000), default(200)]
    """CPU time of the container in percent of one core."""
    memory_mib: Annotated[MebiBytes, default(4096)]
    """Memory of the container in MiB. It gets no swap."""
    disk_mib: Annotated[MebiBytes, default(10240)]
    """Most that the agent may keep, in MiB: its state, what Claude Code keeps, and its container's root
    together. They lie in a file of the host that takes as much as is used. A new value restarts the agent; a
    smaller one holds as soon as everything fits."""
    tasks: Annotated[int, Field(ge=16, le=4_194_304), default(1024)]
    """Processes and threads that the container may have."""
    broker: BrokerLimitsConfig


class AgentSettings(ConfigModel):
    """What several agents can have in common: the model they use and what they may do."""

    model: Annotated[ModelName, default("sonnet")]
    """Model that the agent starts with: an alias or a full model name, as Claude Code takes it."""
    models: Annotated[list[ModelName], Field(min_length=1), default(["sonnet", "opus", "haiku"])]
    """Models that the operator may choose for this agent. Its `model` must be among them; in the default it
    comes first."""
    system_prompt: Annotated[Prompt, default("")]
    """Text that follows hyperhive's own system prompt: who this agent is and what it is to do."""
    allowed_recipients: Annotated[list[Recipient] | None, default(None)]
    """Whom this agent may write to and ask: names of agents, `manager`, `operator`. `null` is anyone, `[ ]`
    is nobody. The broker on the host enforces it. It has no effect on the manager, who may always write to
    everyone."""
    bash: Annotated[list[BashPattern] | None, default(None)]
    """Commands that the agent may run, as patterns in Claude Code's form: `git *` is `git` with anything
    behind it, `git status` is exactly that, `CI=1 npm run *` has that variable in front, `./gradlew *` is a
    program of the agent's state directory, `> out/*` lets a command write to such a file. `null` is any
    command, `[ ]` takes Bash away. Every simple command of a line must match a pattern, also inside of pipes,
    `$(…)` and behind wrappers such as `xargs`; what cannot be analysed is refused. What runs is printed from
    what was judged. `hyperhive explain AGENT 'COMMAND'` says what holds and why.

    A pattern cannot promise what the program itself starts or writes by its own options: `git *` includes
    `git -c alias.x='!sh' x`, `tar *` includes `--to-command`, `awk *` its `system()`, `sort *` a file behind
    `-o`; `hyperhive explain` has a note for the usual ones. The isolation of the container holds all the
    same."""
    tools: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z]*$")]],
        default(["Bash", "Read", "Write", "Edit", "Glob", "Grep"]),
    ]
    """Built-in tools of Claude Code that the agent has. Hyperhive's own tools do not count."""
    mcp_servers: Annotated[dict[ServerName, McpServerConfig], default({})]
    """Extra MCP servers, by name, started inside of the container. Their tools are called
    `mcp__<name>__<tool>`. The names `hyperhive` and `ide` are taken, and a name has no two underscores in a
    row and none at its end."""
    notes: NotesConfig
    context: ContextConfig
    budget: BudgetConfig
    limits: LimitsConfig
    silent_minutes: Annotated[int, Field(ge=0, le=10_080), default(10)]
    """Minutes of a turn without a word of the model, while no tool runs, after which the agent is shown, and
    notified, as one that gets no answer. After twice that the turn is interrupted and its mail comes again.
    Time in which the machine sleeps does not count. `0` waits for ever."""
    credentials: Annotated[dict[EnvironmentName, CredentialName], default({})]
    """Environment variables that Claude Code gets from secrets: variable = name of a credential."""

    @classmethod
    def filled(cls, table: dict[str, Any]) -> dict[str, Any]:
        filled = super().filled(table)
        # A model of another type is reported where it stands, not once more where it is copied to.
        if "models" not in table and isinstance(filled["model"], str):
            filled["models"] = list(dict.fromkeys([filled["model"], *filled["models"]]))
        return filled

    @field_validator("models")
    @classmethod
    def _with_the_model(cls, models: list[str], info: ValidationInfo) -> list[str]:
        model = info.data.get("model", models[0])
        if model not in models:
            raise ValueError(f"model {model!r} is not among models {models!r}")
        return models

    @field_validator("mcp_servers", mode="wrap")
    @classmethod
    def _with_names_apart(
        cls, servers: Any, validate: ValidatorFunctionWrapHandler
    ) -> dict[str, McpServerConfig]:
        checked: dict[str, McpServerConfig] = with_rules(lambda: validate(servers), server_rules(servers))
        return checked


class AgentConfig(AgentSettings):
    """One agent: who it is, which model it uses and what it may do."""

    name: AgentName
    """Also the tail of its container's name `h-<name>`."""
    role: Role

    @field_validator("role")
    @classmethod
    def _of_the_name(cls, role: str, info: ValidationInfo) -> str:
        refusal = name_refusal(info.data.get("name"), role)
        if refusal:
            raise ValueError(refusal)
        return role


class TlsConfig(ConfigModel):
    """Certificate chain and key of the dashboard."""

    certificate: AbsolutePath
    """File with the certificate chain in PEM form."""
    key_credential: CredentialName
    """Name of the credential with the private key in PEM form."""


class ListenConfig(ConfigModel):
    """Where the operator's pages listen."""

    host: Annotated[str, StringConstraints(min_length=1), ONE_LINE, default("127.0.0.1")]
    """Address on which the dashboard listens. Beyond loopback it needs `tls`."""
    port: Annotated[int, Field(ge=0, le=65535), default(7000)]
    """TCP port of the dashboard."""
    host_names: Annotated[
        list[Annotated[str, ONE_LINE]], Field(min_length=1), default(["127.0.0.1", "localhost", "[::1]"])
    ]
    """Names under which browsers may call the dashboard, without port; the first one is used in links. A
    request with another `Host` header is refused."""
    tls: Annotated[TlsConfig | None, default(None)]
    """Certificate and key of the dashboard; `null` serves plain HTTP."""
    plain_remote: Annotated[bool, default(False)]
    """Waives the refusal to listen beyond loopback without TLS. Passwords and sessions then cross the network
    readable."""

    @field_validator("plain_remote")
    @classmethod
    def _only_with_a_waiver(cls, waived: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 -- the field's value
        if info.data.keys() >= {"host", "tls"}:
            host, tls = info.data["host"], info.data["tls"]
            if not (host in LOOPBACK or tls or waived):
                raise ValueError(
                    f"host {host!r} is beyond loopback: set tls, or waive it with plain_remote = true"
                )
        return waived


class OperatorConfig(ConfigModel):
    """The operator, who reads and decides."""

    pronouns: Annotated[str, ONE_LINE, default("they/them")]
    """The operator's pronouns, for the agents' prompts."""
    password_credential: Annotated[CredentialName | None, default(None)]
    """Name of the credential with the hash of the operator's password; `null` is the login link alone."""


class DeliveryConfig(ConfigModel):
    """How messages are handed out."""

    lease_seconds: Annotated[int, Field(ge=5, le=3600), default(60)]
    """A lease ends this long after its harness last said that it still works."""


class LoopBreakerConfig(ConfigModel):
    """Limits per sender-recipient pair; 0 switches one off."""

    messages_per_minute: Annotated[Count, default(30)]
    """Most messages from one agent to one recipient in 60 seconds."""
    duplicates: Annotated[Count, default(5)]
    """Most messages of exactly the same text in ten minutes."""
    ping_pong: Annotated[Count, default(40)]
    """Most messages going back and forth between two agents in five minutes with nobody else sending either
    of them anything."""


class RetentionConfig(ConfigModel):
    """How long history is kept, and how much of it; 0 keeps it for ever."""

    messages_days: Annotated[Days, default(30)]
    """Days that finished messages are kept."""
    events_days: Annotated[Days, default(14)]
    """Days that agents' events are kept."""
    stats_days: Annotated[Days, default(90)]
    """Days that stats are kept, the more coarsely the older they are."""
    hive_mib: Annotated[Quota, default(8192)]
    """MiB of messages, questions and events of the whole hive. Of more than that the oldest that is finished
    is forgotten, whatever its age; when what is not finished fills it, no more mail is taken."""
    agent_mib: Annotated[Quota, default(1024)]
    """MiB of what one agent sent, got, asked, was asked and did, else as `hive_mib`."""


class NtfyConfig(ConfigModel):
    """Pushes to a phone what still waits for the operator after a while, through an ntfy server."""

    url: TopicUrl
    """Address of the topic: that of the server, a slash and the topic's name. Beyond this machine it must
    begin with `https://`. On a public server everybody who knows a topic can read it, so let its name be one
    that nobody guesses, or use a server of your own with a token; the address itself is no secret on this
    machine."""
    token_credential: Annotated[CredentialName | None, default(None)]
    """Name of the credential with an access token of the server; `null` sends none."""
    delay_seconds: Annotated[int, Field(ge=0, le=86_400), default(120)]
    """What is still open after this long is pushed; what is answered before is not. A question that expires
    is pushed when half of its time is over, if that is sooner."""
    kinds: Annotated[list[Kind], default(list(get_args(Kind)))]
    """What is pushed: questions and messages to the operator, mail that was parked, agents that failed or
    need a login."""
    dashboard_url: Annotated[BaseUrl | None, default(None)]
    """Where links in the pushes lead. `null` is the dashboard's own address where it listens beyond loopback,
    else no link; the address has the first of the host names that is not loopback."""

    @field_validator("url")
    @classmethod
    def _safe(cls, url: str) -> str:
        try:
            address = urlsplit(url)
            _ = address.port
        except ValueError as error:
            raise ValueError(f"{url!r} is no address: {error}") from error
        # What agents write, and a token, would be readable on the way.
        if address.scheme == "http" and address.hostname not in LOOPBACK:
            raise ValueError(f"{url!r} is beyond loopback: it must begin with https://")
        return url


class NotificationsConfig(ConfigModel):
    """How the operator hears of what waits while no page is open."""

    ntfy: Annotated[NtfyConfig | None, default(None)]
    """Pushes to a phone, through a server of [ntfy](https://docs.ntfy.sh), what still waits for the operator
    after a while; `null` pushes nothing. With a server beyond this machine the broker may reach any address,
    while it may otherwise reach this machine alone."""


class BrokerConfig(ConfigModel):
    """Everything the broker knows; rendered as `broker.json`."""

    runtime: Literal["nixos", "process"]
    """`nixos` agents live in containers with uid ranges of their own, `process` agents are child processes of
    the broker's own user."""
    state_dir: AbsolutePath
    """Holds the database and the operator's token."""
    runtime_dir: AbsolutePath
    """Holds `admin.sock` and `agents/<name>/broker.sock`."""
    dashboard_dir: AbsolutePath
    """Files that the browser gets."""
    listen: ListenConfig
    operator: OperatorConfig
    delivery: DeliveryConfig
    loop_breaker: LoopBreakerConfig
    retention: RetentionConfig
    notifications: NotificationsConfig
    agents: dict[AgentName, AgentConfig]
    """Every agent of the hive, by name."""

    def agent_state_dir(self, name: str) -> str:
        """An agent's state directory, as its own processes see it."""
        root = "/" if self.runtime == "nixos" else self.state_dir
        return str(Path(root) / "agents" / name / "state")

    @field_validator("agents", mode="wrap")
    @classmethod
    def _fit_together(
        cls, agents: Any, validate: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> dict[str, AgentConfig]:
        broken = [*agent_rules(agents), *name_rules(agents)]
        if info.data.get("runtime") == "nixos":
            broken += uid_rules(agents)
        checked: dict[str, AgentConfig] = with_rules(lambda: validate(agents), broken)
        return checked


class ClaudeSettings(ConfigModel):
    """How every agent's Claude Code is started."""

    cli: Annotated[AbsolutePath | None, default(None)]
    """Path of the `claude` program; `null` takes the one inside `claude-agent-sdk`."""
    env: Annotated[dict[EnvironmentName, ProcessText], default({})]
    """More environment variables of Claude Code. Not for secrets, which are `credentials`: everybody on the
    machine may read them."""


class ClaudeConfig(ClaudeSettings):
    """How the harness starts Claude Code."""

    home: AbsolutePath
    """`HOME` of Claude Code, never shared between agents."""


class HarnessConfig(ConfigModel):
    """Everything one agent's harness knows; rendered as `harness.json` inside its container."""

    agent: AgentConfig
    socket: AbsolutePath
    """The broker's Unix socket for this agent."""
    state_dir: AbsolutePath
    """Durable directory of the agent and working directory of its session."""
    operator: OperatorConfig
    claude: ClaudeConfig
