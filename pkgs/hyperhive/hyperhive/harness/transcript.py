"""The transcript of one turn: Claude Code's messages become live events, and at the end a `Turn`."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from claude_agent_sdk import (
    AssistantMessage,
    Message,
    RateLimitEvent,
    ResultMessage,
    StreamEvent,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)

from hyperhive.domain.turns import Ending, Turn, Verdict, classify
from hyperhive.domain.usage import Usage
from hyperhive.protocol.events import (
    EventData,
    NewEvent,
    Note,
    Text,
    Thinking,
    Tokens,
    ToolRefusal,
    ToolResult,
    ToolUse,
    TurnEnd,
    TurnResult,
    TurnStart,
)
from hyperhive.text import replaced_note, sound

Emit = Callable[[NewEvent], None]
Clock = Callable[[], float]

#: By our names, the names that the API gives the kinds of tokens.
_KINDS: Final = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
}

#: Tries of one request, and seconds between two of them, after which a turn is given up to wait without it.
TRIES: Final = 10
LONGEST_WAIT: Final = 60.0
_RATE_LIMITED: Final = 429
#: Statuses for which Claude Code would wait as long as it is told to, or for ever.
_WAITS: Final = frozenset({_RATE_LIMITED, 503, 529})


class Transcript:
    def __init__(self, turn: str, emit: Emit, clock: Clock = time.time) -> None:
        self._turn: Final = turn
        self._emit = emit
        self._clock = clock
        self._started = clock()
        self._tools: Counter[str] = Counter()
        self._runs: dict[str, str] = {}
        self._context_used: int | None = None
        self._context_found: int | None = None
        self._model: str | None = None
        self._error_kind: str | None = None
        self._error_text = ""
        self._rate_limited = False
        self._resets_at: float | None = None
        #: When the API may be asked again, as the headers of its newest refusal say.
        self._limit_ends: float | None = None
        self._cancelled = False
        self._answered = False
        #: The newest answer has begun and has no content and no token yet.
        self._nothing = False
        self._delegated = False
        self._given_up: Verdict | None = None
        self._open: set[str] = set()
        #: How often the model, or the API in its place, said something.
        self.heard = 0
        #: Text of the newest message that had any.
        self.answer = ""

    def start(self, prompt: str, messages: list[int]) -> None:
        self._event(TurnStart(prompt=prompt, messages=messages))

    def refused(self, tool: str, given: dict[str, Any], rule: str, reason: str) -> None:
        self._event(ToolRefusal(tool=tool, input=given, rule=rule, reason=reason))

    def changed(self, call: str, runs: str) -> None:
        """Bash gets another line than the call with this id gave."""
        self._runs[call] = runs

    def limited(self, ends_at: float) -> None:
        """The API refused a request until then, in seconds since 1970."""
        self._limit_ends = ends_at

    def cancelled(self) -> None:
        """The operator cancelled: whatever the result says, the turn was not finished."""
        self._cancelled = True

    @property
    def busy(self) -> bool:
        """Whether a tool runs."""
        return bool(self._open)

    def silent(self, text: str) -> None:
        """The model has said nothing for a while, and no tool ran."""
        self._event(Note(level="warning", text=text, silent=True))

    def given_up(self, reason: str, result: TurnResult = TurnResult.FAILED) -> None:
        """Nobody waits for this turn any longer; that is not its prompt's fault."""
        self._given_up = Verdict(result, reason=reason)

    @property
    def is_given_up(self) -> bool:
        return self._given_up is not None

    def add(self, message: Message) -> None:
        """Take a message of Claude Code's; its texts are made sound in place, for all who read it."""
        if isinstance(message, StreamEvent):
            self._streamed(message)
            return
        _, replaced = sound(message)
        if replaced:
            self._event(Note(level="warning", text=f"in what Claude Code sent, {replaced_note(replaced)}"))
        # Of a subagent that only writes nothing but its prompt arrives.
        self._delegated |= getattr(message, "parent_tool_use_id", None) is not None
        match message:
            case AssistantMessage():
                self.heard += 1
                self._assistant(message)
            case UserMessage():
                self.heard += 1
                self._user(message)
            case RateLimitEvent(rate_limit_info=info):
                self._rate_limited = info.status == "rejected"
                if self._rate_limited and info.resets_at:
                    self._resets_at = float(info.resets_at)
            case SystemMessage(subtype="compact_boundary", data=data):
                self._compacted(data.get("compact_metadata") or {})
            case SystemMessage(subtype="api_retry", data=data):
                self._retried(data)
            case _:
                pass

    def end(self, result: ResultMessage, before: Usage, *, command: bool = False) -> Turn:
        """Close the turn with the session's result, whose cost and usage by model are running totals.

        `before` are those totals as far as earlier turns have them; `command` when the prompt was one of
        Claude Code itself, such as `/compact`.
        """
        used = Usage.read(result.total_cost_usd, result.model_usage).since(before)
        own, tokens = _split(used, result.usage or {})
        verdict = classify(
            Ending(
                is_error=result.is_error,
                cancelled=self._cancelled,
                error_kind=self._error_kind,
                api_status=getattr(result, "api_error_status", None),
                terminal_reason=getattr(result, "terminal_reason", None),
                rate_limited=self._rate_limited,
                error_text=self._error_text if self._error_kind else "",
                stop_reason=result.stop_reason,
                answered=self._answered and not self._nothing,
                output_tokens=0 if self._nothing else _count(result.usage or {}, "output_tokens"),
                command=command,
            )
        )
        if self._given_up is not None and not self._cancelled:
            verdict = self._given_up
        turn = Turn(
            result=verdict.result,
            error="" if verdict.result is TurnResult.OK else self._reason(result, verdict),
            by_prompt=verdict.by_prompt,
            cost_usd=used.cost_usd,
            tokens=Tokens.model_validate(tokens),
            subagent_tokens=Tokens.model_validate({kind: tokens[kind] - own[kind] for kind in tokens})
            if self._delegated
            else None,
            tools=dict(self._tools),
            context_used=self._context_used,
            context_found=self._context_found,
            context_max=_context_window(result, self._model),
            resets_at=self._resets_at or (self._limit_ends if self._told() > LONGEST_WAIT else None),
        )
        self._ended(turn)
        return turn

    def broken(self, error: str, *, by_prompt: bool = False) -> Turn:
        """Close the turn without a result: the session died or did not answer; its prompt can be why."""
        verdict = self._given_up or Verdict(TurnResult.FAILED, by_prompt, error)
        if self._cancelled:
            verdict = Verdict(TurnResult.CANCELLED, reason=verdict.reason)
        turn = Turn(
            result=verdict.result,
            error=verdict.reason,
            by_prompt=verdict.by_prompt,
            tools=dict(self._tools),
            resets_at=self._resets_at,
        )
        self._ended(turn)
        return turn

    def _assistant(self, message: AssistantMessage) -> None:
        if message.parent_tool_use_id is None:
            self._error_kind = message.error
            self._nothing = self._nothing and not message.content
            self._answered |= message.error is None and any(map(_is_visible, message.content))
            if message.usage and not message.error:
                self._model = message.model
                self._context_used = sum(
                    _count(message.usage, key)
                    for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
                )
                self._context_found = self._context_found or self._context_used
        texts = [block.text for block in message.content if isinstance(block, TextBlock)]
        if texts and message.parent_tool_use_id is None:
            self.answer = "".join(texts)
        for block in message.content:
            match block:
                case TextBlock(text=text) if text.strip():
                    if message.error and message.parent_tool_use_id is None:
                        self._error_text = text
                    self._event(Text(text=text))
                case ThinkingBlock(thinking=thinking) if thinking.strip():
                    self._event(Thinking(text=thinking))
                case ToolUseBlock(id=call, name=name, input=given):
                    self._tools[name] += 1
                    self._open.add(call)
                    self._event(ToolUse(id=call, name=name, input=given))
                case _:
                    pass

    def _streamed(self, message: StreamEvent) -> None:
        kind = str(message.event.get("type"))
        # Neither a ping nor the beginning of a message is an answer.
        self.heard += kind.startswith(("content_block", "message_delta"))
        if message.parent_tool_use_id is not None:
            return
        if kind == "message_start":
            self._nothing = True
        elif kind == "message_delta" and _count(message.event.get("usage") or {}, "output_tokens"):
            self._nothing = False

    def _user(self, message: UserMessage) -> None:
        blocks = [TextBlock(message.content)] if isinstance(message.content, str) else message.content
        for block in blocks:
            if isinstance(block, ToolResultBlock):
                self._tool_result(block)
            elif isinstance(block, TextBlock) and message.parent_tool_use_id is None:
                # The CLI asks the model to go on, as after an empty answer: what counts is what comes then.
                self._answered = False

    def _compacted(self, metadata: dict[str, Any]) -> None:
        before, after = _count(metadata, "pre_tokens"), _count(metadata, "post_tokens")
        sizes = f" from {before} to {after} tokens" if before and after else ""
        self._event(Note(text=f"the session was compacted{sizes}"))

    def _retried(self, data: dict[str, Any]) -> None:
        status, error = _count(data, "error_status"), data.get("error")
        self.heard += bool(status)
        answer = f"answered {status}" if status else "did not answer"
        reason = f" ({error[:60]})" if isinstance(error, str) and error else ""
        attempt, most = _count(data, "attempt"), min(_count(data, "max_retries"), TRIES)
        tries = f"try {attempt} of {most}"
        delay = data.get("retry_delay_ms")
        # Claude Code bounds what it is told, and does not understand all of it.
        seconds = self._told() or (delay / 1000 if isinstance(delay, int | float) and delay > 0 else 0.0)
        if status in _WAITS and (attempt > most or seconds > LONGEST_WAIT):
            self._park(f"the API {answer}{reason}", limited=status == _RATE_LIMITED, seconds=seconds)
            return
        text = f"the API {answer}{reason}, it is asked again: {tries}"
        self._event(Note(level="warning", text=text, retry=True))

    def _told(self) -> float:
        """Seconds for which the API is not to be asked, as it said itself."""
        return 0.0 if self._limit_ends is None else max(0.0, self._limit_ends - self._clock())

    def _park(self, text: str, *, limited: bool, seconds: float) -> None:
        """Give the turn up: the agent waits better than Claude Code, and its mail is not held meanwhile."""
        told = seconds > LONGEST_WAIT
        if told and self._resets_at is None:
            self._resets_at = self._clock() + seconds
        # An overload that says how long it takes is waited for as a limit is.
        self.given_up(text, TurnResult.RATE_LIMITED if limited or told else TurnResult.FAILED)

    def _tool_result(self, block: ToolResultBlock) -> None:
        text = block.content if isinstance(block.content, str) else _blocks_text(block.content or [])
        runs = self._runs.pop(block.tool_use_id, "")
        self._open.discard(block.tool_use_id)
        self._event(ToolResult(id=block.tool_use_id, is_error=bool(block.is_error), text=text, runs=runs))

    def _reason(self, result: ResultMessage, verdict: Verdict) -> str:
        """What the verdict says, then the CLI's own words; a model's text is none of them."""
        failed = result.is_error or self._error_kind
        words = [self._error_text, result.result or "", *(getattr(result, "errors", None) or [])]
        said = next((word for word in words if word.strip()), "") if failed else ""
        return (": ".join(filter(None, (verdict.reason, said))) or result.subtype)[:500]

    def _ended(self, turn: Turn) -> None:
        end = TurnEnd(
            result=turn.result,
            error=turn.error,
            duration_ms=round((self._clock() - self._started) * 1000),
            tool_calls=sum(turn.tools.values()),
            tools=turn.tools,
            cost_usd=turn.cost_usd,
            tokens=turn.tokens,
            subagent_tokens=turn.subagent_tokens,
            context_used=turn.context_used,
            context_max=turn.context_max,
        )
        self._event(end)

    def _event(self, data: EventData) -> None:
        self._emit(NewEvent(ts=self._clock(), turn=self._turn, data=data))


def _is_visible(block: object) -> bool:
    return isinstance(block, ToolUseBlock) or (isinstance(block, TextBlock) and bool(block.text.strip()))


def _blocks_text(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(
        str(block["text"]) if block.get("type") == "text" else f"({block.get('type')})" for block in blocks
    )


def _count(usage: dict[str, Any], key: str) -> int:
    value = usage.get(key)
    return value if isinstance(value, int) else 0


def _split(used: Usage, usage: dict[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Tokens by kind: of the turn's main conversation, whose `usage` leaves all others out, and in all."""
    own = {kind: _count(usage, key) for kind, key in _KINDS.items()}
    return own, {kind: max(count, getattr(used, kind)) for kind, count in own.items()}


def _context_window(result: ResultMessage, model: str | None) -> int | None:
    """The window of the model that answered last; where its name is not among them, the largest."""
    usages: dict[str, Any] = result.model_usage or {}
    found = [usages[model]] if model in usages else list(usages.values())
    return max((_count(usage, "contextWindow") for usage in found), default=0) or None
