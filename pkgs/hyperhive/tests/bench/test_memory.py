import os

import pytest

from bench.memory import weigh
from hyperhive.errors import UnavailableError


def test_a_process_is_weighed_in_mib() -> None:
    found = weigh([os.getpid()])
    assert sorted(found) == ["pss", "rss"]
    assert 1 < found["pss"] <= found["rss"] < 10_000


def test_a_process_that_has_ended_cannot_be_weighed() -> None:
    with pytest.raises(UnavailableError, match="process 4194305 cannot be weighed"):
        weigh([4194305])
