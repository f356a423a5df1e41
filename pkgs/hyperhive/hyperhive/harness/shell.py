"""The shell of a terminal: bash with a clean environment, and a `claude` that is the agent's own."""

import json
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.config import HarnessConfig
from hyperhive.harness.options import PASSED_ENVIRONMENT
from hyperhive.system.installation import bundled_claude

_TERMINAL: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
#: The program is the agent's and does not update itself; the few tools of the hive are always on offer.
_CLAUDE: Final = {"DISABLE_AUTOUPDATER": "1", "ENABLE_TOOL_SEARCH": "false"}
#: In a container, the list of servers with the hive's own tools.
_MCP_FILE: Final = Path("/etc/hyperhive/mcp.json")
#: Seconds that the gate may take to decide on a call.
GATE_LIMIT: Final = 30


@dataclass(frozen=True)
class ManualSession:
    """What a `claude` that the operator starts needs of the harness's own start."""

    #: The harness's configuration, for `hyperhive mcp` and `hyperhive tool-hook`.
    config_file: Path | None = None
    #: The directory of the secrets; they reach `claude` when it is called, nothing else.
    credentials: Path | None = None


def shell_command() -> list[str]:
    """A login shell: in a container it gets the system's own `PATH` from the profile."""
    return [shutil.which("bash") or "/bin/bash", "--login"]


def shell_environment(config: HarnessConfig, session: ManualSession) -> dict[str, str]:
    """The whole environment of a shell: no secret is in it."""
    passed = {name: value for name, value in os.environ.items() if name in PASSED_ENVIRONMENT}
    return {
        "LANG": "C.UTF-8",
        **passed,
        **_TERMINAL,
        "HOME": config.claude.home,
        "SHELL": shell_command()[0],
        # An exported function: a profile may set PATH anew, and `claude` is found all the same.
        "BASH_FUNC_claude%%": _claude_function(config, session),
    }


def _claude_function(config: HarnessConfig, session: ManualSession) -> str:
    """The agent's Claude Code with the hive's tools, and with nothing from settings lying about."""
    assignments = [
        f"{name}={shlex.quote(value)}"
        for name, value in {**_CLAUDE, **config.claude.env, "HOME": config.claude.home}.items()
    ]
    if session.credentials is not None:
        assignments += [
            f'{variable}="$(cat {shlex.quote(str(session.credentials / name))})"'
            for variable, name in config.agent.credentials.items()
        ]
    program = config.claude.cli or str(bundled_claude() or "claude")
    # The option of servers takes all that follows it, so it is not the last one.
    options = [*_session_options(session), "--strict-mcp-config", "--setting-sources="]
    return f'() {{ ( export {" ".join(assignments)}; exec {shlex.join([program, *options])} "$@" )\n}}'


def _session_options(session: ManualSession) -> list[str]:
    """The hive's own tools, and the gate, which in a container stands in the managed settings."""
    if _MCP_FILE.is_file():
        return ["--mcp-config", str(_MCP_FILE)]
    if session.config_file is None:
        return ["--mcp-config", json.dumps({"mcpServers": {}})]
    mcp, gate = (
        ["-P", "-m", "hyperhive", name, "--config", str(session.config_file)] for name in ("mcp", "tool-hook")
    )
    servers = {"hyperhive": {"command": sys.executable, "args": mcp}}
    # Claude Code runs the tool when a hook fails, or takes too long, with any other code than 2.
    command = f"timeout {GATE_LIMIT} {shlex.join([sys.executable, *gate])} || exit 2"
    hook = {"type": "command", "command": command, "timeout": 2 * GATE_LIMIT}
    return [
        *("--mcp-config", json.dumps({"mcpServers": servers})),
        *("--settings", json.dumps({"hooks": {"PreToolUse": [{"hooks": [hook]}]}})),
    ]
