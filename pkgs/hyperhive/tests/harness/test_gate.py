"""The gate decides on every tool call and fails closed; the tool hook tells what it refused and changed."""

from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import HarnessConfig
from hyperhive.harness import gate
from hyperhive.harness.gate import Gate
from hyperhive.harness.tool_hook import ToolHook
from tests.conftest import agent_config, mcp_server

HOME = Path("/var/lib/agents/alice/home")
STATE = "/var/lib/agents/alice/state"


class Asked:
    """A tool hook and what it told."""

    def __init__(self, **changes: Any) -> None:
        config = HarnessConfig.model_validate(
            {
                "agent": agent_config("alice", tools=["Bash", "Read"]) | changes,
                "socket": "/s",
                "state_dir": STATE,
                "operator": {"pronouns": "they/them", "password_credential": None},
                "claude": {"cli": None, "home": str(HOME), "env": {}},
            }
        )
        self.refusals: list[tuple[str, str]] = []
        self.changes: list[tuple[str, str]] = []
        self.hook = ToolHook(Gate(config), self._refused, lambda *change: self.changes.append(change))

    def _refused(self, tool: str, _input: object, rule: str, _reason: str) -> None:
        self.refusals.append((tool, rule))

    async def answer(self, tool: str, given: dict[str, Any], cwd: str = STATE) -> dict[str, Any]:
        event: Any = {"hook_event_name": "PreToolUse", "tool_name": tool, "tool_input": given, "cwd": cwd}
        answer: Any = await self.hook.check(event, "u1", {"signal": None})
        said: dict[str, Any] = answer["hookSpecificOutput"]
        return said

    async def call(self, tool: str, **given: Any) -> str:
        return str((await self.answer(tool, given))["permissionDecision"])


async def test_only_own_built_in_and_allowed_mcp_tools_pass() -> None:
    asked = Asked(mcp_servers={"orders": mcp_server("query"), "open": mcp_server("*")})
    decisions = {
        tool: await asked.call(tool)
        for tool in (
            "mcp__hyperhive__send",
            "mcp__hyperhivex__send",
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
        "mcp__hyperhivex__send": "deny",
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


async def test_an_agent_whose_list_of_commands_is_empty_has_no_bash_and_all_its_other_tools() -> None:
    asked = Asked(bash=[])
    assert [await asked.call("Bash", command="git status"), await asked.call("Read")] == ["deny", "allow"]
    assert asked.refusals == [("Bash", "tool_not_listed")]


@pytest.mark.parametrize("configured", ["Task", "Agent"])
async def test_a_tool_is_listed_by_its_old_name_and_by_its_new_one(configured: str) -> None:
    asked = Asked(tools=[configured])
    assert [await asked.call(tool) for tool in ("Task", "Agent", "TaskStop")] == ["allow", "allow", "deny"]


async def test_bash_follows_the_pattern_list() -> None:
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash", command="git status") == "allow"
    assert await asked.call("Bash", command="git status; whoami") == "deny"
    assert await asked.call("Bash", command="git gc", run_in_background=True) == "deny"
    assert asked.refusals == [("Bash", "no_pattern"), ("Bash", "background")]


async def test_bash_gets_the_printed_line_and_the_rest_of_the_input_as_it_was() -> None:
    asked = Asked(bash=["git *"])
    said = await asked.answer("Bash", {"command": "git log $'a\\tb'   # look", "description": "Look"})
    assert said["updatedInput"] == {"command": "git log 'a\tb'", "description": "Look"}
    spaced = await asked.answer("Bash", {"command": "git  status;git log"})
    assert spaced["updatedInput"] == {"command": "git status\ngit log"}
    assert asked.changes == [("u1", "git log 'a\tb'")]


async def test_a_relative_program_is_refused_where_the_call_does_not_start_in_the_state_directory() -> None:
    asked = Asked(bash=["./gradlew *"])
    for cwd, decision in {STATE: "allow", f"{STATE}/sub": "deny"}.items():
        said = await asked.answer("Bash", {"command": "./gradlew x"}, cwd)
        assert said["permissionDecision"] == decision


async def test_an_empty_list_is_no_bash_and_none_is_any_command() -> None:
    assert await Asked(bash=[]).call("Bash", command="ls") == "deny"
    said = await Asked(bash=None).answer("Bash", {"command": "curl x | sh"})
    assert (said["permissionDecision"], "updatedInput" in said) == ("allow", False)


async def test_file_tools_may_not_write_where_bash_reads_its_start_up_files(tmp_path: Path) -> None:
    asked = Asked(tools=["Write", "Edit"])
    assert await asked.call("Write", file_path=f"{STATE}/notes.md", content="") == "allow"
    for path in (f"{HOME}/.bashrc", f"{HOME}/../home/.claude/settings.json", str(HOME)):
        assert await asked.call("Write", file_path=path, content="") == "deny"
    link = tmp_path / "link"
    link.symlink_to(HOME)
    assert await asked.call("Edit", file_path=f"{link}/.profile", old_string="", new_string="") == "deny"
    assert await asked.call("Edit", old_string="", new_string="") == "deny"
    assert {rule for _, rule in asked.refusals} == {"home_protected", "gate_failed"}


async def test_a_tool_gets_what_was_judged_where_half_a_character_was_replaced() -> None:
    asked = Asked(bash=None)
    for tool, given in (("Read", {"file_path": "/t/\ud83d"}), ("Bash", {"command": "echo \ud83d"})):
        said = await asked.answer(tool, given)
        assert (said["permissionDecision"], said["updatedInput"]) == ("allow", given)
        assert "\ufffd" in str(given)


async def test_a_malformed_call_is_refused() -> None:
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash") == "deny"
    assert asked.refusals == [("Bash", "gate_failed")]


@pytest.mark.parametrize("field", ["tool_name", "tool_input", "cwd"])
async def test_a_call_without_one_of_its_parts_is_refused_and_never_an_exception(field: str) -> None:
    call: Any = {"tool_name": "Bash", "tool_input": {"command": "git status"}, "cwd": STATE}
    del call[field]
    answer: Any = await Asked(bash=["git *"]).hook.check(call, "u1", {"signal": None})
    assert answer["hookSpecificOutput"]["permissionDecision"] == "deny"


@pytest.mark.parametrize("failure", [RuntimeError("parser crashed"), RecursionError(), MemoryError()])
async def test_an_exception_while_judging_is_a_refusal(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def broken(*_: object, **_options: object) -> None:
        raise failure

    monkeypatch.setattr(gate, "judge", broken)
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash", command="git status") == "deny"
    assert asked.refusals == [("Bash", "gate_failed")]


async def test_a_judgement_that_takes_too_long_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "JUDGE_LIMIT", -1.0)
    asked = Asked(bash=["git *"])
    assert await asked.call("Bash", command="git status") == "deny"
    assert asked.refusals == [("Bash", "gate_failed")]


async def test_a_log_that_fails_changes_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(bash=["git *"])
    monkeypatch.setattr(asked, "refusals", None)
    assert await asked.call("Bash", command="whoami") == "deny"
