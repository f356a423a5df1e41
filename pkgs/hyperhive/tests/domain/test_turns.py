"""How a turn ended and what follows from it."""

import pytest

from hyperhive.domain.turns import (
    STOP_REASONS,
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
    assert classify(ending).result is result


@pytest.mark.parametrize("stop", [*STOP_REASONS, "a_new_one", ""])
def test_only_the_models_own_end_ends_a_turn_well(stop: str | None) -> None:
    verdict = classify(Ending(is_error=False, stop_reason=stop))
    assert (verdict.result is TurnResult.OK) == (stop in {"end_turn", "stop_sequence"})
    assert verdict.result is TurnResult.OK or (stop or "") in verdict.reason


@pytest.mark.parametrize(
    ("ending", "by_prompt"),
    [
        (Ending(is_error=True, api_status=400, error_kind="unknown"), True),
        (Ending(is_error=True, api_status=422, error_kind="unknown"), True),
        (Ending(is_error=True, error_kind="invalid_request", stop_reason="refusal"), True),
        (Ending(is_error=True, error_kind="max_output_tokens", stop_reason="stop_sequence"), True),
        (Ending(is_error=True, stop_reason="stop_sequence"), True),
        (Ending(is_error=False, stop_reason="pause_turn"), True),
        (Ending(is_error=False, stop_reason="a_new_one"), True),
        (Ending(is_error=False, answered=False, output_tokens=3), True),
        (Ending(is_error=False, answered=False, output_tokens=0), False),
        (Ending(is_error=False, stop_reason=None), False),
        (Ending(is_error=True, api_status=400, error_kind="billing_error"), False),
        (Ending(is_error=True, api_status=402, error_kind="unknown"), False),
        (Ending(is_error=True, api_status=404, error_kind="invalid_request"), False),
        (Ending(is_error=True, error_kind="model_not_found"), False),
        (Ending(is_error=True, api_status=408, error_kind="unknown"), False),
        (Ending(is_error=True, api_status=500, error_kind="server_error"), False),
        (Ending(is_error=True, api_status=529, error_kind="server_error"), False),
        (Ending(is_error=True, error_kind="server_error"), False),
        (Ending(is_error=True, error_kind="unknown"), False),
        (Ending(is_error=True, api_status=429), False),
        (Ending(is_error=True, api_status=401), False),
        (Ending(is_error=True, cancelled=True, api_status=400), False),
    ],
)
def test_a_prompt_is_blamed_for_what_is_about_the_request_and_for_nothing_else(
    ending: Ending, by_prompt: object
) -> None:
    verdict = classify(ending)
    assert (verdict.result is TurnResult.OK, verdict.by_prompt) == (False, by_prompt)


def test_a_command_of_claude_code_needs_no_answer_of_the_model() -> None:
    ending = Ending(is_error=False, stop_reason=None, answered=False, output_tokens=0, command=True)
    assert classify(ending).result is TurnResult.OK


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
