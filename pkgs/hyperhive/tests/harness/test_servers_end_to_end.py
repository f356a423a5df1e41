"""Extra MCP servers as the operator sees them, with the real broker and the real CLI."""

import sys

from hyperhive.protocol.agents import McpState
from tests.harness.conftest import MakeHive
from tests.harness.test_extra_mcp import PICKY


async def test_the_operator_sees_what_each_server_offers_and_why_one_failed(small_hive: MakeHive) -> None:
    servers = {
        "picky": {"command": sys.executable, "args": ["-c", PICKY], "env": {}, "allowed_tools": ["ask"]},
        "gone": {"command": "/no/such/program", "args": [], "env": {}, "allowed_tools": ["*"]},
    }
    hive = await small_hive('default_text = "ok"', alice={"mcp_servers": servers})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))

    async def asked() -> bool:
        states = {server.state for server in hive.broker.services.agents.view("alice").mcp_servers}
        return states == {McpState.RUNNING, McpState.FAILED}

    await hive.until(asked, "both servers were asked")
    gone, picky = hive.broker.services.agents.view("alice").mcp_servers
    assert (picky.state.value, picky.reason, picky.tools) == ("running", "", ["ask"])
    assert (gone.state.value, gone.tools) == ("failed", [])
    assert "No such file or directory" in gone.reason
    notes = [note["text"] for note in await hive.events("alice", "note")]
    assert notes == [f"MCP server gone: {gone.reason}"]
