"""How long to wait before trying again: doubling from a first delay up to a ceiling."""

from dataclasses import dataclass


@dataclass
class Backoff:
    """Delays in seconds for one thing that may keep failing."""

    first: float
    ceiling: float
    failures: int = 0

    def next(self) -> float:
        """Count one more failure and return how long to wait."""
        delay = min(self.first * 2.0**self.failures, self.ceiling)
        self.failures = min(self.failures + 1, 32)
        return delay

    def reset(self) -> None:
        """It worked: the next failure waits the first delay again."""
        self.failures = 0
