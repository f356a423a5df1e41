from bench.wake import FULL, Samples, section


def test_the_ratio_is_a_process_over_the_warm_session_and_says_so() -> None:
    warm = Samples([20.0, 40.0, 30.0], {"Bash", "mcp__hyperhive__send"})
    full = Samples([900.0, 1500.0, 1200.0], {"mcp__hyperhive__send", "Bash"})
    bare = Samples([300.0], {"Bash"})
    found = section(warm, full, bare)
    numbers = {key: value for key, value in found.items() if not isinstance(value, str)}
    assert numbers == {
        "warm_ms": {"p50": 30.0, "p99": 40.0, "n": 3},
        "process_ms": {"p50": 1200.0, "p99": 1500.0, "n": 3},
        "bare_process_ms": {"p50": 300.0, "p99": 300.0, "n": 1},
        "ratio": 40.0,
        "bare_ratio": 10.0,
        "same_tools": True,
    }
    assert found["ratio_of"] == "process_ms.p50 / warm_ms.p50"
    assert found["bare_ratio_of"] == "bare_process_ms.p50 / warm_ms.p50"


def test_a_process_that_got_other_tools_is_told() -> None:
    without = Samples([1.0], {"Bash"})
    assert section(Samples([1.0], {"Bash", "Read"}), without, without)["same_tools"] is False


def test_even_a_slow_machine_gives_twenty_wakes_and_ten_processes() -> None:
    assert FULL.enough * FULL.warm >= 20
    assert FULL.enough >= 10
