from bench.latency import section
from bench.redis import SKIPPED


def test_the_hive_stands_beside_redis() -> None:
    found = section([2.0, 3.0, 4.0], [1.0, 1.5, 9.0])
    assert found["hyperhive_ms"] == {"p50": 3.0, "p99": 4.0, "n": 3}
    assert found["redis_ms"] == {"p50": 1.5, "p99": 9.0, "n": 3}
    assert (found["ratio"], found["ratio_of"]) == (2.0, "hyperhive_ms.p50 / redis_ms.p50")


def test_without_redis_the_reason_is_said() -> None:
    found = section([2.0], [])
    assert (found["redis_ms"], found["redis"], "ratio" in found) == (None, SKIPPED, False)
