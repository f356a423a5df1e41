import pytest

from hyperhive.domain.days import day_start


@pytest.mark.parametrize(
    ("timestamp", "start"),
    [(0.0, 0.0), (86_399.9, 0.0), (86_400.0, 86_400.0), (1_793_707_200.5, 1_793_664_000.0)],
)
def test_a_day_begins_at_midnight_utc(timestamp: float, start: float) -> None:
    assert day_start(timestamp) == start
