from hyperhive.domain.messages import (
    NO_REASON,
    REFUSED_BODY_LIMIT,
    dropped_text,
    left_text,
    parked_notice,
    parked_text,
    refused_body,
    undeliverable_text,
    unstored_text,
)
from hyperhive.protocol.messages import Message, MessageKind, MessageState

PARKED = Message(
    id=3,
    sender="alice",
    recipient="bob",
    kind=MessageKind.TEXT,
    body="x",
    in_reply_to=None,
    broadcast=False,
    question=None,
    sent_at=1.0,
    state=MessageState.PARKED,
    turn="t1",
    deliveries=3,
    redelivered=True,
    leased_at=2.0,
    acked_at=None,
    refused_rule=None,
    failures=3,
    error="",
)


def test_of_a_long_refused_text_the_beginning_is_kept_and_the_rest_counted() -> None:
    assert refused_body("short") == "short"
    assert refused_body("x" * (REFUSED_BODY_LIMIT + 7)) == (
        "x" * REFUSED_BODY_LIMIT + "\n[… 7 more characters were not kept]"
    )


def test_returned_mail_is_listed_by_number() -> None:
    assert undeliverable_text("bob", [3]) == "Message 3 to bob could not be delivered: bob left the hive."
    assert undeliverable_text("bob", range(1, 26)).startswith("Messages 1, 2, 3")
    assert "20 and 5 more to bob" in undeliverable_text("bob", range(1, 26))


def test_the_operator_is_told_how_many() -> None:
    assert left_text("bob", 1) == "bob left the hive: 1 message was not delivered."
    assert left_text("bob", 2) == "bob left the hive: 2 messages were not delivered."
    assert unstored_text("bob", 4) == "4 more refused messages of bob were not stored."


def test_a_failure_that_said_nothing_leaves_no_sentence_open() -> None:
    texts = [parked_text(PARKED), parked_notice(PARKED), dropped_text(PARKED)]

    assert [text.splitlines()[0].partition("the last one with: ")[2] for text in texts] == [NO_REASON] * 3
