from hyperhive.config import AgentConfig
from hyperhive.domain.agents import policy, servers
from hyperhive.protocol.agents import AgentLimits, AgentPolicy, BrokerLimits, McpServer, McpState
from tests.conftest import agent_config, mcp_server


def test_a_policy_says_what_the_configuration_allows() -> None:
    fields = {
        "allowed_recipients": ["boss"],
        "bash": ["git *"],
        "mcp_servers": {"orders": mcp_server("query", env={"SECRET": "no"})},
        "budget": {"usd_cents_per_day": 500, "turns_per_day": 40},
        "context": {"compact_above_percent": 70},
        "notes": {"compact_above_bytes": 9000},
        "silent_minutes": 7,
    }
    agent = AgentConfig.model_validate(agent_config("alice", **fields))
    assert policy(agent, contained=True) == AgentPolicy(
        allowed_recipients=["boss"],
        bash=["git *"],
        tools=["Bash"],
        mcp_servers={"orders": ["query"]},
        turns_per_day=40,
        usd_cents_per_day=500,
        compact_above_percent=70,
        compact_notes_above_bytes=9000,
        silent_minutes=7,
        limits=AgentLimits(cpu_percent=100, memory_mib=512, disk_mib=1024, tasks=128),
        broker_limits=BrokerLimits(
            requests_per_second=20,
            received_kib_per_second=256,
            stored_mib_per_hour=16,
            rows_per_hour=3600,
            frames_per_second=20,
            events_mib_per_hour=20,
        ),
    )


def test_a_manager_writes_to_anyone_and_a_process_has_no_limits() -> None:
    agent = AgentConfig.model_validate(agent_config("boss", role="manager", allowed_recipients=[]))
    shown = policy(agent, contained=False)
    assert (shown.allowed_recipients, shown.limits) == (None, None)


def said(name: str, *tools: str, state: McpState = McpState.RUNNING, reason: str = "") -> McpServer:
    return McpServer(name=name, state=state, reason=reason, tools=list(tools), offered=99)


def test_of_what_a_harness_says_of_its_servers_only_the_configured_is_shown_and_cut() -> None:
    fields = {
        "mcp_servers": {"orders": mcp_server("query"), "wild": mcp_server("*"), "quiet": mcp_server("*")}
    }
    agent = AgentConfig.model_validate(agent_config("alice", **fields))
    many = [f"tool-{number:03}" + "x" * 100 for number in range(80)]
    reported = [
        said("wild", *many),
        said("ghost", "steal"),
        said("orders", "drop", "query", state=McpState.FAILED, reason="<b>" * 200),
    ]
    orders, quiet, wild = servers(agent, reported)
    assert orders == McpServer(
        name="orders", state=McpState.FAILED, reason="<b>" * 100, tools=["query"], offered=1
    )
    assert quiet == McpServer(name="quiet", state=McpState.NOT_STARTED, reason="", tools=[], offered=0)
    assert (wild.offered, len(wild.tools), {len(tool) for tool in wild.tools}) == (80, 59, {64})
    assert [one.state for one in servers(agent, None)] == [McpState.UNKNOWN] * 3


def test_remarks_of_a_server_are_few_and_short() -> None:
    agent = AgentConfig.model_validate(agent_config("alice", mcp_servers={"wild": mcp_server("*")}))
    told = said("wild").model_copy(update={"remarks": [f"{number} " + "x" * 400 for number in range(50)]})
    remarks = servers(agent, [told])[0].remarks
    assert (len(remarks), remarks[-1]) == (21, "And 30 more of the kind, which the harness's log has.")
    assert max(map(len, remarks)) == 300


def test_a_tool_is_shown_that_is_allowed_by_its_name_in_the_session() -> None:
    agent = AgentConfig.model_validate(agent_config("alice", mcp_servers={"files": mcp_server("files_read")}))
    assert servers(agent, [said("files", "files.read", "files.write")])[0].tools == ["files.read"]
