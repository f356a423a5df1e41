"""The demo as a person starts it: the program, its processes, the story."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from hyperhive.demo.model_message import AssistantMessage, ToolBlock
from hyperhive.demo.model_reply import reply
from hyperhive.demo.model_script import load_script
from hyperhive.demo.model_server import ModelServer
from hyperhive.demo.run import demo_hive
from hyperhive.system.installation import dashboard_dir, examples_dir

pytestmark = pytest.mark.skipif(
    not (dashboard_dir() / "vendor").is_dir(), reason="the dashboard's modules are missing: run `make vendor`"
)


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hyperhive", "demo", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def processes_that_mention(text: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if text in command and path.parent.name != str(os.getpid()):
            found.append(command)
    return found


async def test_once_plays_the_whole_story_and_prints_what_happened(tmp_path: Path) -> None:
    process = await start("--once", "--json", "--state-dir", str(tmp_path / "demo"))
    stdout, stderr = await process.communicate()
    summary = json.loads(stdout)
    seconds, turns = summary.pop("seconds"), summary.pop("turns")
    assert summary == {
        "ok": True,
        "messages": 8,
        "recipient_denied": 1,
        "bash_denied": 1,
        "extra_mcp_calls": 3,
        "questions_answered": 1,
    }, stderr.decode()
    assert 0 < seconds < 120
    # The manager gets the two reports in one turn or in two.
    assert turns in {5, 6}
    assert process.returncode == 0
    prices = (tmp_path / "demo/agents/wren/state/prices.csv").read_text()
    assert prices == "linden,12.50\nheather,14.00\nwildflower,11.00\n"
    assert processes_that_mention(str(tmp_path)) == []


async def test_without_once_it_prints_a_login_link_and_ends_at_a_signal(tmp_path: Path) -> None:
    process = await start("--port", "0", "--state-dir", str(tmp_path / "demo"))
    assert process.stderr is not None
    async with asyncio.timeout(60):
        first = (await process.stderr.readline()).decode()
        while b"operator -> manager" not in await process.stderr.readline():
            pass
    assert "http://127.0.0.1:" in first
    assert "/?token=" in first
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        await process.communicate()
    assert process.returncode == 0
    assert processes_that_mention(str(tmp_path)) == []


def test_the_manager_passes_both_reports_on_when_they_wait_together() -> None:
    script = load_script(examples_dir() / "demo" / "model.toml")
    prompt = "[#6] from wren at noon\n| Raised.\n\n[#7] from atlas at noon\n| Oak Ridge."
    tools = [{"name": "mcp__hyperhive__send"}]
    messages: list[Any] = [{"role": "user", "content": prompt}]
    bodies = []
    for step in range(2):
        request = {"messages": messages, "tools": tools, "model": "m", "max_tokens": 9, "stream": True}
        answer, _counters = reply(script, "manager", request)
        assert isinstance(answer, AssistantMessage)
        (call,) = [block for block in answer.blocks if isinstance(block, ToolBlock)]
        bodies.append(call.input["body"])
        used = {"type": "tool_use", "id": f"call-{step}", "name": call.name, "input": call.input}
        messages.append({"role": "assistant", "content": [used]})
        done = {"type": "tool_result", "tool_use_id": f"call-{step}", "content": "queued"}
        messages.append({"role": "user", "content": [done]})
    assert bodies == ["wren: Raised.", "atlas: Oak Ridge."]


async def test_the_demo_changes_the_model_and_the_port_of_an_ordinary_hive_and_nothing_else(
    tmp_path: Path,
) -> None:
    model = ModelServer(load_script(examples_dir() / "demo" / "model.toml"))
    await model.start()
    hive = demo_hive(tmp_path, 0, model)
    address = model.base_url("atlas")
    await model.stop()
    assert set(hive.harnesses) == {"manager", "atlas", "wren"}
    assert hive.broker.listen.port == 0
    assert hive.harnesses["atlas"].claude.env["ANTHROPIC_BASE_URL"] == address
    assert hive.broker.agents["atlas"].mcp_servers["harvest"].allowed_tools == ["tables", "query"]
