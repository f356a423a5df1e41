import pytest

from hyperhive.domain.budgets import TokenBucket
from hyperhive.domain.events import SHORT_TEXT, EventAllowance, dated, event_bytes, limited_note, shortened
from hyperhive.protocol.events import NewEvent, Note, Text, ToolUse, TurnEnd

NOW = 1000.0
MIB = 1024 * 1024


def event(ts: float = 1.0) -> NewEvent:
    return NewEvent(ts=ts, turn="t", data=ToolUse(id="a", name="Bash", input={"command": "ls"}))


def text(characters: int) -> NewEvent:
    return NewEvent(ts=NOW, turn="t", data=Text(text="x" * characters))


def test_an_event_of_the_past_stays_as_it_is() -> None:
    assert dated(event(), NOW) == event()


@pytest.mark.parametrize("ts", [NOW + 1, float("nan"), float("inf"), -5.0])
def test_a_time_that_cannot_be_is_now(ts: float) -> None:
    assert dated(event(ts), NOW) == event(NOW)


def test_a_shortened_event_has_the_first_of_each_long_text_and_all_else() -> None:
    given = {"command": "y" * 3000}
    use = NewEvent(ts=NOW, turn="t", data=ToolUse(id="a", name="Bash", input=given))
    cut = shortened(use)
    assert isinstance(cut.data, ToolUse)
    assert cut.data.input == {"(cut)": f'{{"command": "{"y" * (SHORT_TEXT - 13)}\n[… 1991 more characters]'}
    assert shortened(event()) == event()
    end = NewEvent(ts=NOW, turn="t", data=TurnEnd(tools={"Bash": 3, "x" * 200: 4}, tool_calls=7))
    assert shortened(end) == end


def test_a_bucket_that_runs_low_has_texts_cut_then_events_wait_and_ends_of_turns_do_not() -> None:
    allowance = EventAllowance(TokenBucket(rate=1000, burst=MIB, now=NOW))
    end = NewEvent(ts=NOW, turn="t", data=TurnEnd())

    admitted = [allowance.admit(text(30_000), NOW) for _ in range(1000)]

    whole = sum(one == text(30_000) for one in admitted)
    cut = sum(one == shortened(text(30_000)) for one in admitted)
    assert (whole, cut, admitted.count(None)) == (24, 133, 843)
    assert allowance.wait(event(), NOW) > 0
    assert allowance.admit(event(), NOW) is None
    assert allowance.admit(end, NOW) == end
    assert allowance.admit(event(), NOW + 3600) == event()


def test_the_reserve_for_ends_of_turns_ends_too() -> None:
    allowance = EventAllowance(TokenBucket(rate=1, burst=MIB, now=NOW))
    end = NewEvent(ts=NOW, turn="t", data=TurnEnd())
    admitted = sum(allowance.admit(end, NOW) is not None for _ in range(10_000))
    assert admitted == 2 * MIB // event_bytes(end)


def test_that_some_is_missing_is_noted_as_a_warning() -> None:
    said = "texts of events were cut short, or events dropped: more than 3 a day"
    assert limited_note("3 a day", NOW) == NewEvent(ts=NOW, turn=None, data=Note(level="warning", text=said))
