"""How Claude Code is started: one place that builds its options, with every side door closed."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from claude_agent_sdk import ClaudeAgentOptions, McpSdkServerConfig
from mcp.server import Server

from hyperhive.config import HarnessConfig
from hyperhive.harness.api_log import LOG_ARGUMENTS, LOG_ENVIRONMENT
from hyperhive.harness.gate import RENAMED
from hyperhive.harness.tool_hook import ToolHook
from hyperhive.protocol.mcp_names import allow_rules

#: Built-in tools that would go around the broker, leave the turn or ask a person who is not there.
CLOSED_TOOLS: Final = (
    "Agent", "AskUserQuestion", "CronCreate", "CronDelete", "CronList", "EnterPlanMode", "EnterWorktree",
    "ExitPlanMode", "ExitWorktree", "KillShell", "ListAgents", "Monitor", "RemoteTrigger", "ScheduleWakeup",
    "SendMessage", "SendUserMessage", "Skill", "SlashCommand", "Task", "TaskCreate", "TaskOutput", "TaskStop",
    "TeamCreate", "TeamDelete", "Workflow",
)  # fmt: skip

#: Environment that keeps Claude Code quiet: no updates, telemetry, background work or memory of its own;
#: and no `@path` in a mail's body makes it read a file.
QUIET_ENVIRONMENT: Final = {
    "CLAUDE_CODE_DISABLE_ATTACHMENTS": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_CRON": "1",
    "CLAUDE_CODE_DISABLE_FILE_MENTIONS": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CLAUDE_CODE_DISABLE_TERMINAL_TITLE": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "ENABLE_TOOL_SEARCH": "false",
    # Weeks: the limit of a call is ours, and only we hear of its progress.
    "CLAUDE_CODE_SDK_MCP_TOOL_IDLE_TIMEOUT": "2000000000",
    "MCP_TOOL_TIMEOUT": "2000000000",
}

#: Credentials of those who are no subscribers.
_KEYS: Final = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN")

#: Variables of the harness's own environment that Claude Code, Bash and MCP servers may see.
PASSED_ENVIRONMENT: Final = frozenset({
    "HTTPS_PROXY", "HTTP_PROXY", "LANG", "LC_ALL", "NIX_SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "NO_PROXY",
    "PATH", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TERM", "TMPDIR", "TZ", "USER", "http_proxy",
    "https_proxy", "no_proxy",
})  # fmt: skip


def claude_environment(config: HarnessConfig, credentials: Mapping[str, str]) -> dict[str, str]:
    """What Claude Code's environment has beyond the harness's own, which `main` has pruned.

    The shell is bash whatever the operator's own is: the tool hook judges lines as bash reads them, and zsh
    runs code where bash sees a plain word.
    """
    bash = shutil.which("bash") or "/bin/bash"
    given = {**config.claude.env, **credentials}
    # Claude Code tells a subscriber when a limit ends. With a key it keeps a long `Retry-After` to itself,
    # unless it is to wait for as long as the API asks for: then it says so, up to six hours, and the
    # transcript ends the wait. Its log has the whole truth, but no form that anybody promised.
    waits = {"CLAUDE_CODE_RETRY_WATCHDOG": "1"} if any(map(given.get, _KEYS)) else {}
    return {
        **QUIET_ENVIRONMENT,
        **LOG_ENVIRONMENT,
        **waits,
        "HOME": config.claude.home,
        **given,
        "SHELL": bash,
        "CLAUDE_CODE_SHELL": bash,
        # The hook of the managed settings leaves what this process starts to the tool hook of the session.
        "HYPERHIVE_HARNESS": str(os.getpid()),
    }


def session_options(
    config: HarnessConfig,
    *,
    prompt: str,
    model: str,
    tool_hook: ToolHook,
    own_tools: list[str],
    servers: Mapping[str, Server[object, object]],
    credentials: Mapping[str, str],
    resume: str | None,
    on_stderr: Callable[[str], None],
) -> ClaudeAgentOptions:
    """Options of a session: exactly the configured tools, `dontAsk`, no settings files, no foreign MCP."""
    agent = config.agent
    built_in = [tool for tool in agent.tools if tool != "Bash" or agent.bash != []]
    current = {RENAMED.get(tool, tool) for tool in built_in}
    return ClaudeAgentOptions(
        system_prompt=prompt,
        model=model,
        cwd=Path(config.state_dir),
        cli_path=config.claude.cli,
        env=claude_environment(config, credentials),
        tools=built_in,
        allowed_tools=_allow_rules(config, built_in, own_tools),
        disallowed_tools=[tool for tool in CLOSED_TOOLS if RENAMED.get(tool, tool) not in current],
        permission_mode="dontAsk",
        setting_sources=[],
        skills=[],
        strict_mcp_config=True,
        mcp_servers={
            name: McpSdkServerConfig(type="sdk", name=name, instance=server)
            for name, server in servers.items()
        },
        hooks={"PreToolUse": tool_hook.hooks()},
        resume=resume,
        # Only the parts of an answer tell a model that writes for long from one that hangs.
        include_partial_messages=True,
        stderr=on_stderr,
        extra_args=dict(LOG_ARGUMENTS),
        max_buffer_size=32 * 1024 * 1024,
    )


def _allow_rules(config: HarnessConfig, built_in: list[str], own_tools: list[str]) -> list[str]:
    """Claude Code's own allow rules, the layer below the tool hook.

    There is none for Bash. What the hook allows runs without one, and with one Claude Code asks for commands
    in the background.
    """
    rules = [tool for tool in built_in if tool != "Bash"]
    rules += own_tools
    return rules + allow_rules(
        {name: server.allowed_tools for name, server in config.agent.mcp_servers.items()}
    )
