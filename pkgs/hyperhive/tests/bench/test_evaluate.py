from bench.evaluate import section


def test_an_added_agent_costs_the_difference_of_the_medians() -> None:
    found = section([1.0, 1.5, 2.0], [9.0, 6.5, 6.0], more=10)
    assert {key: value for key, value in found.items() if not isinstance(value, str)} == {
        "agents_1_seconds": {"p50": 1.5, "p99": 2.0, "n": 3},
        "agents_11_seconds": {"p50": 6.5, "p99": 9.0, "n": 3},
        "seconds_per_added_agent": 0.5,
    }
