"""`hyperhive mcp` as a real process, spoken to by a real MCP client."""

import sys
from pathlib import Path

from mcp import ClientSession, types
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.harness.conftest import MakeHive

START = (
    "import sys; from pathlib import Path; from hyperhive.config import load_harness_config; "
    "from hyperhive.harness.mcp_stdio import run; sys.exit(run(load_harness_config(Path(sys.argv[1]))))"
)


async def test_the_tools_are_offered_over_stdio_with_the_agents_own_identity(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    hive = await small_hive("", alice={}, bob={})
    path = tmp_path / "harness.json"
    path.write_text(hive.harness_config("alice").model_dump_json())
    parameters = StdioServerParameters(command=sys.executable, args=["-c", START, str(path)])
    async with stdio_client(parameters) as streams, ClientSession(*streams) as session:
        await session.initialize()
        listed = [tool.name for tool in (await session.list_tools()).tools]
        result = await session.call_tool("send", {"to": "bob", "body": "by hand"})
    assert listed == ["send", "recv", "ask", "answer"]
    assert not result.isError
    assert isinstance(result.content[0], types.TextContent)
    async with hive.client("bob") as bob:
        (mail,) = (await bob.lease("t-1")).messages
    assert (mail.sender, mail.body) == ("alice", "by hand")
