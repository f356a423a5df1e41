import itertools
import math
import random
from typing import Any

import pytest

from hyperhive.domain import stats
from hyperhive.domain.stats import (
    RESOLUTIONS,
    TOOLS_PER_DAY,
    Cell,
    Frame,
    Sample,
    bucket,
    build,
    known,
    quantile,
    side,
    step_for,
    tools,
    turn_samples,
)
from hyperhive.protocol.events import TurnEnd

NOW = 1_793_707_200.0 + 123.5
HOUR, DAY = 3600, 86_400


def kept(data: dict[str, Any]) -> dict[str, float]:
    """What a turn's end adds, by key."""
    return {one.key: one.value for one in stats.turn_samples(TurnEnd.model_validate(data))}


def test_the_end_of_a_turn_counts_it_and_everything_it_used() -> None:
    samples = stats.turn_samples(
        TurnEnd.model_validate(
            {
                "result": "ok",
                "error": "",
                "duration_ms": 4000,
                "tool_calls": 3,
                "tools": {"Bash": 2, "mcp__orders__query": 1},
                "cost_usd": 0.25,
                "tokens": {"input": 10, "output": 20, "cache_read": 30, "cache_write": 40},
                "context_used": 900,
                "context_max": 200_000,
                "notes_bytes": 77,
            }
        )
    )
    assert samples == [
        Sample("turn.count", 0, 1),
        Sample("turn.result.ok", 0, 1),
        Sample("turn.duration_ms", 95, 4000),
        Sample("turn.tool_calls", 0, 3),
        Sample("cost_usd", 0, 0.25),
        Sample("tokens.input", 0, 10),
        Sample("tokens.output", 0, 20),
        Sample("tokens.cache_read", 0, 30),
        Sample("tokens.cache_write", 0, 40),
        Sample("context.used", 0, 900),
        Sample("notes.bytes", 0, 77),
        Sample("tool.Bash", 0, 2),
        Sample("tool.mcp__orders__query", 0, 1),
    ]


@pytest.mark.parametrize(
    ("result", "key"),
    [
        ("ok", "ok"),
        ("cancelled", "cancelled"),
        ("failed", "failed"),
        ("too_long", "compact_retry"),
        ("rate_limited", "failed"),
        ("unauthenticated", "failed"),
        (["ok"], "failed"),
        (None, "failed"),
    ],
)
def test_every_ending_is_one_of_four(result: object, key: str) -> None:
    assert kept({"result": result}) == {"turn.count": 1, f"turn.result.{key}": 1}


def test_numbers_that_no_turn_can_have_are_left_out() -> None:
    nonsense: list[object] = [-1, math.nan, math.inf, 1e300, "7", True, [], {}, None]
    for value in nonsense:
        data = {
            "result": "ok",
            "duration_ms": value,
            "tool_calls": value,
            "tools": {"Bash": value},
            "cost_usd": value,
            "tokens": {"input": value},
            "context_used": value,
            "notes_bytes": value,
        }
        assert kept(data) == {"turn.count": 1, "turn.result.ok": 1}, value
    assert kept({"result": "ok", "tools": "Bash", "tokens": 3}) == {"turn.count": 1, "turn.result.ok": 1}


def test_a_tool_has_a_key_of_its_own_only_under_a_name_that_tools_can_have() -> None:
    assert stats.tool_key("mcp__a__b-c.d") == "tool.mcp__a__b-c.d"
    for name in ("", "<img src=x>", "a b", "ä", "a\n", "x" * 129, "a/b", "\u202e"):
        assert stats.tool_key(name) == "tool.other"


def test_a_turn_names_a_limited_number_of_tools() -> None:
    data = {"tools": {f"tool-{number}": 1 for number in range(5000)}}
    assert len([key for key in kept(data) if key.startswith("tool.")]) == TOOLS_PER_DAY


def test_the_other_side_of_a_message_is_of_four_kinds() -> None:
    sides = [side(name, "boss") for name in ("operator", "system", "boss", "alice", "manager")]
    assert sides == ["operator", "system", "manager", "peer", "peer"]


@pytest.mark.parametrize(
    ("age", "step"), [(0, 60), (2 * HOUR, 60), (4 * HOUR, 900), (20 * HOUR, 900), (DAY, 900), (9 * DAY, 900)]
)
def test_a_sample_belongs_to_a_bucket_that_is_as_long_as_those_of_its_age(age: float, step: int) -> None:
    start = bucket(NOW - age, NOW)
    assert start % step == 0
    # What comes more than a day late counts as a day late.
    assert start <= NOW - min(age, DAY) < start + step


def test_a_sample_from_the_future_counts_now() -> None:
    assert bucket(NOW + 9e9, NOW) == bucket(NOW, NOW)


def test_buckets_can_be_folded_because_each_length_is_a_multiple_of_the_one_before() -> None:
    for finer, coarser in itertools.pairwise(RESOLUTIONS):
        assert coarser.step % finer.step == 0
        assert coarser.age > finer.age


@pytest.mark.parametrize(
    ("ago", "span", "step"),
    [
        (HOUR, HOUR, 60),
        (DAY, DAY, 900),
        (7 * DAY, 7 * DAY, 7200),
        (30 * DAY, 30 * DAY, 21_600),
        (90 * DAY, 90 * DAY, DAY),
        (2 * HOUR, 600, 60),
        # Of a time that long ago there is nothing finer.
        (DAY, HOUR, 900),
        (30 * DAY, HOUR, 21_600),
        (400 * DAY, 400 * DAY, 4 * DAY),
    ],
)
def test_the_step_covers_the_window_and_is_no_finer_than_what_is_kept(ago: int, span: int, step: int) -> None:
    since = NOW - ago
    assert step_for(since, since + span, NOW, 120) == step


def test_a_step_is_a_whole_number_of_the_buckets_that_are_kept_anywhere_in_the_window() -> None:
    for buckets in (1, 7, 60, 120, 500):
        for days in (0.01, 0.5, 1, 2, 3, 7, 8, 9, 30, 100, 1000):
            since = NOW - days * DAY
            step = step_for(since, NOW, NOW, buckets)
            assert (NOW - since) / step <= buckets
            assert all(
                step % one.step == 0 for one in RESOLUTIONS if one.step <= stats.resolution(since, NOW)
            )


def test_keys_and_beginnings_of_keys_are_known() -> None:
    for key in (
        "turn",
        "turn.count",
        "turn.duration_ms",
        "messages.sent",
        "tool",
        "tool.Bash",
        "inbox.depth",
    ):
        assert known(key), key
    for key in ("", "turn.", "turns", "tool.<b>", "messages.sent.nobody", "approvals"):
        assert not known(key), key


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
