"""Frames of the link: one WebSocket per agent, dialled by the harness (`GET /v1/link`)."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from hyperhive.protocol.agents import AgentStatus, McpServer
from hyperhive.protocol.base import ApiModel
from hyperhive.protocol.diagnosis import Observation
from hyperhive.protocol.events import NewEvent
from hyperhive.protocol.terminal import Columns, Offset, Rows, TerminalId, TerminalViews, Who

TurnIds = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=512, fail_fast=True)]


class Hello(ApiModel):
    """First frame of the harness: the turns it is still working on, and its terminals.

    Every other lease is requeued, and every other terminal has ended.
    """

    type: Literal["hello"] = "hello"
    version: str
    turns: TurnIds
    terminals: TerminalViews = Field(default=[])


class Hold(ApiModel):
    """Keeps the leases of the named turns alive; sent every third of the lease time."""

    type: Literal["hold"] = "hold"
    turns: TurnIds


class Report(ApiModel):
    """Live events and, when they changed, the agent's status, its extra MCP servers and its terminals."""

    type: Literal["report"] = "report"
    status: AgentStatus | None
    events: Annotated[list[NewEvent], Field(max_length=256, fail_fast=True)]
    mcp_servers: Annotated[list[McpServer], Field(max_length=256, fail_fast=True)] | None = None
    terminals: TerminalViews | None = None


class SelfTestDone(ApiModel):
    """Answer to `RunSelfTest`, with its `id`."""

    type: Literal["self_test_done"] = "self_test_done"
    id: Annotated[str, Field(max_length=64)]
    observations: Annotated[list[Observation], Field(max_length=64, fail_fast=True)]


class TerminalRefused(ApiModel):
    """Answer to `OpenTerminal` when there is no shell; when there is one, it is in the next report."""

    type: Literal["terminal_refused"] = "terminal_refused"
    id: TerminalId
    reason: Annotated[str, Field(max_length=500)]


#: What the harness was asked for by the broker that it is connected to.
Answer = SelfTestDone | TerminalRefused

HarnessFrame = Annotated[Hello | Hold | Report | Answer, Field(discriminator="type")]
HARNESS_FRAME: TypeAdapter[HarnessFrame] = TypeAdapter(HarnessFrame)


class Welcome(ApiModel):
    """First frame of the broker."""

    type: Literal["welcome"] = "welcome"
    #: How long a lease lives without a hold.
    lease_seconds: int
    #: Queued messages.
    pending: int
    #: As in the agent's view; the harness counts on from them for its budget.
    turns_today: int
    cost_today_usd: float
    #: As in `UseModel`.
    model: str


class Wake(ApiModel):
    type: Literal["wake"] = "wake"
    #: Queued messages.
    pending: int


class Cancel(ApiModel):
    """Interrupt the running turn; its messages go back to the queue, where `pending` others waited then."""

    type: Literal["cancel"] = "cancel"
    pending: int


class UseModel(ApiModel):
    """Use this model from the next turn on."""

    type: Literal["use_model"] = "use_model"
    model: str


class Compact(ApiModel):
    """Compact the session's context; a running turn ends first."""

    type: Literal["compact"] = "compact"


class NewSession(ApiModel):
    """Begin a new session with the next turn; a running turn ends first, in the old one."""

    type: Literal["new_session"] = "new_session"


class RunSelfTest(ApiModel):
    """Probe the isolation from the inside."""

    type: Literal["run_self_test"] = "run_self_test"
    id: str
    #: The dashboard's TCP port, which must not be reachable.
    port: int
    #: The broker's own files, which must not be visible.
    hidden: list[str]


class OpenTerminal(ApiModel):
    """Start a shell of this size; see `protocol/terminal.py`."""

    type: Literal["open_terminal"] = "open_terminal"
    id: TerminalId
    cols: Columns
    rows: Rows
    who: Who


class AttachViewer(ApiModel):
    """Show a terminal to a window that has its output before `have`: dial `GET /v1/terminals/{viewer}`."""

    type: Literal["attach_viewer"] = "attach_viewer"
    terminal: TerminalId
    viewer: TerminalId
    who: Who
    have: Offset | None
    #: The window over all its connections.
    window: TerminalId | None = None


class KillTerminal(ApiModel):
    """End a shell and everything in its session."""

    type: Literal["kill_terminal"] = "kill_terminal"
    id: TerminalId
    who: Who


TerminalOrder = OpenTerminal | AttachViewer | KillTerminal

#: From the operator to a session.
SessionCommand = UseModel | Compact | NewSession

BrokerFrame = Annotated[
    Welcome | Wake | Cancel | SessionCommand | RunSelfTest | TerminalOrder, Field(discriminator="type")
]
BROKER_FRAME: TypeAdapter[BrokerFrame] = TypeAdapter(BrokerFrame)
