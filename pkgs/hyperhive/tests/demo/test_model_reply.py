from collections.abc import Sequence
from typing import Any

import pytest

from hyperhive.demo.model_message import (
    AssistantMessage,
    Block,
    Failure,
    Reply,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
)
from hyperhive.demo.model_reply import (
    Counters,
    ScriptFaultError,
    failure,
    message,
    reply,
    template_names,
    text_message,
)
from hyperhive.demo.model_request import ModelRequest, read_request
from hyperhive.demo.model_script import ModelScript, ScriptStep, ScriptTurn, ScriptUsage, parse_script


def body(prompt: str, results: Sequence[str] = (), session: str = "s", **more: object) -> dict[str, Any]:
    """A turn with this prompt and one assistant message before each of these tool results."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    for result in results:
        messages += [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": result}]},
        ]
    return {
        "model": "claude-x",
        "metadata": {"user_id": session},
        "tools": [{"name": "Bash"}, {"name": "Read"}],
        "messages": messages,
        **more,
    }


def request(prompt: str, *results: str) -> ModelRequest:
    """A turn with this prompt and one assistant message before each of these tool results."""
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    for result in results:
        messages += [
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "Bash"}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": result}]},
        ]
    return read_request({"tools": [{"name": "Bash"}], "messages": messages})


def play(script: ModelScript, *asked: tuple[str, dict[str, Any]]) -> list[Reply]:
    """What the model answers to these requests, one after the other."""
    counters = Counters()
    answers = []
    for agent, request in asked:
        answer, counters = reply(script, agent, request, counters)
        answers.append(answer)
    return answers


def blocks(answer: Reply) -> tuple[Block, ...]:
    assert isinstance(answer, AssistantMessage)
    return answer.blocks


def texts(answers: Sequence[Reply]) -> list[str]:
    return [
        "error" if isinstance(answer, Failure) else getattr(answer.blocks[0], "text", "?")
        for answer in answers
    ]


def test_a_turn_is_played_step_by_step_with_what_was_captured() -> None:
    script = parse_script(
        r"""
        [[turn]]
        when = 'count (?P<file>\S+)'
        [[turn.step]]
        thinking = "How many rows has {file}?"
        text = "{agent} counts."
        tool = "Bash"
        input = { command = "wc -l {file} | awk '{print $1}'", list = ["{file}"], deep = { n = 1 } }
        [[turn.step]]
        capture = '(?P<rows>\d+) rows'
        [[turn.step.tools]]
        tool = "Bash"
        input = { limit = "{rows:int}", text = "{rows} {unknown}" }
        [[turn.step.tools]]
        tool = "mcp__x__y"
        force = true
        [[turn.step]]
        text = "{file} has {rows} rows."
        """
    )

    first, second, third, past = play(
        script,
        ("alice", body("count a.txt")),
        ("alice", body("count a.txt", ["42 rows"])),
        ("alice", body("count a.txt", ["42 rows", "ok"])),
        ("alice", body("count a.txt", ["42 rows", "ok", "ok"])),
    )

    assert blocks(first) == (
        ThinkingBlock("How many rows has a.txt?"),
        TextBlock("alice counts."),
        ToolBlock("Bash", {"command": "wc -l a.txt | awk '{print $1}'", "list": ["a.txt"], "deep": {"n": 1}}),
    )
    assert blocks(second) == (
        ToolBlock("Bash", {"limit": 42, "text": "42 {unknown}"}),
        ToolBlock("mcp__x__y", {}),
    )
    assert blocks(third) == (TextBlock("a.txt has 42 rows."),)
    assert blocks(past) == (TextBlock("Done."),)
    assert [answer.stop_reason for answer in (first, third) if isinstance(answer, AssistantMessage)] == [
        "tool_use",
        "end_turn",
    ]


def test_the_first_turn_of_the_agent_whose_pattern_matches_wins() -> None:
    script = parse_script(
        """
        [[turn]]
        agent = "bob"
        step = [{ text = "bob" }]
        [[turn]]
        when = "^hello"
        step = [{ text = "hello" }]
        [[turn]]
        when = "hello"
        step = [{ text = "later" }]
        """
    )

    answers = play(
        script,
        ("bob", body("hello")),
        ("alice", body("say\nhello")),
        ("alice", body("say hello")),
        ("alice", body("bye")),
    )

    assert texts(answers) == ["bob", "hello", "later", "Done."]


def test_times_counts_turns_per_agent_and_not_requests() -> None:
    script = parse_script(
        """
        [[turn]]
        times = 1
        [[turn.step]]
        tool = "Bash"
        [[turn.step]]
        text = "first"
        [[turn]]
        step = [{ text = "second" }]
        """
    )

    answers = play(
        script,
        ("alice", body("go")),
        ("alice", body("go", ["ok"])),
        ("alice", body("go")),
        ("bob", body("go")),
        ("bob", body("go", ["ok"])),
    )

    assert texts(answers) == ["?", "first", "second", "?", "first"]


def test_an_error_comes_before_the_steps_content_and_then_no_more() -> None:
    script = parse_script(
        """
        [[turn]]
        times = 1
        [[turn.step]]
        error_status = 529
        error_times = 2
        retry_after = 1.5
        headers = { x-reason = "test" }
        delay_seconds = 0.5
        [[turn.step]]
        text = "works"
        """
    )

    answers = play(script, *[("alice", body("go"))] * 4)

    failure = Failure(
        529,
        "overloaded_error",
        "The script asked for this error.",
        0.5,
        {"retry-after": "1.5", "x-reason": "test"},
    )
    assert answers[:2] == [failure, failure]
    assert texts(answers[2:]) == ["works", "Done."]


def test_error_times_zero_never_ends() -> None:
    script = parse_script(
        '[[turn]]\nstep = [{ error_status = 401, error_times = 0, error_type = "t", error_message = "m" }]'
    )

    assert play(script, *[("alice", body("go"))] * 3) == [Failure(401, "t", "m")] * 3


def test_an_error_step_in_the_middle_is_no_assistant_message() -> None:
    script = parse_script(
        """
        [[turn]]
        [[turn.step]]
        tool = "Bash"
        [[turn.step]]
        error_status = 500
        [[turn.step]]
        text = "end"
        """
    )

    answers = play(
        script, ("alice", body("go")), ("alice", body("go", ["ok"])), ("alice", body("go", ["ok"]))
    )

    assert texts(answers) == ["?", "error", "end"]


def test_a_tool_that_was_not_offered_is_said_aloud() -> None:
    script = parse_script('[[turn]]\nstep = [{ tool = "mcp__hyperhive__send" }]')

    assert texts(play(script, ("alice", body("go")))) == [
        "Script fault: the tool mcp__hyperhive__send was not offered; offered were: Bash, Read"
    ]


def test_the_same_prompt_in_two_sessions_is_two_turns() -> None:
    script = parse_script(
        """
        [[turn]]
        times = 1
        step = [{ tool = "Bash" }, { text = "one" }]
        [[turn]]
        step = [{ tool = "Read" }, { text = "two" }]
        """
    )

    answers = play(
        script,
        ("alice", body("go", session="s1")),
        ("alice", body("go", session="s2")),
        ("alice", body("go", ["ok"], session="s2")),
        ("alice", body("go", ["ok"], session="s1")),
    )

    assert texts(answers[2:]) == ["two", "one"]


def test_side_requests_get_fitting_answers_and_play_no_turn() -> None:
    script = parse_script('summary_text = "All quiet."\n[[turn]]\ntimes = 1\nstep = [{ text = "played" }]')
    schema = {"format": {"type": "json_schema", "schema": {"properties": {"name": {"type": "string"}}}}}

    answers = play(
        script,
        ("alice", body("CRITICAL: text only.\nYour task is to create a detailed summary of it.")),
        ("alice", body("name it", tools=[], output_config=schema)),
        ("alice", body("count", max_tokens=1)),
        ("alice", body("go")),
    )

    assert texts(answers) == [
        "<analysis>All quiet.</analysis>\n<summary>All quiet.</summary>",
        '{"name": "scripted-conversation"}',
        "Done.",
        "played",
    ]


def test_memory_of_running_turns_is_bounded() -> None:
    script = parse_script('[[turn]]\nstep = [{ text = "x" }]')
    counters = Counters()

    for number in range(300):
        _, counters = reply(script, "alice", body(f"go {number}"), counters)

    assert len(counters.running) == 256
    assert ("alice", "s", "go 299") in counters.running


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


def test_a_message_ends_as_the_script_says_and_can_be_empty() -> None:
    empty = ScriptStep(stop_reason="pause_turn", usage=ScriptUsage(output_tokens=0))

    ends = [message(step, {}, request("go")) for step in (empty, ScriptStep(text="x"))]
    assert [(one.blocks, one.stop_reason, one.usage.output_tokens) for one in ends] == [
        ((), "pause_turn", 0),
        ((TextBlock("x"),), "end_turn", 1),
    ]
