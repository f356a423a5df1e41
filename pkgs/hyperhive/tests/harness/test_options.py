"""Claude Code is started with exactly what the policy gives and every side door closed."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import HarnessConfig
from hyperhive.harness import main as main_module
from hyperhive.harness.gate import Gate
from hyperhive.harness.options import CLOSED_TOOLS, session_options
from hyperhive.harness.tool_hook import ToolHook
from tests.conftest import agent_config, mcp_server


def options(**agent: Any) -> Any:
    config = HarnessConfig.model_validate(
        {
            "agent": agent_config("alice", tools=["Bash", "Read"]) | agent,
            "socket": "/s",
            "state_dir": "/state",
            "operator": {"pronouns": "they/them", "password_credential": None},
            "claude": {"cli": None, "home": "/home/alice", "env": {"EXTRA": "1"}},
        }
    )
    return session_options(
        config,
        prompt="p",
        model="m",
        tool_hook=ToolHook(Gate(config), lambda *_: None, lambda *_: None),
        own_tools=["mcp__hyperhive__send"],
        servers={},
        credentials={"ANTHROPIC_API_KEY": "k"},
        resume=None,
        on_stderr=lambda _line: None,
    )


def test_nothing_is_loaded_from_settings_and_nothing_is_asked() -> None:
    chosen = options()
    assert (chosen.setting_sources, chosen.skills, chosen.strict_mcp_config) == ([], [], True)
    assert chosen.permission_mode == "dontAsk"
    assert set(CLOSED_TOOLS) <= set(chosen.disallowed_tools)
    assert chosen.hooks["PreToolUse"][0].matcher is None


def test_a_tool_is_not_closed_under_its_old_name() -> None:
    chosen = options(tools=["Read", "Agent"])
    assert set(CLOSED_TOOLS) - set(chosen.disallowed_tools) == {"Agent", "Task"}


def test_bash_is_offered_and_only_the_tool_hook_allows_a_command() -> None:
    for bash in (["git *"], None):
        assert options(bash=bash).tools == ["Bash", "Read"]
        assert options(bash=bash).allowed_tools == ["Read", "mcp__hyperhive__send"]
    assert options(bash=[]).tools == ["Read"]


def test_mcp_rules_name_the_allowed_tools() -> None:
    assert options(mcp_servers={"o": mcp_server("query")}).allowed_tools[-1] == "mcp__o__query"
    assert options(mcp_servers={"o": mcp_server("*")}).allowed_tools[-1] == "mcp__o"


def test_the_environment_has_the_agents_home_and_credentials_and_no_attachments() -> None:
    env = options().env
    assert (env["HOME"], env["EXTRA"], env["ANTHROPIC_API_KEY"]) == ("/home/alice", "1", "k")
    assert env["CLAUDE_CODE_DISABLE_ATTACHMENTS"] == "1"


def test_commands_run_in_bash_whatever_the_operators_shell_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/zsh")
    env = options().env
    assert Path(env["SHELL"]).name == Path(env["CLAUDE_CODE_SHELL"]).name == "bash"


def test_the_harness_forgets_what_claude_code_must_not_inherit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        os, "environ", {"PATH": "/bin", "ANTHROPIC_API_KEY": "k", "CREDENTIALS_DIRECTORY": "/c"}
    )
    main_module.prune_environment()
    assert os.environ == {"PATH": f"/bin:{Path(sys.executable).parent}"}
