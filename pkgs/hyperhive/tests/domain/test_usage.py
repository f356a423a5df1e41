"""Running totals and what a turn added to them."""

from hyperhive.domain.usage import Usage


def test_the_totals_of_all_models_add_up() -> None:
    models = {
        "a": {"inputTokens": 5, "outputTokens": 1, "cacheReadInputTokens": 7},
        "b": {"inputTokens": 2, "cacheCreationInputTokens": 3, "contextWindow": 9},
        "c": None,
    }
    assert Usage.read(0.5, models) == Usage(0.5, 7, 1, 7, 3)


def test_what_is_no_number_counts_as_nothing() -> None:
    assert not Usage.read(None, None)
    assert not Usage.read("a lot", {"a": {"inputTokens": "many", "outputTokens": -4}})


def test_a_turn_adds_the_difference() -> None:
    assert Usage(0.75, 10, 4, 2, 2).since(Usage(0.5, 7, 1, 2)) == Usage(0.25, 3, 3, 0, 2)


def test_totals_that_are_lower_than_before_began_anew() -> None:
    assert Usage(0.25, 3).since(Usage(0.5, 7)) == Usage(0.25, 3)
    assert Usage(0.75, 3).since(Usage(0.5, 7)) == Usage(0.75, 3)


def test_a_sum_that_was_rounded_otherwise_is_not_lower() -> None:
    assert Usage(0.1 + 0.2 - 1e-12, 7).since(Usage(0.1 + 0.2, 7)) == Usage()
