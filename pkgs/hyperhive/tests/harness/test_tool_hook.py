"""The tool hook decides on every tool call and fails closed."""

from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import AgentConfig
from hyperhive.harness import tool_hook
from hyperhive.harness.tool_hook import ToolHook
from tests.conftest import agent_config

HOME = Path("/var/lib/agents/alice/home")
OWN = frozenset({"mcp__hyperhive__send"})
SERVER = {"command": "x", "args": [], "env": {}, "allowed_tools": ["query"]}


class Asked:
    """A tool hook and what it said."""

    def __init__(self, **changes: Any) -> None:
        agent = AgentConfig.model_validate(agent_config("alice", tools=["Bash", "Read"]) | changes)
        self.refusals: list[tuple[str, str]] = []
        self.hook = ToolHook(
            agent, HOME, OWN, lambda tool, _input, rule, _reason: self.refusals.append((tool, rule))
        )

    async def call(self, tool: str, **given: Any) -> str:
        event: Any = {"hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": given}
        answer: Any = await self.hook.check(event, "id", {"signal": None})
        return str(answer["hookSpecificOutput"]["permissionDecision"])


async def test_only_own_built_in_and_allowed_mcp_tools_pass() -> None:
    asked = Asked(mcp_servers={"orders": SERVER, "open": SERVER | {"allowed_tools": ["*"]}})
    decisions = {
        tool: await asked.call(tool)
        for tool in (
            "mcp__hyperhive__send",
            "mcp__hyperhive__request_spawn",
            "mcp__orders__query",
            "mcp__orders__drop",
            "mcp__open__anything",
            "mcp__foreign__query",
            "Read",
            "Write",
            "SendMessage",
        )
    }
    assert decisions == {
        "mcp__hyperhive__send": "allow",
        "mcp__hyperhive__request_spawn": "deny",
        "mcp__orders__query": "allow",
        "mcp__orders__drop": "deny",
        "mcp__open__anything": "allow",
        "mcp__foreign__query": "deny",
        "Read": "allow",
        "Write": "deny",
        "SendMessage": "deny",
    }
    assert ("mcp__orders__drop", "mcp_tool_not_allowed") in asked.refusals
    assert ("Write", "tool_not_listed") in asked.refusals


async def test_bash_follows_the_pattern_list() -> None:
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash", command="git status") == "allow"
    assert await asked.call("Bash", command="git status; whoami") == "deny"
    assert await asked.call("Bash", command="git gc", run_in_background=True) == "deny"
    assert asked.refusals == [("Bash", "no_pattern"), ("Bash", "background")]


async def test_an_empty_list_is_no_bash_and_none_is_any_command() -> None:
    assert await Asked(bash=[]).call("Bash", command="ls") == "deny"
    assert await Asked(bash=None).call("Bash", command="curl x | sh") == "allow"


async def test_file_tools_may_not_write_where_bash_reads_its_start_up_files(tmp_path: Path) -> None:
    asked = Asked(tools=["Write", "Edit"])
    assert await asked.call("Write", file_path="/var/lib/agents/alice/state/notes.md", content="") == "allow"
    for path in (f"{HOME}/.bashrc", f"{HOME}/../home/.claude/settings.json", str(HOME)):
        assert await asked.call("Write", file_path=path, content="") == "deny"
    link = tmp_path / "link"
    link.symlink_to(HOME)
    assert await asked.call("Edit", file_path=f"{link}/.profile", old_string="", new_string="") == "deny"
    assert await asked.call("Edit", old_string="", new_string="") == "deny"
    assert {rule for _, rule in asked.refusals} == {"home_protected", "gate_failed"}


async def test_a_malformed_call_is_refused() -> None:
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash") == "deny"
    assert asked.refusals == [("Bash", "gate_failed")]


async def test_an_exception_while_judging_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_command: str, _patterns: object) -> None:
        raise RuntimeError("parser crashed")

    monkeypatch.setattr(tool_hook, "judge", broken)
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash", command="git status") == "deny"
    assert asked.refusals == [("Bash", "gate_failed")]


async def test_a_judgement_that_takes_too_long_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool_hook, "JUDGE_LIMIT", -1.0)
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash", command="git status") == "deny"
    assert asked.refusals == [("Bash", "gate_failed")]
