"""Extra MCP servers: a real server process behind a filter, and what the operator sees of it."""

import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import types

from hyperhive.config import McpServerConfig
from hyperhive.harness.extra_mcp import ExtraMcpServer
from hyperhive.protocol.agents import McpState
from tests.conftest import mcp_server
from tests.harness.conftest import MakeHive
from tests.harness.test_mcp_faults import until

#: A server whose one tool is answered with a protocol error; no library, so that it starts at once.
PICKY = """
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    known = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "picky", "version": "1"}},
        "tools/list": {"tools": [{"name": "ask", "inputSchema": {"type": "object"}}]},
    }
    if "id" not in call:
        continue
    found = known.get(call["method"])
    outcome = {"result": found} if found else {"error": {"code": -32001, "message": "not today"}}
    print(json.dumps({"jsonrpc": "2.0", "id": call["id"], **outcome}), flush=True)
"""

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo"


def config(directory: Path, *allowed: str, **changes: Any) -> McpServerConfig:
    args = [str(EXAMPLE / "harvest_server.py"), str(directory / "h.sqlite"), str(EXAMPLE / "harvest.csv")]
    fields = {"command": sys.executable, "args": args} | changes
    return McpServerConfig.model_validate(mcp_server(*allowed, **fields))


def text(result: types.CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))


@pytest.fixture
async def servers() -> AsyncIterator[list[ExtraMcpServer]]:
    started: list[ExtraMcpServer] = []
    yield started
    for server in started:
        await server.stop()


async def test_only_the_allowed_tools_are_listed_and_callable(
    tmp_path: Path, servers: list[ExtraMcpServer]
) -> None:
    server = ExtraMcpServer("harvest", config(tmp_path, "query"), str(tmp_path))
    servers.append(server)
    assert [tool.name for tool in await server.tools()] == ["query"]
    rows = await server.call("query", {"sql": "SELECT count(*) AS n FROM harvest"})
    assert (text(rows), rows.isError) == ("n\n7", False)
    refused = await server.call("clear", {})
    assert (refused.isError, text(refused)) == (True, "clear is not among the allowed tools of harvest")


async def test_a_star_exposes_everything(tmp_path: Path, servers: list[ExtraMcpServer]) -> None:
    server = ExtraMcpServer("harvest", config(tmp_path, "*"), str(tmp_path))
    servers.append(server)
    assert [tool.name for tool in await server.tools()] == ["tables", "query", "clear"]


async def test_a_server_that_cannot_be_started_is_an_error_result_and_not_a_crash(tmp_path: Path) -> None:
    server = ExtraMcpServer("gone", config(tmp_path, "*", command="/no/such/program"), str(tmp_path))
    assert await server.tools() == []
    result = await server.call("query", {})
    assert result.isError
    assert "MCP server gone" in text(result)
    await server.stop()


async def test_a_server_that_died_is_started_again(tmp_path: Path, servers: list[ExtraMcpServer]) -> None:
    once = tmp_path / "once.sh"
    once.write_text(f'[ -e died ] && exec "{sys.executable}" "$@"\ntouch died\nexit 1\n')
    shell = shutil.which("sh")
    broken = config(tmp_path, "*")
    server = ExtraMcpServer(
        "harvest",
        broken.model_copy(update={"command": shell, "args": [str(once), *broken.args]}),
        str(tmp_path),
    )
    servers.append(server)
    assert await server.tools() == []
    assert server.error is not None
    assert len(await server.tools()) == 3
    assert server.error is None


async def test_its_state_says_what_it_offers_that_its_process_ended_and_why(
    tmp_path: Path, servers: list[ExtraMcpServer]
) -> None:
    states: list[tuple[McpState, str, list[str]]] = []

    def changed() -> None:
        now = server.status()
        if not states or states[-1] != (now.state, now.reason, now.tools):
            states.append((now.state, now.reason, now.tools))

    pids = tmp_path / "pid"
    usual = config(tmp_path, "query", "clear")
    script = f"echo $$ > {pids}; echo 'no more <b>orders</b>' >&2; exec \"$@\""
    arguments = ["-c", script, "sh", sys.executable, *usual.args]
    shell = usual.model_copy(update={"command": shutil.which("sh"), "args": arguments})
    server = ExtraMcpServer("harvest", shell, str(tmp_path), changed)
    servers.append(server)
    assert server.status().state is McpState.NOT_STARTED
    await server.tools()
    os.kill(int(pids.read_text()), signal.SIGKILL)
    await until(lambda: server.status().state is McpState.FAILED)
    await server.tools()
    assert states == [
        (McpState.STARTING, "", []),
        (McpState.RUNNING, "", []),
        (McpState.RUNNING, "", ["query", "clear"]),
        (McpState.FAILED, "its process ended: no more <b>orders</b>", ["query", "clear"]),
        (McpState.STARTING, "", ["query", "clear"]),
        (McpState.RUNNING, "", ["query", "clear"]),
    ]


async def test_an_error_that_a_living_server_answers_is_not_its_end(
    tmp_path: Path, servers: list[ExtraMcpServer]
) -> None:
    picky = tmp_path / "picky.py"
    picky.write_text(PICKY)
    server = ExtraMcpServer("picky", config(tmp_path, "*", args=[str(picky)]), str(tmp_path))
    servers.append(server)
    await server.tools()
    for _ in range(2):
        result = await server.call("ask", {})
        assert (result.isError, text(result)) == (True, "MCP server picky: not today")
    assert (server.status().state, server.status().tools) == (McpState.RUNNING, ["ask"])


async def test_a_server_that_says_nothing_is_ended_after_a_while(
    tmp_path: Path, servers: list[ExtraMcpServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.harness.extra_mcp.START_LIMIT", 0.2)
    pids = tmp_path / "pid"
    arguments = ["-c", f"echo $$ > {pids}; exec sleep 60"]
    silent = ExtraMcpServer(
        "silent", config(tmp_path, "*", command=shutil.which("sh"), args=arguments), str(tmp_path)
    )
    servers.append(silent)
    assert await silent.tools() == []
    assert silent.status().reason == "did not start within 0 s"
    await until(lambda: not Path(f"/proc/{pids.read_text().strip()}").exists())


async def test_a_server_does_not_see_the_harnesss_credentials(
    tmp_path: Path, servers: list[ExtraMcpServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    seen = tmp_path / "seen"
    shell = config(
        tmp_path, "*", command=shutil.which("sh"), args=["-c", f"env > {seen}; exit 1"], env={"ORDERS": "yes"}
    )
    server = ExtraMcpServer("spy", shell, str(tmp_path))
    servers.append(server)
    await server.tools()
    names = {line.split("=")[0] for line in seen.read_text().splitlines()}
    assert "ORDERS" in names
    assert "ANTHROPIC_API_KEY" not in names
    assert os.environ["ANTHROPIC_API_KEY"] == "secret"


async def test_the_operator_sees_what_each_server_offers_and_why_one_failed(small_hive: MakeHive) -> None:
    servers = {
        "picky": mcp_server("ask", command=sys.executable, args=["-c", PICKY]),
        "gone": mcp_server("*", command="/no/such/program"),
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
