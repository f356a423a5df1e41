"""The gate as a `PreToolUse` hook of the harness's own session, which tells what it refused and changed."""

import logging
from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final, cast

from claude_agent_sdk import HookContext, HookInput, HookJSONOutput, HookMatcher

from hyperhive.domain.bash import differs
from hyperhive.harness.gate import Decision, Gate
from hyperhive.text import shown

log = logging.getLogger(__name__)

#: Seconds Claude Code waits for the hook; it blocks the call when they are over.
HOOK_LIMIT: Final = 30.0

#: Called with tool, input, rule and reason.
OnRefusal = Callable[[str, dict[str, Any], str, str], None]
#: Called with the id of a call and the line that runs, where it is another than the one that was given.
OnChange = Callable[[str, str], None]


class ToolHook:
    def __init__(self, gate: Gate, on_refusal: OnRefusal, on_change: OnChange) -> None:
        self._gate = gate
        self._on_refusal = on_refusal
        self._on_change = on_change

    def hooks(self) -> list[HookMatcher]:
        """What to register for `PreToolUse`: every tool."""
        matcher = HookMatcher(matcher=None, hooks=[self.check], timeout=HOOK_LIMIT)
        if "on_failure" in {field.name for field in fields(HookMatcher)}:
            # Releases of the SDK before it run the tool when a callback fails; `check` never does.
            matcher.on_failure = "block"
        return [matcher]

    async def check(self, event: HookInput, tool_use_id: str | None, _context: HookContext) -> HookJSONOutput:
        """The hook itself. It never raises: older SDKs would run the tool."""
        call = cast("dict[str, Any]", event)
        decision = await self._gate.decide(call)
        try:
            self._tell(call, str(tool_use_id), decision)
        except Exception:
            log.exception("the log does not say what became of %s", shown(call))
        return cast("HookJSONOutput", decision.answer(call))

    def _tell(self, call: dict[str, Any], tool_use_id: str, decision: Decision) -> None:
        given = call["tool_input"]
        if decision.refusal is not None:
            self._on_refusal(call["tool_name"], given, decision.rule, decision.refusal)
        elif decision.runs is not None and differs(given["command"], decision.runs):
            self._on_change(tool_use_id, decision.runs)
