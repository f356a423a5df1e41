"""Agents as the operator sees them, and what an agent may know of itself."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Moment, Timestamp, TokenCount
from hyperhive.protocol.lifecycle import UnitStatus, Verb


class AgentState(StrEnum):
    """What its harness last reported, or what is known of its container while none is connected.

    `offline`: no harness is connected, and nobody can say, or not yet, what became of it.
    """

    OFFLINE = "offline"
    STOPPED = "stopped"
    STOPPING = "stopping"
    STARTING = "starting"
    IDLE = "idle"
    WORKING = "working"
    RATE_LIMITED = "rate_limited"
    NEEDS_LOGIN = "needs_login"
    OVER_BUDGET = "over_budget"
    FAILED = "failed"


class RunningTool(ApiModel):
    """A tool call that has begun and has no result yet; the longest of those that run side by side."""

    #: The tool's full name, such as `Bash` or `mcp__orders__query`.
    name: str
    since: Moment
    #: How many calls run beside it.
    others: Annotated[int, Field(ge=0, le=1000)] = 0


class AgentStatus(ApiModel):
    state: AgentState
    #: One line for the operator: the running tool, the reason of a failure; may be empty.
    detail: str
    model: str
    turn: str | None
    #: When a parked agent goes on by itself.
    until: Moment | None
    #: Claude Code's session id, null before the first turn.
    session: str | None
    #: Tokens in the context after the last inference, null before the first turn.
    context_used: TokenCount | None
    #: Size of the model's context window in tokens, from the model itself.
    context_max: TokenCount | None
    #: What a working agent runs; null while the model is asked.
    tool: RunningTool | None = None
    #: A working agent's model has not answered for a while, as `detail` says.
    silent: bool = False

    @classmethod
    def bare(cls, state: AgentState, model: str) -> Self:
        return cls(
            state=state,
            detail="",
            model=model,
            turn=None,
            until=None,
            session=None,
            context_used=None,
            context_max=None,
        )


class Waiting(ApiModel):
    """An agent that did all it had to do waits for the answer to a question that it asked."""

    #: Who was asked: `operator`, or the name of an agent.
    on: str
    #: The question's id; the operator's come first, then the oldest.
    question: int
    #: When the question and the rest after its turn had both begun.
    since: Timestamp


class BudgetKind(StrEnum):
    """What an agent may ask of the broker, with a limit of its own each."""

    REQUESTS = "requests"
    BYTES_IN = "bytes_in"
    STORED = "stored"
    ROWS = "rows"
    FRAMES = "frames"
    EVENTS = "events"


class BrokerLimits(ApiModel):
    """What an agent may ask of the broker, as in the contract."""

    requests_per_second: int
    received_kib_per_second: int
    stored_mib_per_hour: int
    rows_per_hour: int
    frames_per_second: int
    events_mib_per_hour: int


class AgentLimits(ApiModel):
    """What an agent's container may take: CPU in percent of one core, memory, disk, processes and threads."""

    cpu_percent: int
    memory_mib: int
    disk_mib: int
    tasks: int


class AgentPolicy(ApiModel):
    """What the operator's configuration allows an agent. `null` lists mean "anything"."""

    allowed_recipients: list[str] | None
    bash: list[str] | None
    tools: list[str]
    mcp_servers: dict[str, list[str]]
    #: Cap of a day in UTC, null for none; so is `usd_cents_per_day`, of the estimated cost.
    turns_per_day: int | None
    usd_cents_per_day: int | None
    #: Where the session's context is compacted; 0 never is.
    compact_above_percent: int
    #: Where `notes.md` is rewritten; 0 never is.
    compact_notes_above_bytes: int
    #: Where a turn is shown to get no answer, and after twice that interrupted; 0 never is.
    silent_minutes: int
    #: null where nothing holds them: agents that are plain processes.
    limits: AgentLimits | None
    #: Holds for every agent.
    broker_limits: BrokerLimits


class McpState(StrEnum):
    """How an extra MCP server is.

    `unknown`: no harness is connected that could say. `listing`: it runs, and the list of its tools has long
    not come.
    """

    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"
    STARTING = "starting"
    LISTING = "listing"
    RUNNING = "running"
    FAILED = "failed"


class McpServer(ApiModel):
    name: str
    state: McpState
    #: Why it failed, or what it keeps waiting; else empty.
    reason: str
    #: Names of allowed tools that the session has of it; only the first where there are many.
    tools: Annotated[list[str], Field(fail_fast=True)]
    #: How many they are in all.
    offered: Annotated[int, Field(ge=0, le=1_000_000)]
    #: What else the operator should know, such as which tool was left out and why: a sentence or two each,
    #: only the first where there are many.
    remarks: Annotated[list[str], Field(fail_fast=True)] = Field(default=[])


class ModelChoice(ApiModel):
    """Which model an agent uses; what runs now is in its status."""

    configured: str
    #: What the operator said instead; null goes by the configuration.
    chosen: str | None


class AgentView(ApiModel):
    name: str
    role: Literal["agent", "manager"]
    models: list[str]
    #: What counts from the next turn on.
    model: ModelChoice
    policy: AgentPolicy
    #: How the extra MCP servers of the policy are, by name.
    mcp_servers: list[McpServer]
    #: What its harness reported, or in its place what is known while none is connected.
    status: AgentStatus
    #: Whose answer an idle agent waits for; null when it waits for mail, or does not wait.
    waiting: Waiting | None
    linked: bool
    unit: UnitStatus
    #: What may be done to `unit` as it is now.
    actions: list[Verb]
    since: Timestamp
    inbox_depth: int
    last_turn_at: Timestamp | None
    turns_today: int
    cost_today_usd: float
    #: How often the broker refused, slowed or cut short what it sent today; only kinds that it did so with.
    limited_today: dict[BudgetKind, int]


class Me(ApiModel):
    """Answer of `GET /v1/me`: who the caller is and whom it may reach."""

    name: str
    role: Literal["agent", "manager"]
    recipients: list[str]
    restricted: bool
    pending: int


class AgentBrief(ApiModel):
    """One agent as the manager sees it; `actions` are empty for the manager itself."""

    name: str
    role: Literal["agent", "manager"]
    state: AgentState
    detail: str
    since: Timestamp
    inbox_depth: int
    last_turn_at: Timestamp | None
    turns_today: int
    actions: list[Verb]


class AgentList(ApiModel):
    """Answer of `GET /v1/agents`: every agent of the hive, by name."""

    agents: list[AgentBrief]
