"""A `PreToolUse` hook that sees every tool call and refuses what the policy does not allow.

It fails closed: an exception, a time-out or a tool nobody listed is a refusal.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Literal

from claude_agent_sdk import HookContext, HookInput, HookJSONOutput, HookMatcher
from claude_agent_sdk.types import PreToolUseHookSpecificOutput

from hyperhive.config import AgentConfig
from hyperhive.domain.bash import Verdict, judge

log = logging.getLogger(__name__)

#: Seconds a command line may take to be judged before it is refused.
JUDGE_LIMIT: Final = 2.0
#: Seconds Claude Code waits for the hook; it blocks the call when they are over.
HOOK_LIMIT: Final = 30.0

#: Built-in tools that write the file they are given.
WRITING_TOOLS: Final = frozenset({"Edit", "MultiEdit", "NotebookEdit", "Write"})

#: Called with tool, input, rule and reason.
OnRefusal = Callable[[str, dict[str, Any], str, str], None]


class ToolHook:
    def __init__(
        self, agent: AgentConfig, home: Path, own_tools: frozenset[str], on_refusal: OnRefusal
    ) -> None:
        """Allow `own_tools` (full names), the agent's built-in tools and its MCP servers' `allowed_tools`."""
        self._agent = agent
        # Of Claude Code. No file tool may write there: Bash reads its start-up files from it.
        self._home = home
        self._own = own_tools
        self._on_refusal = on_refusal

    def hooks(self) -> list[HookMatcher]:
        """What to register for `PreToolUse`: every tool."""
        matcher = HookMatcher(matcher=None, hooks=[self.check], timeout=HOOK_LIMIT)
        if "on_failure" in {field.name for field in fields(HookMatcher)}:
            # Releases of the SDK before it run the tool when a callback fails; `check` never does.
            matcher.on_failure = "block"
        return [matcher]

    async def check(
        self, event: HookInput, _tool_use_id: str | None, _context: HookContext
    ) -> HookJSONOutput:
        """The hook itself. It never raises: a failure inside it is a refusal."""
        tool = ""
        given: dict[str, Any] = {}
        try:
            tool = str(event["tool_name"])  # type: ignore[typeddict-item]  # only PreToolUse is registered
            given = dict(event["tool_input"])  # type: ignore[typeddict-item]  # as above
            rule, reason = await self._decide(tool, given)
        except Exception:
            # The boundary that must fail closed: whatever went wrong, the call does not run.
            log.exception("the tool hook failed on %s", tool or event)
            rule, reason = "gate_failed", "the call could not be checked, so it is refused"
        if reason is None:
            return _answer("allow", f"hyperhive: {rule}")
        self._on_refusal(tool, given, rule, reason)
        return _answer("deny", f"hyperhive refused this ({rule}): {reason}")

    async def _decide(self, tool: str, given: dict[str, Any]) -> tuple[str, str | None]:
        """The rule that decides, and the reason when it refuses."""
        if tool in self._own:
            return "hyperhive_tool", None
        if tool.startswith("mcp__"):
            return self._decide_mcp(tool)
        if tool not in self._agent.tools or (tool == "Bash" and self._agent.bash == []):
            return "tool_not_listed", f"{tool} is not among the tools of {self._agent.name}"
        if tool in WRITING_TOOLS and await asyncio.to_thread(self._in_home, given):
            return "home_protected", f"{tool} may not write below Claude Code's home {self._home}"
        return await self._decide_bash(given) if tool == "Bash" else ("built_in_tool", None)

    async def _decide_bash(self, given: dict[str, Any]) -> tuple[str, str | None]:
        if given.get("run_in_background"):
            return "background", "commands in the background are off; run it in the foreground"
        verdict = await self._judge(str(given["command"]))
        return verdict.rule, None if verdict.allowed else verdict.reason

    def _in_home(self, given: dict[str, Any]) -> bool:
        path = Path(str(given.get("file_path") or given["notebook_path"])).expanduser()
        return path.resolve().is_relative_to(self._home.resolve())

    def _decide_mcp(self, tool: str) -> tuple[str, str | None]:
        for server, config in self._agent.mcp_servers.items():
            prefix = f"mcp__{server}__"
            allowed = config.allowed_tools
            if tool.startswith(prefix) and ("*" in allowed or tool.removeprefix(prefix) in allowed):
                return "mcp_tool", None
        return "mcp_tool_not_allowed", f"{tool} is not among the allowed tools of an MCP server"

    async def _judge(self, command: str) -> Verdict:
        async with asyncio.timeout(JUDGE_LIMIT):
            return await asyncio.to_thread(judge, command, self._agent.bash)


def _answer(decision: Literal["allow", "deny"], reason: str) -> HookJSONOutput:
    output: PreToolUseHookSpecificOutput = {
        "hookEventName": "PreToolUse",
        "permissionDecision": decision,
        "permissionDecisionReason": reason,
    }
    return {"hookSpecificOutput": output}
