from typing import Any

import pytest

from hyperhive.demo.model_message import AssistantMessage, Failure, TextBlock, ToolBlock, Usage
from hyperhive.demo.model_reply import ScriptFaultError, failure, message, template_names, text_message
from hyperhive.demo.model_request import ModelRequest, read_request
from hyperhive.demo.model_script import ScriptStep, ScriptTurn, ScriptUsage


def request(prompt: str, *results: str) -> ModelRequest:
    """A turn with this prompt and one assistant message before each of these tool results."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    for result in results:
        messages += [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash"}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": result}]},
        ]
    return read_request({"tools": [{"name": "Bash"}], "messages": messages})


def test_templates_are_filled_at_every_depth_and_other_braces_stay() -> None:
    step = ScriptStep(
        text="{file} {unknown}",
        tool="Bash",
        input={"command": "awk '{print $1}' {file}", "limit": "{rows:int}", "deep": [{"n": ["{rows}", 1]}]},
    )

    rendered = message(step, {"file": "a.txt", "rows": "42"}, request("go"))

    assert rendered.blocks == (
        TextBlock("a.txt {unknown}"),
        ToolBlock("Bash", {"command": "awk '{print $1}' a.txt", "limit": 42, "deep": [{"n": ["42", 1]}]}),
    )


def test_names_come_from_the_prompt_and_from_every_capture_up_to_the_step() -> None:
    turn = ScriptTurn(
        when=r"count (?P<file>\S+)( fast)?(?P<more> please)?",
        step=[
            ScriptStep(tool="Bash", capture=r"(?P<verb>\w+)"),
            ScriptStep(tool="Bash", capture=r"(?P<rows>\d+) rows"),
            ScriptStep(text="end", capture="(?P<later>.*)"),
        ],
    )

    assert template_names(turn, "alice", request("count a.txt", "42 rows")) == {
        "agent": "alice",
        "file": "a.txt",
        "more": "",
        "verb": "count",
        "rows": "42",
    }


def test_a_capture_that_does_not_match_is_a_fault_that_shows_both() -> None:
    turn = ScriptTurn(step=[ScriptStep(tool="Bash"), ScriptStep(text="x", capture=r"\d+ rows")])

    with pytest.raises(ScriptFaultError) as caught:
        template_names(turn, "alice", request("go", "none"))

    assert str(caught.value) == r"capture '\\d+ rows' does not match 'none'"


def test_a_tool_that_is_not_offered_is_a_fault_unless_forced() -> None:
    forced = message(ScriptStep(tool="mcp__x__y", force=True), {}, request("go"))

    assert forced.blocks == (ToolBlock("mcp__x__y", {}),)
    with pytest.raises(ScriptFaultError, match="the tool mcp__x__y was not offered; offered were: Bash"):
        message(ScriptStep(tool="mcp__x__y"), {}, request("go"))


def test_a_number_that_is_none_is_a_fault() -> None:
    with pytest.raises(ScriptFaultError, match=r"\{rows:int\} is 'many', not a number"):
        message(ScriptStep(tool="Bash", input={"limit": "{rows:int}"}), {"rows": "many"}, request("go"))


def test_usage_is_what_the_script_says_or_an_estimate_by_length() -> None:
    said = ScriptStep(text="12345678", usage=ScriptUsage(input_tokens=150000))

    assert [
        message(said, {}, request("x")).usage,
        text_message("12345678", request("x" * 4000)).usage,
        message(ScriptStep(tool="Bash", input={"command": "ls"}), {}, request("x" * 4000, "y" * 400)).usage,
    ] == [
        Usage(input_tokens=150000, output_tokens=2),
        Usage(input_tokens=1007, output_tokens=2, cache_creation_input_tokens=10),
        Usage(input_tokens=120, output_tokens=5, cache_read_input_tokens=1036),
    ]


@pytest.mark.parametrize(
    ("status", "error_type"), [(429, "rate_limit_error"), (500, "api_error"), (529, "overloaded_error")]
)
def test_an_error_has_the_type_of_its_status(status: int, error_type: str) -> None:
    step = ScriptStep(error_status=status, retry_after=1.5, headers={"x-reason": "test"}, delay_seconds=0.5)

    assert failure(step) == Failure(
        status=status,
        error_type=error_type,
        message="The script asked for this error.",
        delay_seconds=0.5,
        headers={"x-reason": "test", "retry-after": "1.5"},
    )


def test_a_message_carries_the_steps_delay_and_headers() -> None:
    step = ScriptStep(text="x", delay_seconds=1.0, headers={"x-limit": "9"})

    assert message(step, {}, request("go")) == AssistantMessage(
        (TextBlock("x"),),
        Usage(input_tokens=7, output_tokens=1, cache_creation_input_tokens=10),
        1.0,
        {"x-limit": "9"},
    )
