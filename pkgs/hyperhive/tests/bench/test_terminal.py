from bench.report import Section
from bench.terminal import section
from bench.ttyd import SKIPPED


def shell(throughput: float, echo: float) -> Section:
    return {"mib_per_s": throughput, "echo_ms": {"p50": echo, "p99": echo, "n": 1}}


def test_the_terminal_stands_beside_ttyd() -> None:
    found = section({"hyperhive": shell(40, 3), "ttyd": shell(80, 1.5), "bare": shell(100, 1)}, 1)
    assert found["hyperhive"] == shell(40, 3)
    assert (found["throughput_ratio"], found["echo_ratio"]) == (0.5, 2.0)


def test_without_ttyd_the_reason_is_said() -> None:
    found = section({"hyperhive": shell(40, 3), "ttyd": None, "bare": shell(100, 1)}, 1)
    assert (found["ttyd"], "echo_ratio" in found) == (SKIPPED, False)
