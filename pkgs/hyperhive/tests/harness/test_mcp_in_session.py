"""MCP servers with a fault behind the real Claude Code: what its session gets, and what the operator sees."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from hyperhive.harness.session import HEARS_OF_TOOLS
from hyperhive.protocol.agents import McpServer, McpState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive
from tests.harness.test_mcp_faults import TOOLS, raw, received

OBJECT = {"type": "object"}


def calling(*tools: str, **given: str) -> str:
    """A script that calls these tools one after the other in each turn."""
    steps = [
        f'[[turn.step]]\ntool = "{tool}"\ninput = {{ text = "{given.get("text", "")}" }}' for tool in tools
    ]
    return "\n".join(['default_text = "ok"', "[[turn]]", *steps])


def shown(hive: SmallHive) -> McpServer:
    return hive.broker.services.agents.view("alice").mcp_servers[0]


async def results(hive: SmallHive) -> list[str]:
    return [result["text"] for result in await hive.events("alice", "tool_result")]


def offered(hive: SmallHive) -> list[list[str]]:
    """The tools of the server in each request to the model."""
    assert hive.model is not None
    requests = [request.tools for request in hive.model.requests if not request.side]
    return [[name for name in tools if name.startswith("mcp__raw__")] for tools in requests]


async def test_a_turn_goes_on_after_a_call_whose_server_ended_inside_of_it(small_hive: MakeHive) -> None:
    script = calling("mcp__raw__exit", "mcp__raw__plain")
    hive = await small_hive(script, alice={"mcp_servers": {"raw": raw()}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    first, second = await results(hive)
    assert "MCP server raw: its process ended: out of orders" in first
    assert "plain: " in second


async def test_an_answer_with_too_many_levels_is_an_error_and_the_next_call_is_answered(
    small_hive: MakeHive,
) -> None:
    script = calling("mcp__raw__deep", "mcp__raw__plain", text="300")
    tools = [*TOOLS, {"name": "deep", "inputSchema": OBJECT}]
    hive = await small_hive(script, alice={"mcp_servers": {"raw": raw(tools=tools)}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    deep, plain = await results(hive)
    assert ("its answer has more than 100 levels" in deep, "plain: 300" in plain) == (True, True), deep


async def test_a_cancelled_turn_cancels_the_call_it_waits_for(small_hive: MakeHive, tmp_path: Path) -> None:
    server = raw(log=str(tmp_path / "log"))
    hive = await small_hive(calling("mcp__raw__silent"), alice={"mcp_servers": {"raw": server}})
    await hive.wake("alice")
    message = await hive.say("alice", "one")

    async def called() -> bool:
        return (tmp_path / "log").exists() and "call silent" in received(tmp_path)

    await hive.until(called, "the tool is called")
    await hive.cancel("alice")

    async def told() -> bool:
        return "got notifications/cancelled" in received(tmp_path)

    await hive.until(told, "the server heard of it")
    await hive.settled(message, MessageState.QUEUED)


async def test_mail_does_not_wait_for_a_list_of_tools_that_never_comes(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={"mcp_servers": {"raw": raw("list silent")}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert (shown(hive).state, shown(hive).offered) == (McpState.LISTING, 0)
    assert "has not answered tools/list" in shown(hive).reason


async def test_a_list_of_tools_that_comes_late_is_there_for_the_next_turn(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("hyperhive.harness.extra_mcp.LIST_PATIENCE", 0.2)
    server = raw("list late", gate=str(tmp_path / "gate"))
    hive = await small_hive('default_text = "ok"', alice={"mcp_servers": {"raw": server}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert offered(hive) == [[]]
    (tmp_path / "gate").touch()

    async def listed() -> bool:
        return shown(hive).offered == len(TOOLS)

    await hive.until(listed, "the list came")
    await hive.settled(await hive.say("alice", "two"))
    assert "mcp__raw__plain" in offered(hive)[-1]
    assert shown(hive).remarks == []


@pytest.mark.skipif(
    not HEARS_OF_TOOLS, reason="this claude-agent-sdk takes new tools between turns only: take 0.2"
)
async def test_a_tool_that_a_server_gets_in_a_turn_can_be_called_in_the_same_one(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    script = calling("mcp__raw__grow", "mcp__raw__plain", "mcp__raw__more", text="more")
    # The list is read, and the session told, while the model thinks.
    script = script.replace(
        '[[turn.step]]\ntool = "mcp__raw__plain', '[[turn.step]]\ndelay_seconds = 5\ntool = "mcp__raw__plain'
    )
    server = raw(log=str(tmp_path / "log"))
    hive = await small_hive(script, alice={"mcp_servers": {"raw": server}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    grown, plain, more = await results(hive)
    assert ("grown" in grown, "plain: more" in plain, "more: more" in more) == (True, True, True)
    lists = [line for line in received(tmp_path) if line.startswith("list")]
    assert len(lists) <= 3, "fifty notifications are not fifty lists"


BAD: dict[str, tuple[Any, str]] = {
    "no schema": ({"name": "no schema"}, "no schema is left out: its inputSchema is no object"),
    "text": ({"name": "text", "inputSchema": "no"}, "text is left out: its inputSchema is no object"),
    "list": (
        {"name": "list", "inputSchema": {"type": "array"}},
        'list is left out: the "type" of its inputSchema is not "object"',
    ),
    "properties": (
        {"name": "properties", "inputSchema": OBJECT | {"properties": []}},
        "properties is left out: its inputSchema is not valid JSON Schema at properties",
    ),
    "required": (
        {"name": "required", "inputSchema": OBJECT | {"required": "a"}},
        "required is left out: its inputSchema is not valid JSON Schema at required",
    ),
    "type": (
        {"name": "type", "inputSchema": OBJECT | {"properties": {"a": {"type": "nonsense"}}}},
        "type is left out: its inputSchema is not valid JSON Schema at properties/a/type",
    ),
    "parameter": (
        {"name": "parameter", "inputSchema": OBJECT | {"properties": {"a b": {}}}},
        "parameter is left out: the name of its parameter a b must be",
    ),
    "description": (
        {"name": "description", "description": 5, "inputSchema": OBJECT},
        "description is left out: its description is not what MCP says",
    ),
    "large": (
        {"name": "large", "description": "x*200000", "inputSchema": OBJECT},
        "large is left out: its definition has 195 KiB, of at most 128",
    ),
    "deep": (
        {"name": "deep", "inputSchema": OBJECT | {"default": json.loads('{"a":' * 300 + "1" + "}" * 300)}},
        "deep is left out: its definition has more than 100 levels",
    ),
    "nameless": ({"inputSchema": OBJECT}, "is left out: it has no name"),
    "empty": ({"name": " ", "inputSchema": OBJECT}, "is left out: it has no name"),
    "number": ("tool", "is left out: it has no name"),
    "long": ({"name": "l" * 130, "inputSchema": OBJECT}, "its name with the server's is longer than 128"),
    "twice": ({"name": "plain", "inputSchema": OBJECT}, "plain is left out: a tool of the same name stands"),
    "clash": (
        {"name": "text.id", "inputSchema": OBJECT},
        "text.id is left out: it would be called mcp__raw__text_id, as text id is",
    ),
}


async def test_a_bad_definition_is_left_out_alone_and_named(small_hive: MakeHive) -> None:
    tools = [*TOOLS, *(definition for definition, _ in BAD.values()), {"name": "last", "inputSchema": OBJECT}]
    half = tools[: len(tools) // 2], tools[len(tools) // 2 :]
    pages = {"": {"tools": half[0], "nextCursor": "2"}, "2": {"tools": half[1]}}
    hive = await small_hive(calling("mcp__raw__last"), alice={"mcp_servers": {"raw": raw(pages=pages)}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert len(offered(hive)[0]) == len(TOOLS) + 1
    assert "last: " in (await results(hive))[0]
    assert (shown(hive).state, shown(hive).offered) == (McpState.RUNNING, len(TOOLS) + 1)
    remarks = "\n".join(shown(hive).remarks)
    assert [reason for _, reason in BAD.values() if reason not in remarks] == []


@pytest.mark.parametrize("name", ["no schema", "list", "type"])
async def test_one_bad_definition_takes_no_other_tool_away(small_hive: MakeHive, name: str) -> None:
    tools = [BAD[name][0], {"name": "good", "inputSchema": OBJECT}]
    hive = await small_hive('default_text = "ok"', alice={"mcp_servers": {"raw": raw(tools=tools)}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert offered(hive) == [["mcp__raw__good"]]
    assert (shown(hive).tools, shown(hive).offered) == (["good"], 1)


async def test_a_stop_is_no_error_when_a_helper_of_a_server_holds_its_output(
    small_hive: MakeHive, caplog: pytest.LogCaptureFixture
) -> None:
    plain = raw()
    wrapped = ["-c", 'sleep 60 & exec "$@"', "sh", plain["command"], *plain["args"]]
    server = plain | {"command": "/bin/sh", "args": wrapped}
    hive = await small_hive(calling("mcp__raw__plain"), alice={"mcp_servers": {"raw": server}})
    harness = await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    await hive.end(harness)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_tool_that_claude_code_drops_is_named_and_not_counted(small_hive: MakeHive) -> None:
    dropped = {"name": "dropped", "inputSchema": OBJECT | {"allOf": [{"if": {}, "then": {}}]}}
    hive = await small_hive(
        'default_text = "ok"', alice={"mcp_servers": {"raw": raw(tools=[*TOOLS, dropped])}}
    )
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert len(offered(hive)[0]) == shown(hive).offered
    if "mcp__raw__dropped" not in offered(hive)[0]:
        assert "Claude Code does not take dropped" in shown(hive).remarks[0]


async def test_tools_are_allowed_by_the_names_that_the_server_gives_them(small_hive: MakeHive) -> None:
    names = ["files.read", "files/write", "a b", "files.delete"]
    tools = [{"name": name, "inputSchema": OBJECT} for name in names]
    called = ("mcp__raw__files_read", "mcp__raw__files_write", "mcp__raw__a_b")
    server = raw(tools=tools, allowed=("files.read", "files_write", "a_b"))
    hive = await small_hive(calling(*called, text="x"), alice={"mcp_servers": {"raw": server}})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    assert sorted(offered(hive)[0]) == sorted(called)
    assert [text for text in await results(hive) if "refused" in text] == []
    assert "files.read: x" in (await results(hive))[0]
