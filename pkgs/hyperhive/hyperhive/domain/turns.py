"""How a turn ended and what follows from it: ack, retry, park or ask for a login."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hyperhive.protocol.events import Tokens, TurnResult

#: Seconds to stay parked when a rate limit comes without its reset time.
RATE_LIMIT_PAUSE: Final = 300.0

_RATE_LIMITED: Final = frozenset({429})
_UNAUTHENTICATED: Final = frozenset({401, 403})
_CANCELLED: Final = frozenset({"aborted_streaming", "aborted_tools"})
_TOO_LONG: Final = frozenset({"prompt_too_long", "blocking_limit"})
_TOO_LARGE: Final = 413
#: How the CLI's own words begin: releases before `terminal_reason` say it with them only.
_TOO_LONG_WORDS: Final = "prompt is too long"
_WINDOW_WORDS: Final = "api error: the model has reached its context window limit"

#: Statuses of the API, and kinds of errors, that speak of the request itself. No kind: no call of the API
#: failed, but Claude Code could not work with what it got.
_ABOUT_THE_REQUEST: Final = frozenset({400, _TOO_LARGE, 422})
_KINDS_ABOUT_THE_REQUEST: Final = frozenset({None, "invalid_request", "max_output_tokens"})
#: Kinds that speak of something else although the API answers 400.
_NOT_THE_PROMPT: Final = frozenset({"billing_error", "model_not_found", "server_error"})


@dataclass(frozen=True)
class Verdict:
    """What an ending means."""

    result: TurnResult
    #: The prompt can be why the turn failed: the same prompt may fail again, another need not.
    by_prompt: bool = False
    #: What is wrong with the ending, empty where the CLI's own words have to do.
    reason: str = ""


_OK: Final = Verdict(TurnResult.OK)

#: What the stop reason of the last answer means. Any other is a failure, too: nobody knows whether the model
#: was done.
STOP_REASONS: Final[Mapping[str | None, Verdict]] = {
    "end_turn": _OK,
    "stop_sequence": _OK,
    "refusal": Verdict(TurnResult.FAILED, by_prompt=True, reason="the model refused (refusal)"),
    "pause_turn": Verdict(
        TurnResult.FAILED, by_prompt=True, reason="the model paused before it was done (pause_turn)"
    ),
    "tool_use": Verdict(
        TurnResult.FAILED, by_prompt=True, reason="the model waits for a tool that did not run (tool_use)"
    ),
    "max_tokens": Verdict(
        TurnResult.FAILED, by_prompt=True, reason="the answer was cut at the output limit (max_tokens)"
    ),
    "model_context_window_exceeded": Verdict(
        TurnResult.TOO_LONG, reason="the answer did not fit into the context (model_context_window_exceeded)"
    ),
    None: Verdict(TurnResult.FAILED, reason="the answer broke off without a stop reason"),
}


@dataclass(frozen=True)
class Turn:
    result: TurnResult
    error: str = ""
    #: It failed for a reason that its prompt can have.
    by_prompt: bool = False
    #: An estimate.
    cost_usd: float = 0.0
    #: Of all that worked in the turn.
    tokens: Tokens = field(default_factory=Tokens)
    #: Those of them that subagents used, None if there were none.
    subagent_tokens: Tokens | None = None
    tools: dict[str, int] = field(default_factory=dict)
    #: Tokens in the context after the last inference, None when none was made.
    context_used: int | None = None
    #: The same of the first one: what the turn found there, and its prompt.
    context_found: int | None = None
    #: The model's context window in tokens as the API gave it, None if it did not.
    context_max: int | None = None
    #: When a rate limit ends, seconds since 1970, None if unknown.
    resets_at: float | None = None


@dataclass(frozen=True)
class Ending:
    """The structured signs that Claude Code gives of a turn's end; the model's text is not among them."""

    is_error: bool
    cancelled: bool = False
    #: `AssistantMessage.error` of the last inference: `rate_limit`, `authentication_failed`, `billing_error`,
    #: `server_error`, …
    error_kind: str | None = None
    #: HTTP status of the failing API call.
    api_status: int | None = None
    #: Why the loop ended, as the CLI names it.
    terminal_reason: str | None = None
    #: A rate limit event said "rejected".
    rate_limited: bool = False
    #: What the CLI wrote into a message of its own that carries an error; never a model's text.
    error_text: str = ""
    #: That of the last answer.
    stop_reason: str | None = "end_turn"
    #: Text or the call of a tool came of the turn, or of its newest part if the CLI had to ask on.
    answered: bool = True
    #: Of all answers of the turn.
    output_tokens: int = 1
    #: The prompt was a command of Claude Code itself, which the model need not have seen.
    command: bool = False


def classify(ending: Ending) -> Verdict:
    if ending.cancelled or ending.terminal_reason in _CANCELLED:
        return Verdict(TurnResult.CANCELLED)
    if ending.is_error or ending.error_kind is not None:
        return _failed(ending)
    return _OK if ending.command else _stopped(ending)


def _failed(ending: Ending) -> Verdict:
    """What an error means that Claude Code tells."""
    words = ending.error_text.lower()
    too_long = ending.terminal_reason in _TOO_LONG or ending.api_status == _TOO_LARGE
    if too_long or words.startswith(_TOO_LONG_WORDS):
        return Verdict(TurnResult.TOO_LONG)
    if ending.rate_limited or ending.error_kind == "rate_limit" or ending.api_status in _RATE_LIMITED:
        return Verdict(TurnResult.RATE_LIMITED)
    if ending.error_kind == "authentication_failed" or ending.api_status in _UNAUTHENTICATED:
        return Verdict(TurnResult.UNAUTHENTICATED)
    meaning = STOP_REASONS.get(_last_stop(ending, words), _OK)
    if meaning != _OK:
        return meaning
    return Verdict(TurnResult.FAILED, by_prompt=_about_the_request(ending))


def _last_stop(ending: Ending, words: str) -> str:
    """Why the model stopped where Claude Code made an error of it, whose own stop reason says nothing."""
    if words.startswith(_WINDOW_WORDS):
        return "model_context_window_exceeded"
    return "max_tokens" if ending.error_kind == "max_output_tokens" else ending.stop_reason or ""


def _stopped(ending: Ending) -> Verdict:
    """What it means that the model stopped by itself."""
    meaning = STOP_REASONS.get(ending.stop_reason)
    if meaning is None:
        reason = f"the model stopped for a reason that hyperhive does not know ({ending.stop_reason:.100})"
        return Verdict(TurnResult.FAILED, by_prompt=True, reason=reason)
    if meaning == _OK and not ending.answered:
        # Without a single token nothing was answered, whatever the prompt.
        reason = f"the answer was empty ({ending.stop_reason}, {ending.output_tokens} tokens)"
        return Verdict(TurnResult.FAILED, by_prompt=ending.output_tokens > 0, reason=reason)
    return meaning


def _about_the_request(ending: Ending) -> bool:
    if ending.error_kind in _NOT_THE_PROMPT:
        return False
    if ending.api_status is not None:
        return ending.api_status in _ABOUT_THE_REQUEST
    return ending.error_kind in _KINDS_ABOUT_THE_REQUEST


def should_compact(turn: Turn, above_percent: int) -> bool:
    """Whether the context is over its watermark; 0 percent never compacts."""
    return _is_over(turn.context_used, turn, above_percent)


def found_too_much(turn: Turn, above_percent: int) -> bool:
    """Whether the context was over its watermark when the turn began."""
    return _is_over(turn.context_found, turn, above_percent)


def _is_over(used: int | None, turn: Turn, above_percent: int) -> bool:
    if not above_percent or not used or not turn.context_max:
        return False
    return used * 100 > turn.context_max * above_percent


def over_budget(
    turns_today: int, cost_today_usd: float, turns_per_day: int | None, usd_cents_per_day: int | None
) -> str | None:
    """The sentence that says which daily cap is reached, None while none is."""
    if turns_per_day is not None and turns_today >= turns_per_day:
        return f"{turns_today} turns today, the cap is {turns_per_day}"
    if usd_cents_per_day is not None and cost_today_usd * 100 >= usd_cents_per_day:
        return f"{cost_today_usd:.2f} USD today (estimate), the cap is {usd_cents_per_day / 100:.2f} USD"
    return None
