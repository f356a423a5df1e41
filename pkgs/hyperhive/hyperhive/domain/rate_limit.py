"""How often something may happen: at most so many times in any window of so many seconds."""

from collections import deque


class SlidingWindow:
    """What happened in the last `seconds`; a clock that is set back forgets it."""

    def __init__(self, limit: int, seconds: float = 60.0) -> None:
        self._limit = limit
        self._seconds = seconds
        self._times: deque[float] = deque()

    def left(self, now: float) -> int:
        """How many more may happen now."""
        while self._times and not 0 <= now - self._times[0] < self._seconds:
            self._times.popleft()
        return self._limit - len(self._times)

    def frees_at(self, now: float) -> float:
        """When one more may happen; meaningful while none may."""
        return self._times[0] + self._seconds if self._times else now

    def take(self, now: float) -> bool:
        """Count one; False, and not counted, when that is one too many."""
        if not self.left(now):
            return False
        self._times.append(now)
        return True
