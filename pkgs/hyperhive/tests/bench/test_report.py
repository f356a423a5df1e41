import pytest

from bench.report import Spread, percentile, ratio, readable, rounded


def test_a_spread_says_the_median_the_99th_percentile_and_how_many_there_were() -> None:
    assert Spread([4.0, 1.0, 3.0, 2.0]).summary() == {"p50": 2.5, "p99": 4.0, "n": 4}
    assert Spread([float(one) for one in range(1, 201)]).summary() == {"p50": 100.0, "p99": 198.0, "n": 200}
    assert Spread([7.0]).summary() == {"p50": 7.0, "p99": 7.0, "n": 1}


@pytest.mark.parametrize(
    ("percent", "found"), [(0, 1.0), (25, 1.0), (26, 2.0), (50, 2.0), (75, 3.0), (99, 4.0), (100, 4.0)]
)
def test_a_percentile_is_the_sample_of_the_nearest_rank(percent: float, found: float) -> None:
    assert percentile([3.0, 1.0, 4.0, 2.0], percent) == found


@pytest.mark.parametrize(
    ("exact", "said"),
    [(0.0, 0.0), (0.0123456, 0.0123), (1.23456, 1.23), (12.3456, 12.3), (1234.5, 1234.0), (-0.5555, -0.555)],
)
def test_numbers_have_three_digits(exact: float, said: float) -> None:
    assert rounded(exact) == said


def test_a_ratio_is_one_over_the_other() -> None:
    assert ratio(1500.0, 40.0) == 37.5


def test_the_readable_form_has_a_line_for_every_number() -> None:
    document = {
        "wake": {"warm_ms": {"p50": 20.0, "p99": 31.5, "n": 24}, "ratio": 37.5, "of": "process / warm"},
        "commits": {"messages_per_second": {"a": 900.0, "b": None, "c": 1.0, "d": 2.0}, "range": [1.0, 2.5]},
        "quick": True,
    }
    assert readable(document) == (
        "\nwake\n"
        "  warm_ms  p50 20  p99 31.5  n 24\n"
        "  ratio    37.5\n"
        "  of       process / warm\n"
        "\ncommits\n"
        "  messages_per_second\n"
        "    a  900\n"
        "    b  -\n"
        "    c  1\n"
        "    d  2\n"
        "  range                1, 2.5\n"
        "quick    True"
    )
