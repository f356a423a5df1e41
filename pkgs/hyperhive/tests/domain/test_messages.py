from hyperhive.domain.messages import (
    REFUSED_BODY_LIMIT,
    left_text,
    refused_body,
    undeliverable_text,
    unstored_text,
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
