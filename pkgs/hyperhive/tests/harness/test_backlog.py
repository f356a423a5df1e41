"""Events that wait for the link."""

from hyperhive.harness.backlog import EVENTS_PER_FRAME, EventBacklog
from hyperhive.protocol.events import EVENT_SIZE_LIMIT, EventKind, NewEvent
from hyperhive.protocol.link import Report


def text(words: str) -> NewEvent:
    return NewEvent(ts=1.0, kind=EventKind.TEXT, turn="t", data={"text": words})


def words(events: list[NewEvent]) -> list[str]:
    return [event.data["text"] for event in events]


def test_events_come_out_in_order_a_frame_at_a_time() -> None:
    backlog = EventBacklog()
    for number in range(EVENTS_PER_FRAME + 1):
        backlog.add(text(str(number)))
    assert words(backlog.take()) == [str(number) for number in range(EVENTS_PER_FRAME)]
    assert words(backlog.take()) == [str(EVENTS_PER_FRAME)]
    assert backlog.take() == []


def test_a_frame_never_grows_beyond_what_the_broker_takes() -> None:
    backlog = EventBacklog()
    for _ in range(40):
        backlog.add(text("\u00e4" * 32_000))
    while batch := backlog.take():
        frame = Report(status=None, events=batch).model_dump_json().encode()
        assert len(frame) <= EVENT_SIZE_LIMIT + 16 * 1024
    assert len(backlog) == 0


def test_an_event_that_no_frame_could_carry_becomes_a_note() -> None:
    backlog = EventBacklog()
    backlog.add(text("\x01" * EVENT_SIZE_LIMIT))
    (note,) = backlog.take()
    assert note.kind is EventKind.NOTE
    assert note.data["text"].startswith("an event of kind text was left out: ")


def test_the_oldest_are_dropped_beyond_the_limit() -> None:
    backlog = EventBacklog(limit=2)
    for number in range(5):
        backlog.add(text(str(number)))
    assert (words(backlog.take()), backlog.dropped) == (["3", "4"], 3)


def test_what_could_not_be_sent_comes_first_again() -> None:
    backlog = EventBacklog()
    for number in range(3):
        backlog.add(text(str(number)))
    batch = backlog.take()
    backlog.add(text("later"))
    backlog.put_back(batch)
    assert words(backlog.take()) == ["0", "1", "2", "later"]
