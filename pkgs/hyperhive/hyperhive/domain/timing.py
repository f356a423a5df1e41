"""Time: days in UTC, delays between tries, and how often something may happen. All of it in seconds."""

from collections import deque
from dataclasses import dataclass
from typing import Final

DAY: Final = 86_400.0


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
