"""How a turn ended and what follows from it: ack, retry, park or ask for a login."""

from dataclasses import dataclass, field
from typing import Final

from hyperhive.protocol.events import Tokens, TurnResult

#: Seconds to stay parked when a rate limit comes without its reset time.
RATE_LIMIT_PAUSE: Final = 300.0

_RATE_LIMITED: Final = frozenset({429})
_UNAUTHENTICATED: Final = frozenset({401, 403})
_CANCELLED: Final = frozenset({"aborted_streaming", "aborted_tools"})
_TOO_LONG: Final = frozenset({"prompt_too_long", "blocking_limit"})


@dataclass(frozen=True)
class Turn:
    result: TurnResult
    error: str = ""
    #: An estimate.
    cost_usd: float = 0.0
    #: Of all that worked in the turn.
    tokens: Tokens = field(default_factory=Tokens)
    #: Those of them that subagents used, None if there were none.
    subagent_tokens: Tokens | None = None
    tools: dict[str, int] = field(default_factory=dict)
    #: Tokens in the context after the last inference, None when none was made.
    context_used: int | None = None
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


def classify(ending: Ending) -> TurnResult:
    if ending.cancelled or ending.terminal_reason in _CANCELLED:
        return TurnResult.CANCELLED
    failed = ending.is_error or ending.error_kind is not None
    if not failed:
        return TurnResult.OK
    # Releases of the CLI before `terminal_reason` say it in their own words only.
    if ending.terminal_reason in _TOO_LONG or ending.error_text.lower().startswith("prompt is too long"):
        return TurnResult.TOO_LONG
    if ending.rate_limited or ending.error_kind == "rate_limit" or ending.api_status in _RATE_LIMITED:
        return TurnResult.RATE_LIMITED
    if ending.error_kind == "authentication_failed" or ending.api_status in _UNAUTHENTICATED:
        return TurnResult.UNAUTHENTICATED
    return TurnResult.FAILED


def should_compact(turn: Turn, above_percent: int) -> bool:
    """Whether the context is over its watermark; 0 percent never compacts."""
    if not above_percent or not turn.context_used or not turn.context_max:
        return False
    return turn.context_used * 100 > turn.context_max * above_percent


def over_budget(
    turns_today: int, cost_today_usd: float, turns_per_day: int | None, usd_cents_per_day: int | None
) -> str | None:
    """The sentence that says which daily cap is reached, None while none is."""
    if turns_per_day is not None and turns_today >= turns_per_day:
        return f"{turns_today} turns today, the cap is {turns_per_day}"
    if usd_cents_per_day is not None and cost_today_usd * 100 >= usd_cents_per_day:
        return f"{cost_today_usd:.2f} USD today (estimate), the cap is {usd_cents_per_day / 100:.2f} USD"
    return None
