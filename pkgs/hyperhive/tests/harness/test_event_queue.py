"""Events that wait for the link."""

from hyperhive.domain.budgets import TokenBucket
from hyperhive.domain.events import EventAllowance
from hyperhive.harness.event_queue import EVENT_LIMIT, EVENTS_PER_FRAME, EventQueue
from hyperhive.protocol.events import (
    EVENT_SIZE_LIMIT,
    FRAME_VALUES,
    NewEvent,
    Note,
    Text,
    ToolRefusal,
    ToolUse,
)
from hyperhive.protocol.link import Report
from hyperhive.text import json_size

NOW = 1000.0


def event_queue(mib: float = 16, limit: int = EVENT_LIMIT) -> EventQueue:
    """With so many MiB of budget at once, and a thousandth of it more each second."""
    size = mib * 1024 * 1024
    return EventQueue(EventAllowance(TokenBucket(size / 1000, size, NOW)), limit)


def text(words: str) -> NewEvent:
    return NewEvent(ts=1.0, turn="t", data=Text(text=words))


def words(events: list[NewEvent]) -> list[str]:
    return [event.data.text for event in events if isinstance(event.data, Text)]


def test_events_come_out_in_order_a_frame_at_a_time() -> None:
    queue = event_queue()
    for number in range(EVENTS_PER_FRAME + 1):
        queue.add(text(str(number)))
    assert words(queue.take(NOW)) == [str(number) for number in range(EVENTS_PER_FRAME)]
    assert words(queue.take(NOW)) == [str(EVENTS_PER_FRAME)]
    assert queue.take(NOW) == []


def test_a_frame_never_grows_beyond_what_the_broker_takes() -> None:
    queue = event_queue()
    for _ in range(40):
        queue.add(text("\u00e4" * 32_000))
    while batch := queue.take(NOW):
        frame = Report(status=None, events=batch).model_dump_json().encode()
        assert len(frame) <= EVENT_SIZE_LIMIT + 16 * 1024
    assert len(queue) == 0


def test_a_frame_never_has_more_values_than_the_broker_takes() -> None:
    queue = event_queue(mib=64)
    rows = [[number] for number in range(2000)]
    for _ in range(40):
        queue.add(NewEvent(ts=1.0, turn="t", data=ToolUse(input={"rows": rows})))
    taken = 0
    while batch := queue.take(NOW):
        frame = Report(status=None, events=batch).model_dump_json().encode()
        assert json_size(frame, FRAME_VALUES).values <= FRAME_VALUES
        taken += len(batch)
    assert (taken, len(queue)) == (40, 0)


def test_an_event_that_no_frame_could_carry_becomes_a_note() -> None:
    queue = event_queue()
    bees = "\U0001f41d" * 32_000
    queue.add(NewEvent(ts=1.0, turn="t", data=ToolRefusal(input={"a": bees, "b": bees}, reason=bees)))
    (note,) = queue.take(NOW)
    assert isinstance(note.data, Note)
    assert note.data.text.startswith("an event of kind refused was left out: ")


def test_the_oldest_are_dropped_beyond_the_limit() -> None:
    queue = event_queue(limit=2)
    for number in range(5):
        queue.add(text(str(number)))
    assert (words(queue.take(NOW)), queue.dropped) == (["3", "4"], 3)


def test_what_could_not_be_sent_comes_first_again() -> None:
    queue = event_queue()
    for number in range(3):
        queue.add(text(str(number)))
    batch = queue.take(NOW)
    queue.add(text("later"))
    queue.put_back(batch)
    assert words(queue.take(NOW)) == ["0", "1", "2", "later"]


def test_events_over_the_budget_are_cut_then_wait_and_are_not_lost() -> None:
    queue = event_queue(mib=1)
    for _ in range(300):
        queue.add(text("x" * 8000))
    taken, now = [], NOW
    while len(queue):
        taken += queue.take(now)
        now += queue.wait(now) or 0
    lengths = [len(one) for one in words(taken)]
    assert (lengths.count(8000), lengths.count(1049), len(lengths)) == (91, 209, 300)
    assert now > NOW
    assert queue.wait(now) is None
