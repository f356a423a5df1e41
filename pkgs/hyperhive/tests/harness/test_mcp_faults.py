"""An MCP server that is wrong in one way: a raw one, and what the agent's session gets of it."""

import asyncio
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped] # it has no types
import pytest
from mcp import types

from hyperhive.config import McpServerConfig
from hyperhive.harness.extra_mcp import ExtraMcpServer
from hyperhive.protocol.agents import McpState
from tests.conftest import mcp_server

RAW = Path(__file__).parent / "mcp_server.py"
NAMES = (
    "silent exit close garbage late release huge error nonsense null progress flood asks grow children plain"
)
TOOLS = [
    {"name": name, "inputSchema": {"type": "object"}} for name in [*NAMES.split(), "text id", "half a pair"]
]

Make = Callable[..., ExtraMcpServer]


def raw(
    fault: str = "", *, limit: int = 30, allowed: tuple[str, ...] = ("*",), **told: Any
) -> dict[str, Any]:
    """The configuration of a raw server with that fault."""
    args = [str(RAW), json.dumps({"tools": TOOLS, "fault": fault} | told)]
    return mcp_server(*allowed, command=sys.executable, args=args, call_timeout_seconds=limit)


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """`make(fault, **told)` is a raw server, `make(config=…)` any other."""
    made: list[ExtraMcpServer] = []

    def one(fault: str = "", *, config: dict[str, Any] | None = None, **told: Any) -> ExtraMcpServer:
        log = str(tmp_path / "log")
        fields = config or raw(fault, log=log, **told)
        made.append(ExtraMcpServer("raw", McpServerConfig.model_validate(fields), str(tmp_path)))
        return made[-1]

    yield one
    await asyncio.gather(*(server.stop() for server in made))


@pytest.fixture
def tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing may be logged as an error."""
    yield
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


def text(result: types.CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, types.TextContent))


async def ask(server: ExtraMcpServer, tool: str, given: str = "") -> str:
    """The answer of a call, with `!` in front of an error."""
    async with asyncio.timeout(20):
        result = await server.call(tool, {"text": given} if given else {})
    return f"!{text(result)}" if result.isError else text(result)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


def received(directory: Path) -> list[str]:
    return (directory / "log").read_text().splitlines()


def pids(directory: Path) -> list[int]:
    return [int(line.split()[1]) for line in received(directory) if line.startswith("pid ")]


def lives(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("tool", "reason"),
    [("exit", "its process ended: out of orders"), ("close", "it closed its standard output")],
)
async def test_a_call_ends_with_an_error_when_its_server_ends_inside_of_it(
    make: Make, tmp_path: Path, tool: str, reason: str
) -> None:
    server = make()
    await server.tools()
    other = asyncio.ensure_future(ask(server, "silent"))
    await until(lambda: "call silent" in received(tmp_path))
    assert await ask(server, tool) == f"!MCP server raw: {reason}"
    assert await other == f"!MCP server raw: {reason}"
    assert (server.status().state, server.status().reason) == (McpState.FAILED, reason)
    assert await ask(server, "plain") == "plain: hi", "the next call starts it again"


async def test_a_call_ends_with_an_error_when_its_server_is_killed(make: Make, tmp_path: Path) -> None:
    server = make()
    await server.tools()
    call = asyncio.ensure_future(ask(server, "silent"))
    await until(lambda: "call silent" in received(tmp_path))
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    assert await call == "!MCP server raw: its process ended with signal 9"


async def test_a_call_ends_with_an_error_when_its_server_is_stopped(
    make: Make, tmp_path: Path, tracebacks: None
) -> None:
    server = make()
    await server.tools()
    call = asyncio.ensure_future(ask(server, "silent"))
    await until(lambda: "call silent" in received(tmp_path))
    await server.stop()
    assert await call == "!MCP server raw: it was stopped"


async def test_a_call_that_is_not_answered_ends_at_its_limit_and_its_late_answer_is_nobodys(
    make: Make, tmp_path: Path
) -> None:
    server = make(limit=3)
    await server.tools()
    assert await ask(server, "late") == "!MCP server raw: tools/call was not answered within 3 s"
    assert await ask(server, "release") == "released"
    assert "got notifications/cancelled" in received(tmp_path)
    assert server.status().state is McpState.RUNNING


async def test_progress_begins_the_limit_of_a_call_anew(make: Make) -> None:
    server = make(limit=3)
    await server.tools()
    assert await ask(server, "progress", "16") == "done"


async def test_the_calls_of_a_turn_that_was_cancelled_end_and_the_server_hears_of_it(
    make: Make, tmp_path: Path
) -> None:
    server = make()
    await server.tools()
    call = asyncio.ensure_future(ask(server, "silent"))
    await until(lambda: "call silent" in received(tmp_path))
    server.end_calls("the turn ended")
    assert await call == "!MCP server raw: the turn ended"
    assert await ask(server, "plain") == "plain: hi"
    assert received(tmp_path)[-3:-1] == ["got notifications/cancelled", "got tools/call"]


@pytest.mark.parametrize(
    ("tool", "given", "answer"),
    [
        ("garbage", "", "one"),
        ("error", "", "!MCP server raw: not today"),
        ("nonsense", "", "!MCP server raw: its answer is not the result of a tool"),
        ("null", "", "!MCP server raw: its answer has no result"),
        ("text id", "", "by text"),
        ("half a pair", "", "a�!"),
        ("flood", "", "dry"),
        ("asks", "", "asked"),
        ("huge", str(3 * 1024 * 1024), "x" * 3 * 1024 * 1024),
        (
            "huge",
            str(17 * 1024 * 1024),
            "!MCP server raw: it answered with more than 16 MiB, which nobody reads",
        ),
    ],
)
async def test_what_a_server_writes_is_taken_for_what_it_is(
    make: Make, tool: str, given: str, answer: str, tracebacks: None
) -> None:
    server = make()
    await server.tools()
    assert await ask(server, tool, given) == answer
    assert await ask(server, "plain", "ä 🐝") == "plain: ä 🐝", "the conversation goes on"


async def test_a_server_that_floods_leaves_time_for_the_agent(make: Make) -> None:
    server = make()
    await server.tools()
    flooded = asyncio.ensure_future(ask(server, "flood"))
    turns = 0
    while not flooded.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


async def test_a_server_that_ends_in_the_handshake_says_its_reason_at_once(make: Make) -> None:
    server = make("initialize exits")
    assert await server.tools() == []
    assert server.status().reason == "its process ended: ModuleNotFoundError: No module named 'orders'"


async def test_a_server_that_closes_its_output_in_the_handshake_has_failed(make: Make) -> None:
    server = make("initialize closes")
    assert await server.tools() == []
    assert server.status().reason == "it closed its standard output: listening on nothing"


async def test_a_handshake_without_an_answer_holds_nobody_and_ends(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.harness.extra_mcp.START_LIMIT", 2)
    server = make("initialize silent")
    assert await server.tools(patience=0.1) == []
    assert server.status().state is McpState.STARTING
    await until(lambda: server.status().state is McpState.FAILED)
    assert server.status().reason == "did not start within 2 s"
    await until(lambda: not lives(pids(tmp_path)[0]))


@pytest.mark.parametrize(
    ("name", "content", "mode", "reason"),
    [
        ("gone", None, 0, "{path}: No such file or directory"),
        ("plain", "#!/bin/sh\n", 0o644, "{path} is not executable: chmod +x {path}"),
        ("wrong", "#!/no/such/python3\n", 0o755, "{path}: its interpreter /no/such/python3 does not exist"),
        (
            "windows",
            "#!/bin/sh\r\n",
            0o755,
            "the first line of {path} ends with a carriage return: save it with Unix line ends",
        ),
    ],
)
async def test_a_program_that_cannot_be_run_says_why(
    make: Make, tmp_path: Path, name: str, content: str | None, mode: int, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    server = make(config=raw() | {"command": str(path)})
    assert await server.tools() == []
    assert server.status().reason == f"cannot be started: {reason.format(path=path)}"


async def test_a_program_that_is_not_in_the_path_or_no_program_says_so(make: Make, tmp_path: Path) -> None:
    server = make(config=raw() | {"command": "no-such-server"})
    await server.tools()
    assert server.status().reason == "cannot be started: no-such-server: No such file or directory in PATH"
    (tmp_path / "text").write_text("\x00\x01 no program\n")
    (tmp_path / "text").chmod(0o755)
    server = make(config=raw() | {"command": "./text"})
    await server.tools()
    assert server.status().reason == "its process ended: cannot run ./text: Exec format error"


async def test_nothing_is_left_of_a_server_that_is_stopped(
    make: Make, tmp_path: Path, tracebacks: None
) -> None:
    server = make("stubborn")
    await server.tools()
    left = [int(pid) for pid in (await ask(server, "children")).split()]
    assert all(map(lives, left))
    await server.stop()
    assert not any(map(lives, [*left, *pids(tmp_path)]))
    assert (server.status().state, server.status().reason) == (McpState.RUNNING, "")


async def test_nothing_is_left_of_a_server_that_ended_by_itself(make: Make, tmp_path: Path) -> None:
    server = make()
    await server.tools()
    left = [int(pid) for pid in (await ask(server, "children")).split()]
    await ask(server, "exit")
    await until(lambda: not any(map(lives, left)))


async def test_a_server_that_reads_nothing_is_no_reason_to_keep_everything(
    make: Make, tmp_path: Path
) -> None:
    reader = (
        "import sys, json\nfor _ in range(3):\n call = json.loads(sys.stdin.readline())\n if 'id' in call: "
    )
    listed = {"tools": TOOLS, "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {}}
    script = f"{reader}print(json.dumps(dict(jsonrpc='2.0', id=call['id'], result={listed!r})), flush=True)\n"
    script += "import time; time.sleep(60)"
    server = make(config=raw(limit=30) | {"args": ["-c", script]})
    assert await server.tools()
    calls = [asyncio.ensure_future(ask(server, "plain", "x" * 6 * 1024 * 1024)) for _ in range(5)]
    done, _ = await asyncio.wait(calls, timeout=30, return_when=asyncio.FIRST_COMPLETED)
    assert done.pop().result() == "!MCP server raw: it does not read its standard input"
    await server.stop()
    await asyncio.gather(*calls)


LISTS: dict[str, tuple[dict[str, Any], list[str], str]] = {
    "two pages": ({"": {"tools": TOOLS[:2], "nextCursor": "b"}, "b": {"tools": TOOLS[2:4]}}, ["0", "4"], ""),
    "a cursor that does not move": (
        {"": {"tools": TOOLS[:2], "nextCursor": "b"}, "b": {"tools": TOOLS[2:4], "nextCursor": "b"}},
        ["0", "4"],
        "ended after page 2: nextCursor is one that was followed already",
    ),
    "a circle of cursors": (
        {
            "": {"tools": TOOLS[:2], "nextCursor": "b"},
            "b": {"tools": TOOLS[2:4], "nextCursor": "c"},
            "c": {"tools": TOOLS[4:6], "nextCursor": "b"},
        },
        ["0", "6"],
        "ended after page 3: nextCursor is one that was followed already",
    ),
    "pages that say the same": (
        {
            "": {"tools": TOOLS[:2], "nextCursor": "b"},
            "b": {"tools": TOOLS[:2], "nextCursor": "c"},
        },
        ["0", "2"],
        "ended after page 2: the page has no tool that was not on those before",
    ),
    "a cursor that is no text": (
        {"": {"tools": TOOLS[:2], "nextCursor": 7}},
        ["0", "2"],
        "ended after page 1: nextCursor is no text",
    ),
    "an answer without tools": ({"": {"tool": []}}, ["0", "0"], "Page 1 of its list has no tools in it"),
}


@pytest.mark.parametrize("name", LISTS)
async def test_pages_of_tools_are_followed_while_that_leads_on(make: Make, name: str) -> None:
    pages, (first, end), remark = LISTS[name]
    server = make(pages=pages)
    expected = [tool["name"] for tool in TOOLS[int(first) : int(end)]]
    assert [tool.name for tool in await server.tools()] == expected
    assert (remark in "".join(server.status().remarks), bool(server.status().remarks)) == (True, bool(remark))


async def test_a_list_without_end_is_read_as_far_as_is_sensible(make: Make, tmp_path: Path) -> None:
    server = make("list without end")
    assert len(await server.tools()) == 100
    assert "100 pages are the most that are read" in server.status().remarks[0]
    assert len([line for line in received(tmp_path) if line.startswith("list")]) == 100


async def test_a_page_with_too_many_tools_is_cut(make: Make) -> None:
    many = [{"name": f"t{number}", "inputSchema": {"type": "object"}} for number in range(1200)]
    server = make(pages={"": {"tools": many}})
    assert len(await server.tools()) == 1000
    assert "1000 tools and 4 MiB are the most" in server.status().remarks[0]


async def test_definitions_are_checked_beside_the_loop(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a hundred tools take seconds, in which the agent could not hold its mail."""
    threads: set[int] = set()
    check = jsonschema.Draft202012Validator.check_schema

    def seen(schema: dict[str, Any]) -> None:
        threads.add(threading.get_ident())
        check(schema)

    monkeypatch.setattr(jsonschema.Draft202012Validator, "check_schema", seen)
    assert len(await make().tools()) == len(TOOLS)
    assert threads
    assert threading.get_ident() not in threads


async def test_a_server_that_refuses_its_list_has_failed_and_says_so(make: Make) -> None:
    server = make("list error")
    assert await server.tools() == []
    assert server.status().reason == "tools/list: the database is locked"
