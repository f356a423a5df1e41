import math

import pytest

from hyperhive.config.models import BrokerLimitsConfig
from hyperhive.domain.budgets import Budget, TokenBucket, bucket, row_bytes
from hyperhive.errors import TooManyRequestsError
from hyperhive.protocol.agents import BudgetKind

NOW = 1000.0
LIMITS = BrokerLimitsConfig.model_validate(BrokerLimitsConfig.default_values())
MIB = 1024 * 1024


def test_a_bucket_gives_what_it_holds_and_then_what_comes_back() -> None:
    tokens = TokenBucket(rate=2, burst=10, now=NOW)
    assert [tokens.take(10, NOW), tokens.take(4, NOW), tokens.take(4, NOW + 2)] == [0, 2, 0]
    assert tokens.take(10, NOW + 100) == 0
    assert tokens.take(1, NOW + 100) == 0.5


def test_what_is_refused_takes_nothing_and_what_never_fits_waits_for_ever() -> None:
    tokens = TokenBucket(rate=1, burst=10, now=NOW)
    assert tokens.take(11, NOW) == math.inf
    assert (tokens.take(6, NOW), tokens.take(6, NOW), tokens.take(4, NOW)) == (0, 2, 0)


def test_a_clock_that_is_set_back_gives_nothing_twice() -> None:
    tokens = TokenBucket(rate=1, burst=10, now=NOW)
    tokens.take(10, NOW)
    assert tokens.take(1, NOW - 500) == 1
    assert (tokens.take(1, NOW - 499), tokens.take(1, NOW - 499)) == (0, 1)


def test_what_came_already_is_owed() -> None:
    tokens = TokenBucket(rate=2, burst=10, now=NOW)
    assert [tokens.spend(10, NOW), tokens.spend(4, NOW), tokens.spend(0, NOW + 1)] == [0, 2, 1]


def test_a_part_of_a_bucket_can_be_kept_for_some() -> None:
    tokens = TokenBucket(rate=1, burst=10, now=NOW)
    tokens.take(10, NOW)
    assert (tokens.take(5, NOW, floor=-5), tokens.take(1, NOW, floor=-5)) == (0, 1)


def test_of_several_kinds_all_are_taken_or_none() -> None:
    budget = Budget(LIMITS, NOW)
    budget.take({BudgetKind.ROWS: 1800}, NOW)
    with pytest.raises(TooManyRequestsError):
        budget.take({BudgetKind.STORED: 8 * MIB, BudgetKind.ROWS: 2}, NOW)
    budget.take({BudgetKind.STORED: 8 * MIB, BudgetKind.ROWS: 0}, NOW)
    assert budget.met == dict.fromkeys(BudgetKind, 0) | {BudgetKind.ROWS: 1}


def test_a_refusal_names_the_limit_and_says_when() -> None:
    budget = Budget(LIMITS, NOW)
    budget.take({BudgetKind.REQUESTS: 1200}, NOW)
    with pytest.raises(TooManyRequestsError) as refused:
        budget.take({BudgetKind.REQUESTS: 30}, NOW)
    limit = "20 calls a second (limits.broker.requests_per_second)"
    assert (refused.value.message, refused.value.retry_after) == (
        f"more than {limit}: try again in 2 s",
        1.5,
    )


def test_what_never_fits_says_how_much_would_and_no_time() -> None:
    with pytest.raises(TooManyRequestsError) as refused:
        Budget(LIMITS, NOW).take({BudgetKind.STORED: 8 * MIB + 1}, NOW)
    limit = "16 MiB an hour that are stored (limits.broker.stored_mib_per_hour)"
    assert (refused.value.message, refused.value.retry_after) == (
        f"too much at once for {limit}: 8388609, and at most 8388608 fit",
        None,
    )


@pytest.mark.parametrize(
    ("text", "taken"), [(0, 512), (100, 614), (1300, 1877), (2100, 4608), (4100, 8704), (200_000, 201_216)]
)
def test_a_row_counts_the_pages_that_its_text_takes(text: int, taken: int) -> None:
    assert row_bytes(text) == taken


def test_the_first_hour_of_an_agent_stores_at_most_64_mib() -> None:
    stores = [bucket(LIMITS, kind, NOW) for kind in (BudgetKind.STORED, BudgetKind.EVENTS)]
    assert sum(one.burst + 3600 * one.rate for one in stores) <= 64 * MIB


def test_the_smallest_limits_let_the_largest_call_through() -> None:
    smallest = {name: field.metadata[0].ge for name, field in BrokerLimitsConfig.model_fields.items()}
    budget = Budget(BrokerLimitsConfig(**smallest), NOW)
    # A question of 256 Ki characters of four bytes, which is stored as a question and as mail.
    amounts = {
        BudgetKind.BYTES_IN: MIB,
        BudgetKind.STORED: 3 * MIB,
        BudgetKind.ROWS: 3,
        BudgetKind.REQUESTS: 1,
    }
    budget.take(amounts, NOW)
    assert budget.spend({BudgetKind.FRAMES: 17, BudgetKind.EVENTS: 256 * 1024}, NOW) == 0
