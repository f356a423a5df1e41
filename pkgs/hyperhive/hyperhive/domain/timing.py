"""Time: days in UTC, delays between tries, pauses, how often something may happen. All of it in seconds."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0
#: Seconds that a busy loop may be late by.
_LATE: Final = 2.0


def day_start(timestamp: float) -> float:
    """The midnight (UTC) that began the day of `timestamp`, both in seconds since 1970."""
    return timestamp - timestamp % DAY


@dataclass
class Backoff:
    """Delays for one thing that may keep failing: doubled from `first` up to `ceiling`."""

    first: float
    ceiling: float
    failures: int = 0

    def next(self) -> float:
        delay = min(self.first * 2.0**self.failures, self.ceiling)
        self.failures = min(self.failures + 1, 32)
        return delay

    def reset(self) -> None:
        self.failures = 0


class PauseWatch:
    """Notices that a loop which ticks `every` so many seconds stood still: stopped, or the machine asleep.

    Args:
        clocks: Each goes on during some of the pauses: a machine's boot time while the machine sleeps, the
            time of day once it is set after a virtual machine was moved.
    """

    def __init__(self, every: float, *clocks: Callable[[], float]) -> None:
        self._every = every
        self._clocks = clocks
        self._last = [clock() for clock in clocks]

    def tick(self) -> float:
        """The seconds that this tick came too late by, 0 while it came more or less in time."""
        now = [clock() for clock in self._clocks]
        late = max(new - old for new, old in zip(now, self._last, strict=True)) - self._every
        self._last = now
        return late if late > _LATE else 0.0


class SlidingWindow:
    """At most `limit` in any window of `seconds`; a clock that is set back forgets what happened."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def left(self, now: float) -> int:
        while self._times and not 0 <= now - self._times[0] < self._seconds:
            self._times.popleft()
        return self._limit - len(self._times)

    def frees_at(self, now: float) -> float:
        """When one more may happen; meaningful only while none may."""
        return self._times[0] + self._seconds if self._times else now

    def take(self, now: float) -> bool:
        """Count one; False, and not counted, when it is one too many."""
        if not self.left(now):
            return False
        self._times.append(now)
        return True
