import math
import random

import pytest

from hyperhive.domain.stats import Cell, Frame, build, quantile, tools, turn_samples
from hyperhive.protocol.events import TurnEnd


def cell(slot: int, key: str, total: float, *, most: float | None = None, last: float | None = None) -> Cell:
    return Cell(slot, key, 0, 1, total, total if most is None else most, total if last is None else last)


def frame(slots: int = 4, *, now: float | None = None, **before: float) -> Frame:
    """Buckets of a minute from 600 on."""
    named = {key.replace("_", "."): value for key, value in before.items()}
    return Frame(600, 60, slots, 600 + 60 * slots - 1 if now is None else now, named)


def durations(*milliseconds: int, slot: int = 0) -> list[Cell]:
    """The histogram that these durations make."""
    bins: dict[int, list[int]] = {}
    for one in milliseconds:
        (sample,) = [one for one in turn_samples(TurnEnd(duration_ms=one)) if one.key == "turn.duration_ms"]
        bins.setdefault(sample.bin, []).append(one)
    return [
        Cell(slot, "turn.duration_ms", number, len(values), sum(values), max(values), values[-1])
        for number, values in bins.items()
    ]


def test_counters_are_sums_with_nothing_in_the_buckets_between_and_null_in_those_to_come() -> None:
    cells = [cell(0, "tokens.input", 3), cell(2, "tokens.input", 4.5)]
    series, totals = build(cells, frame(5, now=600 + 60 * 3 + 1))
    assert series == {"tokens.input": [3, 0, 4.5, 0, None]}
    assert totals == {"tokens.input": 7.5}


def test_a_gauge_holds_until_the_next_sample_and_from_before_the_window() -> None:
    series, totals = build([cell(2, "notes.bytes", 70)], frame(notes_bytes=50))
    assert (series, totals) == ({"notes.bytes": [50, 50, 70, 70]}, {"notes.bytes": 70})
    series, _ = build([cell(1, "context.used", 9)], frame())
    assert series == {"context.used": [None, 9, 9, 9]}
    assert build([], frame()) == ({}, {})


def test_the_greatest_depth_of_a_bucket_is_at_least_what_it_began_with() -> None:
    cells = [cell(1, "inbox.depth", 1, most=3, last=0), cell(2, "inbox.depth", 9, most=9, last=2)]
    series, totals = build(cells, frame(inbox_depth=5))
    assert series == {"inbox.depth": [5, 0, 2, 2], "inbox.depth.max": [5, 5, 9, 2]}
    assert totals == {"inbox.depth": 2, "inbox.depth.max": 9}


def test_turns_a_minute_and_calls_a_turn_are_derived() -> None:
    cells = [cell(0, "turn.count", 2), cell(0, "turn.tool_calls", 5), cell(3, "turn.count", 1)]
    series, totals = build(cells, frame())
    assert series["turn.per_minute"] == [2, 0, 0, 1]
    assert series["turn.tool_calls_per_turn"] == [2.5, None, None, 0]
    assert (totals["turn.per_minute"], totals["turn.tool_calls_per_turn"]) == (0.75, 1.666667)


def test_the_time_since_the_last_turn_grows_until_the_next_one() -> None:
    series, totals = build([cell(1, "turn.count", 1)], frame(now=600 + 200, turn_count=570))
    assert series["turn.idle_seconds"] == [90, 0, 60, 80]
    assert totals["turn.idle_seconds"] == 90
    series, _ = build([cell(1, "turn.count", 1)], frame())
    assert series["turn.idle_seconds"][:2] == [None, 0]
    assert build([], frame(turn_count=570))[0] == {"turn.idle_seconds": [90, 150, 210, 269]}


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [([250], 250, 250), ([100, 900], 100, 900), ([1, 20, 300], 20, 300), (range(10, 2010, 100), 910, 1810)],
)
def test_few_durations_have_their_exact_quantiles(values: list[int], p50: float, p95: float) -> None:
    cells = durations(*values)
    assert quantile(cells, 0.5) == pytest.approx(p50, rel=0.05)
    assert quantile(cells, 0.95) == pytest.approx(p95, rel=0.05)


def test_quantiles_of_many_durations_are_within_a_tenth() -> None:
    rng = random.Random(7)
    values = sorted(round(rng.lognormvariate(9, 1.5)) for _ in range(5000))
    cells = durations(*values)
    assert len(cells) < 150
    for share in (0.01, 0.5, 0.95, 1):
        exact = values[math.ceil(share * len(values)) - 1]
        assert quantile(cells, share) == pytest.approx(exact, rel=0.1)


def test_quantiles_are_told_of_each_bucket_and_of_the_whole_window() -> None:
    series, totals = build([*durations(100, 200, 300), *durations(5000, slot=2)], frame())
    assert series == {
        "turn.duration_ms.p50": [200, None, 5000, None],
        "turn.duration_ms.p95": [300, None, 5000, None],
    }
    assert totals == {"turn.duration_ms.p50": 200, "turn.duration_ms.p95": 5000}
    assert quantile([], 0.5) is None


def test_the_most_used_tools_come_first_and_the_rest_is_counted_together() -> None:
    cells = [cell(slot, f"tool.t{number}", number) for slot in (0, 1) for number in range(1, 6)]
    cells += [cell(0, "tool.other", 7)]
    assert list(tools(cells, 3).items()) == [("t5", 10), ("t4", 8), ("t3", 6), ("other", 13)]
    assert tools([cell(0, "tool.Bash", 1)], 3) == {"Bash": 1}


def test_a_bucket_that_has_not_begun_is_null_in_every_series() -> None:
    cells = [cell(0, "turn.count", 1), cell(0, "inbox.depth", 2), *durations(5)]
    series, _ = build(cells, frame(3, now=630))
    assert {key: numbers[1:] for key, numbers in series.items()} == {key: [None, None] for key in series}
