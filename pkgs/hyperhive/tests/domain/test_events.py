import pytest

from hyperhive.domain.events import EVENT_BURST, EVENT_RATE, EVENT_UNIT, EventAllowance, dated, dropped_note
from hyperhive.protocol.events import NewEvent, Note, ToolUse, TurnEnd

NOW = 1000.0


def event(ts: float = 1.0) -> NewEvent:
    return NewEvent(ts=ts, turn="t", data=ToolUse(id="a", name="Bash", input={"command": "ls"}))


def test_an_event_of_the_past_stays_as_it_is() -> None:
    assert dated(event(), NOW) == event()


@pytest.mark.parametrize("ts", [NOW + 1, float("nan"), float("inf"), -5.0])
def test_a_time_that_cannot_be_is_now(ts: float) -> None:
    assert dated(event(ts), NOW) == event(NOW)


def test_an_allowance_fills_up_again_with_time() -> None:
    allowance = EventAllowance(NOW)
    end = NewEvent(ts=NOW, turn="t", data=TurnEnd())

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


@pytest.mark.parametrize("unit", ["x" * EVENT_UNIT, "🐝" * (EVENT_UNIT // 4)], ids=["ascii", "wide"])
def test_a_large_event_uses_up_the_allowance_of_many(unit: str) -> None:
    allowance = EventAllowance(NOW)
    large = NewEvent(ts=NOW, turn="t", data=ToolUse(input={str(part): unit for part in range(7)}))

    assert sum(allowance.takes(large, NOW) for _ in range(200)) == EVENT_BURST // 8


def test_a_drop_is_noted_as_a_warning() -> None:
    text = "events were dropped: more than 50 a second, or too large"
    assert dropped_note(NOW) == NewEvent(ts=NOW, turn=None, data=Note(level="warning", text=text))
