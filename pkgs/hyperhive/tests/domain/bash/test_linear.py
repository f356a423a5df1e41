import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from bench.judging import PATTERNS, SHAPES
from hyperhive.domain.bash import judge

SIZE = 2000


def steps(work: Callable[[], object]) -> int:
    """Lines of Python run and functions of C called."""
    count = 0

    def traced(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return traced

    def profiled(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event == "c_call"

    before = sys.gettrace()
    sys.settrace(traced)
    sys.setprofile(profiled)
    try:
        work()
    finally:
        sys.setprofile(None)
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", SHAPES)
def test_twice_the_line_takes_at_most_twice_the_steps(name: str) -> None:
    short, long = (steps(partial(judge, SHAPES[name](size), PATTERNS)) for size in (SIZE, 2 * SIZE))
    assert short > 5
    assert long < 2.2 * short + 500
