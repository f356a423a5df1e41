"""Claude Code's messages become live events and a turn."""

from typing import Any

from claude_agent_sdk import (
    AssistantMessage,
    RateLimitEvent,
    ResultMessage,
    SystemMessage,
    TextBlock,
    ThinkingBlock,
    ToolResultBlock,
    ToolUseBlock,
    UserMessage,
)
from claude_agent_sdk.types import RateLimitInfo

from hyperhive.domain.turns import Turn
from hyperhive.domain.usage import Usage
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import EVENT_TEXT_LIMIT, NewEvent, Tokens, TurnResult
from tests.conftest import Clock


def result(**changes: Any) -> ResultMessage:
    fields: dict[str, Any] = {
        "subtype": "success",
        "duration_ms": 5,
        "duration_api_ms": 4,
        "is_error": False,
        "num_turns": 1,
        "session_id": "s",
        "stop_reason": "end_turn",
        "total_cost_usd": 0.75,
        "usage": {"input_tokens": 10, "output_tokens": 3, "cache_read_input_tokens": 7},
        "model_usage": {"m": {"contextWindow": 200000}},
    }
    return ResultMessage(**(fields | changes))


def recorded(clock: Clock) -> tuple[Transcript, list[NewEvent]]:
    events: list[NewEvent] = []
    return Transcript("t-1", events.append, clock), events


def test_a_turn_is_told_in_order_and_summed_up(clock: Clock) -> None:
    transcript, events = recorded(clock)
    transcript.start("mail", [4])
    transcript.add(
        AssistantMessage(
            [ThinkingBlock("hm", "sig"), TextBlock("I look."), ToolUseBlock("u1", "Bash", {"command": "ls"})],
            "m",
            usage={"input_tokens": 100, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 5},
        )
    )
    transcript.changed("u1", "ls .")
    transcript.add(UserMessage([ToolResultBlock("u1", [{"type": "text", "text": "a"}, {"type": "image"}])]))
    clock.advance(1.5)
    turn = transcript.end(result(), Usage(0.5))
    assert turn == Turn(
        result=TurnResult.OK,
        cost_usd=0.25,
        tokens=Tokens(input=10, output=3, cache_read=7),
        tools={"Bash": 1},
        context_used=155,
        context_found=155,
        context_max=200000,
    )
    assert [(event.kind.value, event.data.model_dump(exclude={"kind"})) for event in events] == [
        ("turn_start", {"prompt": "mail", "messages": [4]}),
        ("thinking", {"text": "hm"}),
        ("text", {"text": "I look."}),
        ("tool_use", {"id": "u1", "name": "Bash", "input": {"command": "ls"}}),
        ("tool_result", {"id": "u1", "is_error": False, "text": "a\n(image)", "runs": "ls ."}),
        (
            "turn_end",
            {
                "result": "ok",
                "error": "",
                "duration_ms": 1500,
                "tool_calls": 1,
                "tools": {"Bash": 1},
                "cost_usd": 0.25,
                "tokens": {"input": 10, "output": 3, "cache_read": 7, "cache_write": 0},
                "subagent_tokens": None,
                "context_used": 155,
                "context_max": 200000,
                "notes_bytes": None,
            },
        ),
    ]
    assert {event.turn for event in events} == {"t-1"}


def test_a_model_that_writes_of_rate_limits_is_not_rate_limited(clock: Clock) -> None:
    transcript, _ = recorded(clock)
    transcript.add(AssistantMessage([TextBlock("error 429: rate_limit, authentication_failed")], "m"))
    assert transcript.end(result(), Usage()).result is TurnResult.OK


def test_a_rejecting_rate_limit_event_gives_the_reset_time(clock: Clock) -> None:
    transcript, _ = recorded(clock)
    transcript.add(RateLimitEvent(RateLimitInfo(status="rejected", resets_at=1793710000), "u", "s"))
    transcript.add(AssistantMessage([TextBlock("You've hit your limit")], "<synthetic>", error="rate_limit"))
    turn = transcript.end(result(is_error=True), Usage())
    assert (turn.result, turn.resets_at) == (TurnResult.RATE_LIMITED, 1793710000.0)
    assert turn.error == "You've hit your limit"


def test_a_cancelled_turn_is_cancelled_whatever_the_result_says(clock: Clock) -> None:
    transcript, _ = recorded(clock)
    transcript.cancelled()
    assert transcript.end(result(), Usage()).result is TurnResult.CANCELLED


def test_a_broken_session_fails_the_turn_with_its_reason(clock: Clock) -> None:
    transcript, events = recorded(clock)
    assert transcript.broken("it died") == Turn(result=TurnResult.FAILED, error="it died")
    assert events[-1].data.error == "it died"


def test_long_texts_and_inputs_are_cut_with_a_note_of_what_is_missing(clock: Clock) -> None:
    transcript, events = recorded(clock)
    huge = {str(number): "x" * 1000 for number in range(200)}
    blocks = [TextBlock("x" * (EVENT_TEXT_LIMIT + 5)), ToolUseBlock("u1", "Bash", huge)]
    transcript.add(AssistantMessage(blocks, "m"))
    text, use = (event.data for event in events)
    assert text.text.endswith("x\n[… 5 more characters]")
    assert list(use.input) == ["(cut)"]


def test_a_compaction_is_noted_with_its_sizes_as_far_as_they_are_known(clock: Clock) -> None:
    transcript, events = recorded(clock)
    for metadata in ({"pre_tokens": 900, "post_tokens": 120}, {"pre_tokens": "many"}, None):
        data = {"compact_metadata": metadata}
        transcript.add(SystemMessage(subtype="compact_boundary", data=data))
    assert [event.data.text for event in events] == [
        "the session was compacted from 900 to 120 tokens",
        "the session was compacted",
        "the session was compacted",
    ]


def test_the_window_is_that_of_the_model_that_answered_last(clock: Clock) -> None:
    transcript, _ = recorded(clock)
    usage = {"input_tokens": 10}
    transcript.add(AssistantMessage(content=[TextBlock("a")], model="small", usage=usage))
    windows = {"big": {"contextWindow": 1_000_000}, "small": {"contextWindow": 200_000}}
    assert transcript.end(result(model_usage=windows), Usage()).context_max == 200_000
    assert transcript.end(result(model_usage={"other": {"contextWindow": 7}}), Usage()).context_max == 7


def test_a_repeated_call_of_the_api_is_noted_with_its_reason(clock: Clock) -> None:
    transcript, events = recorded(clock)
    for data in (
        {"attempt": 2, "max_retries": 10, "error_status": 529, "error": "overloaded"},
        {"attempt": 1, "max_retries": 10, "error_status": None, "error": ["odd"]},
    ):
        transcript.add(SystemMessage(subtype="api_retry", data=data))
    assert [event.data.text for event in events] == [
        "the API answered 529 (overloaded), it is asked again: try 2 of 10",
        "the API did not answer, it is asked again: try 1 of 10",
    ]
    assert [event.data.retry for event in events] == [True, True]
