"""Events that wait for the link."""

from hyperhive.harness.event_queue import EVENTS_PER_FRAME, EventQueue
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


def text(words: str) -> NewEvent:
    return NewEvent(ts=1.0, turn="t", data=Text(text=words))


def words(events: list[NewEvent]) -> list[str]:
    return [event.data.text for event in events if isinstance(event.data, Text)]


def test_events_come_out_in_order_a_frame_at_a_time() -> None:
    queue = EventQueue()
    for number in range(EVENTS_PER_FRAME + 1):
        queue.add(text(str(number)))
    assert words(queue.take()) == [str(number) for number in range(EVENTS_PER_FRAME)]
    assert words(queue.take()) == [str(EVENTS_PER_FRAME)]
    assert queue.take() == []


def test_a_frame_never_grows_beyond_what_the_broker_takes() -> None:
    queue = EventQueue()
    for _ in range(40):
        queue.add(text("\u00e4" * 32_000))
    while batch := queue.take():
        frame = Report(status=None, events=batch).model_dump_json().encode()
        assert len(frame) <= EVENT_SIZE_LIMIT + 16 * 1024
    assert len(queue) == 0


def test_a_frame_never_has_more_values_than_the_broker_takes() -> None:
    queue = EventQueue()
    rows = [[number] for number in range(2000)]
    for _ in range(40):
        queue.add(NewEvent(ts=1.0, turn="t", data=ToolUse(input={"rows": rows})))
    taken = 0
    while batch := queue.take():
        frame = Report(status=None, events=batch).model_dump_json().encode()
        assert json_size(frame, FRAME_VALUES).values <= FRAME_VALUES
        taken += len(batch)
    assert (taken, len(queue)) == (40, 0)


def test_an_event_that_no_frame_could_carry_becomes_a_note() -> None:
    queue = EventQueue()
    bees = "\U0001f41d" * 32_000
    queue.add(NewEvent(ts=1.0, turn="t", data=ToolRefusal(input={"a": bees, "b": bees}, reason=bees)))
    (note,) = queue.take()
    assert isinstance(note.data, Note)
    assert note.data.text.startswith("an event of kind refused was left out: ")


def test_the_oldest_are_dropped_beyond_the_limit() -> None:
    queue = EventQueue(limit=2)
    for number in range(5):
        queue.add(text(str(number)))
    assert (words(queue.take()), queue.dropped) == (["3", "4"], 3)


def test_what_could_not_be_sent_comes_first_again() -> None:
    queue = EventQueue()
    for number in range(3):
        queue.add(text(str(number)))
    batch = queue.take()
    queue.add(text("later"))
    queue.put_back(batch)
    assert words(queue.take()) == ["0", "1", "2", "later"]
