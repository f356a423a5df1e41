import json
import math
from typing import Any

import pytest

from hyperhive.protocol.events import (
    EVENT_TEXT_LIMIT,
    INPUT_LIMIT,
    VALUE_LIMIT,
    AgentEvent,
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

ONE_OF_EACH: list[EventData] = [
    TurnStart(prompt="mail", messages=[4]),
    Text(text="I look."),
    Thinking(text="hm"),
    ToolUse(id="u1", name="Bash", input={"command": "ls", "n": [1, 2.5, None, True]}),
    ToolResult(id="u1", is_error=True, text="no"),
    ToolRefusal(tool="Bash", input={"command": "rm"}, rule="no_pattern", reason="no"),
    Note(level="warning", text="the API answered 529", retry=True),
    TurnEnd(result=TurnResult.OK, duration_ms=5, tools={"Bash": 1}, cost_usd=0.5, tokens=Tokens(input=3)),
]


def told(kind: object, data: object) -> EventData:
    """What is understood of an event's JSON."""
    return NewEvent.model_validate_json(json.dumps({"ts": 1, "kind": kind, "turn": "t", "data": data})).data


@pytest.mark.parametrize("data", ONE_OF_EACH, ids=lambda data: data.kind.value)
def test_an_event_is_told_with_its_kind_beside_its_data_and_understood_again(data: EventData) -> None:
    event = AgentEvent(id=7, agent="alice", ts=1.5, turn="t", data=data)

    document = json.loads(event.model_dump_json())

    fields = {name: value for name, value in data.model_dump(mode="json").items() if name != "kind"}
    assert document == {
        "id": 7,
        "agent": "alice",
        "ts": 1.5,
        "turn": "t",
        "kind": data.kind.value,
        "data": fields,
    }
    assert AgentEvent.model_validate(document) == event


def test_texts_are_cut_once_at_any_depth() -> None:
    cut = "x" * EVENT_TEXT_LIMIT + "\n[… 1 more characters]"

    use = ToolUse(input={"list": ["x" * (EVENT_TEXT_LIMIT + 1)]})
    assert use.input == {"list": [cut]}
    assert Text(text=cut).text == cut


def test_what_json_cannot_say_or_nests_too_deeply_is_replaced() -> None:
    deep: Any = "bottom"
    for _ in range(100):
        deep = [deep]

    use = told("tool_use", {"input": {"nan": math.nan, "deep": deep}})

    assert isinstance(use, ToolUse)
    assert use.input["nan"] is None
    text = json.dumps(use.input, allow_nan=False)
    assert "nested too deeply" in text
    assert "bottom" not in text


def test_an_input_that_is_too_long_is_kept_as_the_begin_of_one_text() -> None:
    use = ToolUse(id="u1", name="Write", input={"texts": ["x" * EVENT_TEXT_LIMIT] * 3})

    assert (use.id, use.name, list(use.input)) == ("u1", "Write", ["(cut)"])
    assert len(use.input["(cut)"]) < INPUT_LIMIT


def test_of_an_input_of_too_many_values_the_first_are_kept() -> None:
    rows = [[number, number] for number in range(VALUE_LIMIT)]
    kept = VALUE_LIMIT // 3

    use = ToolUse(input={"rows": rows, "more": {"a": 1}})

    assert use.input == {"rows": [*rows[:kept], "[… more]"], "[… more]": ""}
    assert ToolUse(input=use.input).input == {"rows": [*rows[:kept], "[… more]"], "[… more]": ""}
    assert Text.model_validate({"text": [0] * 100_000}).text == f'[{"0, " * VALUE_LIMIT}"[… more]"]'


@pytest.mark.parametrize(
    "value",
    [None, "lots", -5, 1e308, math.nan, pytest.param(10**400, id="huge"), [], {}, True],
)
def test_what_does_not_fit_a_field_is_left_out_and_the_rest_is_kept(value: object) -> None:
    known = {"result": "cancelled", "duration_ms": 5}
    wrong = {
        "tool_calls": value,
        "tools": {"Bash": 2, "Read": value},
        "cost_usd": value,
        "tokens": {"input": value, "output": 3},
        "context_used": value,
    }

    assert told("turn_end", known | wrong) == TurnEnd(
        result=TurnResult.CANCELLED, duration_ms=5, tools={"Bash": 2}, tokens=Tokens(output=3)
    )
    assert told("turn_end", {"result": value, "tokens": [value], "tools": value}) == TurnEnd()
    assert told("note", {"level": value, "text": "x", "retry": 1}) == Note(text="x")
    assert told("turn_start", {"prompt": "go", "messages": [1, value]}) == TurnStart(prompt="go")


def test_what_is_no_text_is_told_as_json_and_nothing_as_no_text() -> None:
    use = told("tool_use", {"id": 1, "name": {"a": ["b"]}, "input": "ls", "more": 2})

    assert use == ToolUse(id="1", name='{"a": ["b"]}')
    assert told("turn_end", {"error": None}) == TurnEnd()


def test_half_a_character_spoils_no_event() -> None:
    half = "cut \ud83d"

    for data in (Text(text=half), ToolUse(name=half, input={"a": [half], half: half})):
        assert "cut \ufffd" in NewEvent(ts=1.0, turn="t", data=data).model_dump_json()


@pytest.mark.parametrize("ts", ["1e400", "1" + "0" * 400, "-1" + "0" * 400])
def test_an_endless_time_is_a_time(ts: str) -> None:
    event = NewEvent.model_validate_json(f'{{"ts": {ts}, "kind": "text", "turn": null, "data": {{}}}}')

    assert math.isinf(event.ts)


@pytest.mark.parametrize(
    ("kind", "data"), [("dream", {"of": "sheep"}), ("text", "sheep"), ([], {"sheep": 1})]
)
def test_an_event_of_no_known_shape_is_shown_as_a_note(kind: object, data: object) -> None:
    note = told(kind, data)

    assert isinstance(note, Note)
    assert note.level == "warning"
    assert "sheep" in note.text


def test_the_name_of_a_turn_is_cut() -> None:
    assert NewEvent(ts=1.0, turn="t" * 100, data=Text()).turn == "t" * 64
