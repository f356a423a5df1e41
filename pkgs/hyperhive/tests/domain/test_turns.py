"""How a turn ended and what follows from it."""

import pytest

from hyperhive.domain.turns import (
    Ending,
    Turn,
    classify,
    over_budget,
    should_compact,
)
from hyperhive.protocol.events import TurnResult


@pytest.mark.parametrize(
    ("ending", "result"),
    [
        (Ending(is_error=False), TurnResult.OK),
        (Ending(is_error=False, rate_limited=True), TurnResult.OK),
        (Ending(is_error=False, cancelled=True), TurnResult.CANCELLED),
        (Ending(is_error=True, terminal_reason="aborted_tools"), TurnResult.CANCELLED),
        (Ending(is_error=True, terminal_reason="prompt_too_long"), TurnResult.TOO_LONG),
        (Ending(is_error=True, error_text="Prompt is too long · …"), TurnResult.TOO_LONG),
        (Ending(is_error=False, error_text="Prompt is too long"), TurnResult.OK),
        (Ending(is_error=True, api_status=429), TurnResult.RATE_LIMITED),
        (Ending(is_error=False, error_kind="rate_limit"), TurnResult.RATE_LIMITED),
        (Ending(is_error=True, rate_limited=True), TurnResult.RATE_LIMITED),
        (Ending(is_error=True, error_kind="authentication_failed"), TurnResult.UNAUTHENTICATED),
        (Ending(is_error=True, api_status=401), TurnResult.UNAUTHENTICATED),
        (Ending(is_error=True, api_status=529), TurnResult.FAILED),
        (Ending(is_error=True), TurnResult.FAILED),
    ],
)
def test_a_turn_is_classified_by_structured_signs_only(ending: Ending, result: TurnResult) -> None:
    assert classify(ending) is result


@pytest.mark.parametrize(
    ("used", "size", "percent", "compact"),
    [(751, 1000, 75, True), (750, 1000, 75, False), (999, 1000, 0, False), (None, 1000, 75, False)],
)
def test_the_watermark_is_a_percentage_of_the_models_own_window(
    used: int | None, size: int, percent: int, compact: object
) -> None:
    turn = Turn(result=TurnResult.OK, context_used=used, context_max=size)
    assert should_compact(turn, percent) is compact


def test_a_cap_is_reached_by_turns_or_by_cost_and_none_is_no_cap() -> None:
    assert over_budget(100, 100.0, None, None) is None
    assert over_budget(9, 0.0, 10, None) is None
    assert over_budget(10, 0.0, 10, None) == "10 turns today, the cap is 10"
    assert over_budget(0, 1.5, None, 150) == "1.50 USD today (estimate), the cap is 1.50 USD"
