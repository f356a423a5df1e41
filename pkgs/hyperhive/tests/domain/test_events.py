import json
from typing import Any

import pytest

from hyperhive.domain.events import EVENT_BURST, EVENT_RATE, EVENT_UNIT, EventAllowance, dropped_note, trimmed
from hyperhive.protocol.events import EVENT_SIZE_LIMIT, EVENT_TEXT_LIMIT, EventKind, NewEvent

NOW = 1000.0


def event(ts: float = 1.0, **data: Any) -> NewEvent:
    return NewEvent(ts=ts, kind=EventKind.TOOL_USE, turn="t", data=data)


def test_an_ordinary_event_stays_as_it_is() -> None:
    ordinary = event(name="Bash", input={"command": "ls", "n": [1, 2.5, None, True]})

    assert trimmed(ordinary, NOW) == ordinary


def test_texts_are_cut_at_any_depth() -> None:
    cut = "x" * EVENT_TEXT_LIMIT + "\n[… 1 more characters]"

    stored = trimmed(event(input={"list": ["x" * (EVENT_TEXT_LIMIT + 1)]}), NOW)
    assert stored.data == {"input": {"list": [cut]}}


@pytest.mark.parametrize("ts", [NOW + 1, float("nan"), float("inf"), -5.0])
def test_a_time_that_cannot_be_is_now(ts: float) -> None:
    assert trimmed(event(ts), NOW).ts == NOW


def test_what_json_cannot_say_or_nests_too_deeply_is_replaced() -> None:
    deep: Any = "bottom"
    for _ in range(500):
        deep = [deep]

    stored = trimmed(event(nan=float("nan"), deep=deep), NOW)

    text = json.dumps(stored.data, allow_nan=False)
    assert stored.data["nan"] is None
    assert "nested too deeply" in text
    assert "bottom" not in text


def test_an_event_that_is_too_big_keeps_its_numbers() -> None:
    big = event(cost_usd=0.5, ok=True, texts=["x" * EVENT_TEXT_LIMIT] * 20)

    assert trimmed(big, NOW).data == {
        "cost_usd": 0.5,
        "ok": True,
        "dropped": f"the event was larger than {EVENT_SIZE_LIMIT} bytes",
    }


def test_an_allowance_fills_up_again_with_time() -> None:
    allowance = EventAllowance(NOW)
    end = NewEvent(ts=NOW, kind=EventKind.TURN_END, turn="t", data={})

    def accepted(at: float) -> int:
        return sum(allowance.takes(event(), at) for _ in range(5000))

    assert [accepted(NOW), accepted(NOW), accepted(NOW + 2), accepted(NOW - 50)] == [
        EVENT_BURST,
        0,
        2 * EVENT_RATE,
        0,
    ]
    assert allowance.takes(end, NOW)
    assert sum(allowance.takes(end, NOW) for _ in range(5000)) < 5000


def test_a_large_event_uses_up_the_allowance_of_many() -> None:
    allowance = EventAllowance(NOW)
    large = event(text="x" * (9 * EVENT_UNIT))

    assert sum(allowance.takes(large, NOW) for _ in range(200)) == EVENT_BURST // 10


def test_a_drop_is_noted_as_a_warning() -> None:
    assert dropped_note(NOW).data == {
        "level": "warning",
        "text": "events were dropped: more than 50 a second, or too large",
    }
