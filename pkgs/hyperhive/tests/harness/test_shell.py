"""The shell of a terminal: no secret in its environment, and a `claude` that is the agent's own."""

import json
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hyperhive.config import HarnessConfig
from hyperhive.harness.options import PASSED_ENVIRONMENT
from hyperhive.harness.shell import ManualSession, shell_command, shell_environment
from tests.conftest import agent_config
from tests.harness.conftest import MakeHive
from tests.harness.test_main import end, start
from tests.terminal_window import Window


def config(**claude: Any) -> HarnessConfig:
    return HarnessConfig.model_validate(
        {
            "agent": agent_config("alice", credentials={"CLAUDE_CODE_OAUTH_TOKEN": "claude"}),
            "socket": "/nowhere/broker.sock",
            "state_dir": "/nowhere/state",
            "operator": {"pronouns": "they/them", "password_credential": None},
            "claude": {"cli": "/bin/echo", "home": "/nowhere/home", "env": {}} | claude,
        }
    )


def said(environment: dict[str, str], line: str) -> str:
    """What a line prints in such a shell."""
    command = [*shell_command(), "-c", line]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.strip()


def test_no_secret_is_in_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "claude").write_text("the token\n")
    monkeypatch.setenv("CLAUDE_CODE_OAUTH_TOKEN", "the token")
    monkeypatch.setenv("AWS_SECRET", "another")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    environment = shell_environment(config(), ManualSession(credentials=tmp_path))
    assert "the token" not in " ".join(environment.values())
    assert set(environment) - PASSED_ENVIRONMENT == {"HOME", "COLORTERM", "BASH_FUNC_claude%%"}
    assert environment["HTTPS_PROXY"] == "http://proxy:1"
    assert environment["HOME"] == "/nowhere/home"


def test_claude_gets_the_credential_when_it_is_called_and_the_shell_never(tmp_path: Path) -> None:
    (tmp_path / "claude").write_text("the token\n")
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\necho "[$CLAUDE_CODE_OAUTH_TOKEN] [$HOME] [$A]"; printf "<%s>\\n" "$@"\n')
    program.chmod(0o700)
    awkward = "it's $HOME; `x`"
    environment = shell_environment(
        config(cli=str(program), env={"A": awkward}), ManualSession(Path("/etc/hive.json"), tmp_path)
    )
    lines = said(environment, "claude -p 'two words'; echo \"[$CLAUDE_CODE_OAUTH_TOKEN$A]\"").splitlines()
    assert lines[0] == f"[the token] [/nowhere/home] [{awkward}]"
    assert lines[1] == "<--mcp-config>"
    assert '"mcp", "--config", "/etc/hive.json"' in lines[2]
    assert lines[3] == "<--settings>"
    hook = f"timeout 30 {sys.executable} -P -m hyperhive tool-hook --config /etc/hive.json || exit 2"
    assert json.dumps(hook) in lines[4]
    assert lines[5:] == ["<--strict-mcp-config>", "<--setting-sources=>", "<-p>", "<two words>", "[]"]


async def test_claude_in_the_terminal_of_a_harness_is_the_agent_with_the_tools_of_the_hive(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive('default_text = "a word by hand"', alice={})
    process = await start(hive, "alice")
    assert hive.model is not None
    async with AsyncExitStack() as stack:
        connector = aiohttp.UnixConnector(path=f"{hive.config.runtime_dir}/admin.sock")
        client = await stack.enter_async_context(aiohttp.ClientSession("http://admin", connector=connector))
        path = "/api/agents/alice/terminals"
        async with client.post(path, json={"cols": 200, "rows": 24}) as response:
            view = await response.json()
            assert response.status == 200, view
        window = await Window.open(client, f"{path}/{view['id']}", stack)
        await window.type("claude -p 'say something'; echo code''=$?\r")
        await window.until("code=0")
        assert "a word by hand" in window.shown()
        assert await end(process) == 0
    asked = [request for request in hive.model.requests if not request.side]
    assert "mcp__hyperhive__send" in asked[-1].tools
