"""Agents as they are shown: what an agent may do, what its harness may claim, and what a manager sees."""

from typing import Final

from hyperhive.config import AgentConfig
from hyperhive.protocol.agents import AgentBrief, AgentPolicy, AgentView, RunningTool

#: Longest name or id that is kept of a report, in characters.
NAME_LIMIT: Final = 200


def policy(agent: AgentConfig) -> AgentPolicy:
    """What the agent may do."""
    return AgentPolicy(
        allowed_recipients=None if agent.role == "manager" else agent.allowed_recipients,
        bash=agent.bash,
        tools=agent.tools,
        mcp_servers={name: server.allowed_tools for name, server in agent.mcp_servers.items()},
    )


def believable(tool: RunningTool, now: float) -> RunningTool:
    """What a harness says of a call: a name of bounded length, and a begin that is not to come."""
    since = tool.since if 0 < tool.since <= now else now
    return tool.model_copy(update={"name": tool.name[:NAME_LIMIT], "since": since})


def brief(view: AgentView, manager: str) -> AgentBrief:
    """The agent as the manager of that name sees it."""
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
