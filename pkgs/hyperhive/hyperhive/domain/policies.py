"""Policies: what a configuration allows an agent, as the operator sees it."""

from hyperhive.config import AgentConfig
from hyperhive.protocol.agents import AgentPolicy


def policy(agent: AgentConfig) -> AgentPolicy:
    """What the agent may do."""
    return AgentPolicy(
        allowed_recipients=None if agent.role == "manager" else agent.allowed_recipients,
        bash=agent.bash,
        tools=agent.tools,
        mcp_servers={name: server.allowed_tools for name, server in agent.mcp_servers.items()},
    )
