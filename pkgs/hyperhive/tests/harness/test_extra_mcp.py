"""Extra MCP servers: a real server process behind a filter."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import types

from hyperhive.config import McpServerConfig
from hyperhive.harness.extra_mcp import ExtraMcpServer

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo"


def config(directory: Path, *allowed: str, **changes: Any) -> McpServerConfig:
    fields = {
        "command": sys.executable,
        "args": [
            str(EXAMPLE / "harvest_server.py"),
            str(directory / "h.sqlite"),
            str(EXAMPLE / "harvest.csv"),
        ],
        "env": {},
        "allowed_tools": list(allowed),
    }
    return McpServerConfig.model_validate(fields | changes)


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
