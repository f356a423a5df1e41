import pytest

from hyperhive.demo.model_request import ModelRequest, RequestKind, read_request

REMINDER = {"type": "text", "text": "<system-reminder>\nToday is Monday.\n</system-reminder>"}
TOOLS = [{"name": "Bash", "input_schema": {}}]


def text(value: str) -> dict[str, str]:
    return {"type": "text", "text": value}


def user(*blocks: object) -> dict[str, object]:
    return {"role": "user", "content": list(blocks)}


def assistant(*blocks: object) -> dict[str, object]:
    return {"role": "assistant", "content": list(blocks)}


def call(number: int) -> dict[str, object]:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "Bash"}


def result(number: int, value: object) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": f"toolu_{number}", "content": value}


def read(*messages: object, **more: object) -> ModelRequest:
    return read_request(
        {"model": "claude-x", "max_tokens": 64000, "tools": TOOLS, "messages": messages, **more}
    )


def test_the_prompt_is_what_the_user_wrote_and_not_what_the_cli_added() -> None:
    request = read(
        user(
            REMINDER,
            text("This session is being continued from a previous conversation that ran out of context."),
            text("<local-command-caveat>Caveat</local-command-caveat>\n"),
            text("<command-name>/compact</command-name>\n"),
            text("<local-command-stdout>Compacted </local-command-stdout>\n"),
            text("From operator: hello<system-reminder>aside</system-reminder>"),
            text("second block"),
        ),
        {"role": "system", "content": "# Environment"},
        metadata={"user_id": "session-1"},
    )

    assert (request.kind, request.prompt, request.step, request.results, request.tools, request.session) == (
        RequestKind.TURN,
        "From operator: hello\nsecond block",
        0,
        (),
        ("Bash",),
        "session-1",
    )


def test_assistant_messages_since_the_prompt_are_its_steps_and_results_come_in_the_order_of_calls() -> None:
    request = read(
        user(text("old")),
        assistant(text("Done.")),
        {"role": "user", "content": "new"},
        assistant(text("a"), call(1), call(2)),
        user(result(2, [text("two"), {"type": "image"}]), result(1, "one")),
        {"role": "system", "content": "The user sent a new message while you were working"},
        assistant(call(3)),
        user(result(3, "ok\n\n<system-reminder>aside</system-reminder>")),
    )

    assert (request.prompt, request.step, request.results) == ("new", 2, ("one\ntwo", "ok"))


@pytest.mark.parametrize(
    "blocks",
    [
        (text("first\n"), text("second")),
        (text("first\n"), text("[Request interrupted by user]\n"), text("second")),
        (result(1, "rejected"), text("[Request interrupted by user for tool use]\n"), text("second")),
    ],
)
def test_a_prompt_that_got_no_answer_is_not_part_of_the_next_one(blocks: tuple[object, ...]) -> None:
    request = read(user(text("zeroth")), assistant(text("Done.")), user(*blocks))

    assert (request.prompt, request.step) == ("second", 0)


def test_a_trailing_line_feed_of_the_only_prompt_does_not_hide_it() -> None:
    assert read(user(text("hello\n"))).prompt == "hello"


def test_the_summary_that_compact_asks_for_is_a_side_request() -> None:
    request = read(
        user(text("hello")),
        assistant(text("Done.")),
        user(text("CRITICAL: Respond with TEXT ONLY.\n\nYour task is to create a detailed summary of it.")),
    )

    assert (request.kind, request.prompt) == (RequestKind.COMPACT, "")


def test_a_request_for_one_token_is_a_probe() -> None:
    assert read(user(text("count")), max_tokens=1).kind is RequestKind.PROBE


def test_a_request_for_a_json_object_without_tools_is_structured() -> None:
    wanted = {"format": {"type": "json_schema", "schema": {"properties": {"name": {"type": "string"}}}}}

    assert read(user(text("name it")), tools=[], output_config=wanted).kind is RequestKind.STRUCTURED
    assert read(user(text("hello")), output_config={"effort": "medium"}).kind is RequestKind.TURN


def test_an_empty_conversation_is_the_first_step_of_an_empty_prompt() -> None:
    request = read()

    assert (request.prompt, request.step, request.results) == ("", 0, ())
