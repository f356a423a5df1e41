"""Half a character from a model, a tool or a server: the turn goes on, and the text says where it was."""

import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import types

from hyperhive.config import McpServerConfig
from hyperhive.harness.extra_mcp import ExtraMcpServer
from tests.conftest import mcp_server
from tests.harness.byte_model import ByteModel, call, end, start, text, thinking
from tests.harness.conftest import MakeHive, SmallHive

HALF = "\ud83d"

#: A server whose definition, answers and errors hold half characters, and bytes that are no UTF-8.
BROKEN_TEXT = r"""
import json, sys
for line in sys.stdin:
    call = json.loads(line)
    if "id" not in call:
        continue
    half = "\ud83d"
    schema = {"type": "object", "properties": {"a": {"type": "string", "description": half}}}
    results = {
        "initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                       "serverInfo": {"name": "halves" + half, "version": "1"}},
        "tools/list": {"tools": [{"name": "echo", "description": "says " + half, "inputSchema": schema}]},
        "tools/call": {"content": [{"type": "text", "text": "got " + half + " " + json.dumps(
            call.get("params", {}).get("arguments"), ensure_ascii=False) + " caf"}]},
    }
    answer = json.dumps({"jsonrpc": "2.0", "id": call["id"], "result": results[call["method"]]})
    sys.stdout.buffer.write(answer.encode().replace(b" caf", b" caf\xe9") + b"\n")
    sys.stdout.buffer.flush()
"""

Wake = Callable[..., Awaitable[SmallHive]]


def calls(*blocks: bytes) -> bytes:
    return start() + b"".join(blocks) + end("tool_use")


def said(*blocks: bytes) -> bytes:
    return start() + b"".join(blocks) + end("end_turn")


DONE = said(text("done"))


def server(directory: Path) -> dict[str, Any]:
    path = directory / "halves.py"
    path.write_text(BROKEN_TEXT)
    return mcp_server("*", command=sys.executable, args=[str(path)])


@pytest.fixture
def wake(small_hive: MakeHive, byte_model: ByteModel) -> Wake:
    """`await wake(answers, fields of alice…)`: a hive whose alice has a model that gives those answers."""

    async def start(*answers: bytes, **fields: Any) -> SmallHive:
        left = list(answers)
        byte_model.play = lambda body: (left.pop(0) if left else DONE) if "tools" in body else DONE
        hive = await small_hive('default_text = "ok"', alice=fields, bob={})
        environment = hive.harness_config("alice").claude.env
        await hive.wake("alice", env={**environment, "ANTHROPIC_BASE_URL": byte_model.url})
        return hive

    return start


async def ended(hive: SmallHive) -> dict[str, Any]:
    async def told() -> bool:
        return bool(await hive.events("alice", "turn_end"))

    await hive.until(told, "the turn's end is told")
    return (await hive.events("alice", "turn_end"))[0]


async def test_a_turn_with_half_characters_in_text_and_thinking_ends_well_and_says_so(wake: Wake) -> None:
    hive = await wake(said(thinking(f"hm {HALF}"), text(f"half {HALF}, whole 😀", 1)))
    settled = await hive.settled(await hive.say("alice", "go"))
    end = await ended(hive)
    assert (settled.deliveries, end["result"]) == (1, "ok")
    assert [event["text"] for event in await hive.events("alice", "text")] == ["half \ufffd, whole 😀"]
    assert [event["text"] for event in await hive.events("alice", "thinking")] == ["hm \ufffd"]
    notes = [event["text"] for event in await hive.events("alice", "note")]
    assert "in what Claude Code sent, 1 character could not be kept" in notes[0]


async def test_a_tool_call_with_half_characters_in_name_keys_and_values_harms_no_turn(wake: Wake) -> None:
    deep: dict[str, Any] = {"command": "true", HALF: [HALF, {f"k{HALF}": {"v": HALF}}]}
    hive = await wake(calls(call("Bash", deep), call(f"No{HALF}Tool", {"a": HALF}, 1)), bash=None)
    await hive.settled(await hive.say("alice", "go"))
    assert (await ended(hive))["result"] == "ok"
    used = await hive.events("alice", "tool_use")
    assert used[0]["input"] == {"command": "true", "\ufffd": ["\ufffd", {"k\ufffd": {"v": "\ufffd"}}]}
    assert [event["name"] for event in used] == ["Bash", "No\ufffdTool"]


async def test_mail_with_half_characters_is_sent_and_its_sender_is_told(wake: Wake) -> None:
    hive = await wake(
        calls(call("mcp__hyperhive__send", {"to": "operator", "body": f"half {HALF}, nul \0"})),
        calls(call("mcp__hyperhive__ask", {"question": f"Which {HALF}?", "options": [f"a{HALF}", "b"]})),
    )
    await hive.settled(await hive.say("alice", "go"))
    (mail,) = await hive.inbox(1)
    assert mail.body == "half \ufffd, nul \ufffd"
    (question,) = await hive.broker.services.questions.recent()
    assert (question.question, question.options) == ("Which \ufffd?", ["a\ufffd", "b"])
    results = [event["text"] for event in await hive.events("alice", "tool_result")]
    # Claude Code itself replaces halves in what it hands to a server, but no NUL.
    assert "is queued." in results[0]
    assert results[0].endswith("was replaced by U+FFFD)")


async def test_bash_runs_the_line_that_was_judged_and_what_it_prints_is_told(wake: Wake) -> None:
    line = f"printf '%s caf\\351 <{HALF}>' x"
    hive = await wake(calls(call("Bash", {"command": line})), bash=["printf *"])
    await hive.settled(await hive.say("alice", "go"))
    (result,) = await hive.events("alice", "tool_result")
    assert (result["is_error"], result["text"]) == (False, "x caf\ufffd <\ufffd>")


async def test_an_extra_server_with_half_characters_is_offered_called_and_answered(
    wake: Wake, tmp_path: Path
) -> None:
    echo = calls(call("mcp__halves__echo", {"a": HALF}))
    hive = await wake(echo, mcp_servers={"halves": server(tmp_path)})
    await hive.settled(await hive.say("alice", "go"))
    assert (await ended(hive))["result"] == "ok"
    (result,) = await hive.events("alice", "tool_result")
    assert result["is_error"] is False, result
    assert 'got \ufffd {"a": "\ufffd"} caf\ufffd' in result["text"]


async def test_what_a_server_lists_is_sound(tmp_path: Path) -> None:
    extra = ExtraMcpServer("halves", McpServerConfig.model_validate(server(tmp_path)), str(tmp_path))
    try:
        (echo,) = await extra.tools()
        answer = await extra.call("echo", {"a": HALF})
    finally:
        await extra.stop()
    assert echo.description == "says \ufffd"
    assert echo.inputSchema["properties"]["a"]["description"] == "\ufffd"
    texts = [block.text for block in answer.content if isinstance(block, types.TextContent)]
    assert texts[0] == 'got \ufffd {"a": "\ufffd"} caf\ufffd'
    assert "in the arguments, 1 character could not be kept" in texts[1]


async def test_a_harness_of_another_make_keeps_its_link(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    data = {"id": "1", "name": f"n{HALF}", "input": {HALF: [HALF, "\0"]}}
    event = {"ts": 1.0, "kind": "tool_use", "turn": None, "data": data}
    async with hive.client("alice") as client, client.session.ws_connect("/v1/link") as link:
        await link.send_str(json.dumps({"type": "hello", "version": f"x{HALF}", "turns": [f"t{HALF}"]}))
        assert (await link.receive_json())["type"] == "welcome"
        await link.send_str(json.dumps({"type": "report", "status": None, "events": [event]}))

        async def told() -> bool:
            return bool(await hive.events("alice", "tool_use"))

        await hive.until(told, "the event is there")
        assert (await hive.events("alice", "tool_use"))[0]["input"] == {"\ufffd": ["\ufffd", "\ufffd"]}
        assert link.close_code is None
