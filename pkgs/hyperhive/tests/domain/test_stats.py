import itertools
import math
from typing import Any

import pytest

from hyperhive.domain import stats
from hyperhive.domain.stats import RESOLUTIONS, TOOLS_PER_DAY, Sample, bucket, known, side, step_for
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
