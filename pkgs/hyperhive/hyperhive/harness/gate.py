"""The gate: decides about every tool call of the agent's Claude Code, and answers as a `PreToolUse` hook.

It fails closed: an exception, a time-out or a tool nobody listed is a refusal. It loads neither the SDK nor
`mcp`, because a `claude` that was started by hand starts a process of it for each call.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from hyperhive.config import HarnessConfig
from hyperhive.domain.bash import judge
from hyperhive.protocol.mcp_names import OWN_SERVER, allowed_in_session
from hyperhive.text import shown, sound

log = logging.getLogger(__name__)

#: Seconds a command line may take to be judged before it is refused.
JUDGE_LIMIT: Final = 2.0

#: Built-in tools that write the file they are given.
WRITING_TOOLS: Final = frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"})
#: Built-in tools by their old names: a rule about one is a rule about the other.
RENAMED: Final = {"KillShell": "TaskStop", "Task": "Agent"}
#: Of the server with hyperhive's own tools; it decides itself which ones the agent has.
OWN_TOOLS: Final = f"mcp__{OWN_SERVER}__"


@dataclass(frozen=True)
class Decision:
    #: The stable key of the rule that decides.
    rule: str
    #: Why the call is refused; None allows it.
    refusal: str | None = None
    #: What Bash is to run in the place of the line that was given.
    runs: str | None = None
    #: Whether the input was made sound: the tool is to get what was judged.
    mended: bool = False

    @property
    def reason(self) -> str:
        """One sentence for the model."""
        if self.refusal is None:
            return f"hyperhive: {self.rule}"
        return f"hyperhive refused this ({self.rule}): {self.refusal}"

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """What the hook prints for its input `event`, whatever that lacks where the call is refused."""
        said: dict[str, Any] = {
            "hookEventName": "PreToolUse",
            "permissionDecision": "allow" if self.refusal is None else "deny",
            "permissionDecisionReason": self.reason,
        }
        if self.runs is not None:
            said["updatedInput"] = {**event["tool_input"], "command": self.runs}
        elif self.mended and self.refusal is None:
            said["updatedInput"] = event["tool_input"]
        return {"hookSpecificOutput": said}


class Gate:
    def __init__(self, config: HarnessConfig) -> None:
        """Allow hyperhive's own tools, the agent's built-in tools and its MCP servers' `allowed_tools`."""
        self._agent = config.agent
        self._built_in = {RENAMED.get(tool, tool) for tool in config.agent.tools}
        # Of Claude Code. No file tool may write there: Bash reads its start-up files from it.
        self._home = Path(config.claude.home)
        self._directory = config.state_dir

    async def decide(self, event: Mapping[str, Any]) -> Decision:
        """Decide on a hook's input, whose texts are made sound in place.

        It never raises: a failure inside it is a refusal.
        """
        try:
            _, replaced = sound(event)
            decision = await self._decide(str(event["tool_name"]), event["tool_input"], event["cwd"])
            return replace(decision, mended=replaced > 0)
        except Exception:
            # The boundary that must fail closed: whatever went wrong, the call does not run.
            log.exception("the gate failed on %s", shown(event))
            return Decision("gate_failed", "the call could not be checked, so it is refused")

    async def _decide(self, tool: str, given: Mapping[str, Any], cwd: str) -> Decision:
        if tool.startswith(OWN_TOOLS):
            return Decision("hyperhive_tool")
        if tool.startswith("mcp__"):
            return self._decide_mcp(tool)
        listed = RENAMED.get(tool, tool) in self._built_in
        if not listed or (tool == "Bash" and self._agent.bash == []):
            return Decision("tool_not_listed", f"{tool:.100} is not among the tools of {self._agent.name}")
        if tool in WRITING_TOOLS and await asyncio.to_thread(self._in_home, given):
            reason = f"{tool} may not write below Claude Code's home {self._home}"
            return Decision("home_protected", reason)
        return await self._decide_bash(given, cwd) if tool == "Bash" else Decision("built_in_tool")

    async def _decide_bash(self, given: Mapping[str, Any], cwd: str) -> Decision:
        if given.get("run_in_background"):
            return Decision("background", "commands in the background are off; run it in the foreground")
        async with asyncio.timeout(JUDGE_LIMIT):
            verdict = await asyncio.to_thread(
                judge, str(given["command"]), self._agent.bash, directory=self._directory, cwd=cwd
            )
        if not verdict.allowed:
            return Decision(verdict.rule, verdict.reason)
        if self._agent.bash is None:
            return Decision(verdict.rule)
        if verdict.runs is None:
            raise ValueError("a line was allowed, but not printed")
        return Decision(verdict.rule, runs=verdict.runs)

    def _in_home(self, given: Mapping[str, Any]) -> bool:
        path = Path(str(given.get("file_path") or given["notebook_path"])).expanduser()
        return path.resolve().is_relative_to(self._home.resolve())

    def _decide_mcp(self, tool: str) -> Decision:
        allowed = {name: server.allowed_tools for name, server in self._agent.mcp_servers.items()}
        if allowed_in_session(tool, allowed):
            return Decision("mcp_tool")
        reason = f"{tool:.100} is not among the allowed tools of an MCP server"
        return Decision("mcp_tool_not_allowed", reason)
