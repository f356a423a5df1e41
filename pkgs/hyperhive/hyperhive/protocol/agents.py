"""Agents as the operator sees them, and what an agent may know of itself."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Timestamp
from hyperhive.protocol.lifecycle import UnitStatus, Verb


class AgentState(StrEnum):
    """How an agent is: what its harness last said, or what is known of its container while none is connected.

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
    """A tool call that has begun and has no result yet; the longest of those that run side by side.

    Attributes:
        name: The tool's full name, such as `Bash` or `mcp__orders__query`.
        since: When the call began.
        others: How many calls run beside it.
    """

    name: str
    since: Timestamp
    others: Annotated[int, Field(ge=0, le=1000)] = 0


class AgentStatus(ApiModel):
    """The part of an agent's state that its harness reports over the link.

    Attributes:
        detail: One line for the operator: the running tool, the reason of a failure; may be empty.
        tool: What a working agent runs; null while the model is asked.
        until: When a parked agent goes on by itself.
        session: Claude Code's session id, null before the first turn.
        context_used: Tokens in the context after the last inference, null before the first turn.
        context_max: Size of the model's context window in tokens, from the model itself.
    """

    state: AgentState
    detail: str
    model: str
    turn: str | None
    until: Timestamp | None
    session: str | None
    context_used: int | None
    context_max: int | None
    tool: RunningTool | None = None

    @classmethod
    def bare(cls, state: AgentState, model: str) -> Self:
        """A status that says nothing but the state."""
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
    """An agent that did all it had to do waits for the answer to a question that it asked.

    Attributes:
        on: Who was asked: `operator`, or the name of an agent.
        question: The question's id; the operator's come first, then the oldest.
        since: When the question and the rest after its turn had both begun.
    """

    on: str
    question: int
    since: Timestamp


class AgentLimits(ApiModel):
    """What an agent's container may take: CPU in percent of one core, memory, disk, processes and threads."""

    cpu_percent: int
    memory_mib: int
    disk_mib: int
    tasks: int


class AgentPolicy(ApiModel):
    """What the operator's configuration allows an agent. `null` lists mean "anything".

    Attributes:
        turns_per_day: Cap of a day in UTC, null for none; so is `usd_cents_per_day`, of the estimated cost.
        compact_above_percent: Where the session's context is compacted; 0 never is.
        compact_notes_above_bytes: Where `notes.md` is rewritten; 0 never is.
        limits: null where nothing holds them: agents that are plain processes.
    """

    allowed_recipients: list[str] | None
    bash: list[str] | None
    tools: list[str]
    mcp_servers: dict[str, list[str]]
    turns_per_day: int | None
    usd_cents_per_day: int | None
    compact_above_percent: int
    compact_notes_above_bytes: int
    limits: AgentLimits | None


class McpState(StrEnum):
    """How an extra MCP server is. `unknown`: no harness is connected that could say."""

    UNKNOWN = "unknown"
    NOT_STARTED = "not_started"
    STARTING = "starting"
    RUNNING = "running"
    FAILED = "failed"


class McpServer(ApiModel):
    """An extra MCP server, as its agent's harness sees it.

    Attributes:
        reason: Why it failed; empty otherwise.
        tools: Names of allowed tools that it offered when it was last asked; the first of them only where
            there are many.
        offered: How many they are in all.
    """

    name: str
    state: McpState
    reason: str
    tools: list[str]
    offered: int


class ModelChoice(ApiModel):
    """Which model an agent uses; what runs now is in its status.

    Attributes:
        configured: What the configuration says.
        chosen: What the operator said instead; null goes by the configuration.
    """

    configured: str
    chosen: str | None


class AgentView(ApiModel):
    """One agent on the operator's page.

    Attributes:
        models: What the operator may choose.
        model: What counts from the next turn on.
        mcp_servers: How the extra MCP servers of the policy are, by name.
        status: What its harness reported, or in its place what is known while none is connected.
        waiting: Whose answer an idle agent waits for; null when it waits for mail, or does not wait.
        linked: Whether its harness is connected.
        unit: What runs it.
        actions: What may be done to `unit` as it is now.
    """

    name: str
    role: Literal["agent", "manager"]
    models: list[str]
    model: ModelChoice
    policy: AgentPolicy
    mcp_servers: list[McpServer]
    status: AgentStatus
    waiting: Waiting | None
    linked: bool
    unit: UnitStatus
    actions: list[Verb]
    since: Timestamp
    inbox_depth: int
    last_turn_at: Timestamp | None
    turns_today: int
    cost_today_usd: float


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
