from hyperhive.config import AgentConfig
from hyperhive.domain.agents import policy
from hyperhive.protocol.agents import AgentPolicy
from tests.conftest import agent_config


def test_a_policy_says_what_the_configuration_allows() -> None:
    server = {"command": "x", "args": [], "env": {"SECRET": "no"}, "allowed_tools": ["query"]}
    fields = {"allowed_recipients": ["boss"], "bash": ["git *"], "mcp_servers": {"orders": server}}
    agent = AgentConfig.model_validate(agent_config("alice", **fields))
    assert policy(agent) == AgentPolicy(
        allowed_recipients=["boss"], bash=["git *"], tools=["Bash"], mcp_servers={"orders": ["query"]}
    )


def test_a_manager_writes_to_anyone() -> None:
    agent = AgentConfig.model_validate(agent_config("boss", role="manager", allowed_recipients=[]))
    assert policy(agent).allowed_recipients is None
