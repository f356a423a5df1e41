from bench.commits import section
from bench.redis import SKIPPED

RATES = {"hyperhive_4": [1000.0, 900.0, 1100.0], "hyperhive_16": [2000.0], "sqlite_raw": [4000.0]}


def test_medians_ranges_and_ratios_of_every_contender() -> None:
    found = section({**RATES, "redis_always_4": [5000.0]}, rounds=3, seconds=1.5)
    assert found["messages_per_second"] == {
        "hyperhive_4": 1000.0,
        "hyperhive_16": 2000.0,
        "sqlite_raw": 4000.0,
        "redis_always_4": 5000.0,
    }
    assert found["lowest_and_highest"]["hyperhive_4"] == [900.0, 1100.0]
    assert found["ratios"] == {
        "hyperhive_4 / sqlite_raw": 0.25,
        "hyperhive_4 / redis_always_4": 0.2,
        "hyperhive_16 / sqlite_raw": 0.5,
        "hyperhive_16 / redis_always_4": 0.4,
    }
    assert "redis" not in found


def test_without_redis_the_others_stay_and_the_reason_is_said() -> None:
    found = section(RATES, rounds=3, seconds=1.5)
    assert found["messages_per_second"]["redis_always_4"] is None
    assert list(found["ratios"]) == ["hyperhive_4 / sqlite_raw", "hyperhive_16 / sqlite_raw"]
    assert found["redis"] == SKIPPED
