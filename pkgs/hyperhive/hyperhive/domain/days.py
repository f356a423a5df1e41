"""Days as budgets and statistics count them: in UTC."""

from typing import Final

DAY: Final = 86_400.0


def day_start(timestamp: float) -> float:
    """The midnight (UTC) that began the day of `timestamp`, both in seconds since 1970."""
    return timestamp - timestamp % DAY
