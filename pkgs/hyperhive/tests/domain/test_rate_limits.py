"""When a limit ends is read from every form that the API has for it."""

import pytest

from hyperhive.domain.rate_limits import ends_at

NOW = 1_700_000_000.0
LIMIT = "anthropic-ratelimit"


@pytest.mark.parametrize(
    ("headers", "end"),
    [
        ({}, None),
        ({"retry-after": "72000"}, NOW + 72_000),
        ({"retry-after": "0.5"}, NOW + 0.5),
        ({"retry-after": "5", "retry-after-ms": "1500"}, NOW + 1.5),
        ({"retry-after": "Wed, 02 Dec 2026 07:28:00 GMT"}, 1_796_196_480),
        ({"retry-after": "Wednesday, 02-Dec-26 07:28:00 GMT"}, 1_796_196_480),
        ({"retry-after": "Wed Dec  2 07:28:00 2026"}, 1_796_196_480),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 99 Dec 2026 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 02 Dec 99999999999999 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 02 Dec 2026 07:28:00 +99999999999999"}, None),
        ({"retry-after": "9" * 400}, float("inf")),
        ({f"{LIMIT}-requests-reset": "2026-12-02T07:28:00Z"}, 1_796_196_480),
        ({f"{LIMIT}-requests-reset": "2026-12-02T08:28:00+01:00"}, 1_796_196_480),
        ({f"{LIMIT}-unified-reset": "1796196480"}, 1_796_196_480),
        ({f"{LIMIT}-requests-reset": "tomorrow"}, None),
        ({"retry-after": "60", f"{LIMIT}-requests-reset": "2026-12-02T07:28:00Z"}, NOW + 60),
    ],
)
def test_one_time_is_read_in_every_form(headers: dict[str, str], end: float | None) -> None:
    assert ends_at(headers, NOW) == end


def test_of_several_limits_the_last_one_that_is_used_up_counts() -> None:
    resets = {f"{LIMIT}-{name}-reset": str(time) for name, time in {"requests": 10, "tokens": 20}.items()}
    assert ends_at(resets, NOW) == 20
    assert ends_at(resets | {f"{LIMIT}-requests-remaining": "0"}, NOW) == 10
    assert ends_at(resets | {f"{LIMIT}-tokens-remaining": "7"}, NOW) == 10


def test_a_subscription_with_something_left_does_not_say_why_it_was_refused() -> None:
    allowed = {f"{LIMIT}-unified-status": "allowed", f"{LIMIT}-unified-reset": "20"}
    assert ends_at(allowed, NOW) is None
    part = {f"{LIMIT}-unified-overage-status": "rejected", f"{LIMIT}-unified-overage-reset": "30"}
    assert ends_at(allowed | part, NOW) is None
    assert ends_at(part | allowed | {f"{LIMIT}-unified-status": "rejected"}, NOW) == 20
