"""Agents as they are shown: what an agent may do, what its harness may claim, and what a manager sees."""

from collections.abc import Collection
from typing import Final

from hyperhive.config import AgentConfig
from hyperhive.protocol.agents import (
    AgentBrief,
    AgentLimits,
    AgentPolicy,
    AgentView,
    BrokerLimits,
    McpServer,
    McpState,
    RunningTool,
)
from hyperhive.protocol.mcp_names import allows

#: Longest name or id that is kept of a report, in characters.
NAME_LIMIT: Final = 200
#: The same of an MCP server: its reason, the name of one tool, and tools of all servers together.
REASON_LIMIT: Final = 300
TOOL_NAME_LIMIT: Final = 64
TOOLS_SHOWN: Final = 60
#: Remarks about one server.
REMARKS_SHOWN: Final = 20


def policy(agent: AgentConfig, *, contained: bool) -> AgentPolicy:
    """What the agent may do; only a container holds it to its limits."""
    given = agent.limits
    limits = AgentLimits(
        cpu_percent=given.cpu_percent,
        memory_mib=given.memory_mib,
        disk_mib=given.disk_mib,
        tasks=given.tasks,
    )
    return AgentPolicy(
        allowed_recipients=None if agent.role == "manager" else agent.allowed_recipients,
        bash=agent.bash,
        tools=agent.tools,
        mcp_servers={name: server.allowed_tools for name, server in agent.mcp_servers.items()},
        turns_per_day=agent.budget.turns_per_day,
        usd_cents_per_day=agent.budget.usd_cents_per_day,
        compact_above_percent=agent.context.compact_above_percent,
        compact_notes_above_bytes=agent.notes.compact_above_bytes,
        silent_minutes=agent.silent_minutes,
        limits=limits if contained else None,
        broker_limits=BrokerLimits(**given.broker.model_dump()),
    )


def believable(tool: RunningTool, now: float) -> RunningTool:
    """The call as a harness told it, its name cut and its begin not in the future."""
    since = tool.since if 0 < tool.since <= now else now
    return tool.model_copy(update={"name": tool.name[:NAME_LIMIT], "since": since})


def servers(agent: AgentConfig, reported: Collection[McpServer] | None) -> list[McpServer]:
    """The configured MCP servers, by name, as a harness reported them; None while none is connected."""
    said = {server.name: server for server in reported or ()}
    unsaid = McpState.UNKNOWN if reported is None else McpState.NOT_STARTED
    space = TOOLS_SHOWN
    shown = []
    for name, config in sorted(agent.mcp_servers.items()):
        server = said.get(name) or McpServer(name=name, state=unsaid, reason="", tools=[], offered=0)
        offered = [tool[:TOOL_NAME_LIMIT] for tool in server.tools if allows(config.allowed_tools, tool)]
        listed = offered[:space]
        space -= len(listed)
        cut = {
            "reason": server.reason[:REASON_LIMIT],
            "tools": listed,
            "offered": len(offered),
            "remarks": _few(server.remarks),
        }
        shown.append(server.model_copy(update=cut))
    return shown


def _few(remarks: list[str]) -> list[str]:
    """The first of them, each cut, and how many there are besides."""
    rest = len(remarks) - REMARKS_SHOWN
    more = [f"And {rest} more of the kind, which the harness's log has."] if rest > 0 else []
    return [remark[:REASON_LIMIT] for remark in remarks[:REMARKS_SHOWN]] + more


def brief(view: AgentView, manager: str) -> AgentBrief:
    """The agent as the manager called `manager` sees it."""
    waiting = view.waiting and f"waits for an answer from {view.waiting.on}"
    return AgentBrief(
        name=view.name,
        role=view.role,
        state=view.status.state,
        detail=waiting or view.status.detail,
        since=view.since,
        inbox_depth=view.inbox_depth,
        last_turn_at=view.last_turn_at,
        turns_today=view.turns_today,
        actions=[] if view.name == manager else view.actions,
    )
