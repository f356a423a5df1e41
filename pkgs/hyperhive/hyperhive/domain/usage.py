"""What a conversation used: the running totals that Claude Code tells, and what one turn added to them."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self

#: Names that Claude Code gives the counts of one model, in the order of `Usage`.
_COUNTS: Final = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
#: USD by which two equal sums may differ.
_ROUNDING: Final = 1e-9


class Usage(NamedTuple):
    """Cost (an estimate) and tokens of all that worked for the conversation, subagents too."""

    cost_usd: float = 0.0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0

    def __bool__(self) -> bool:
        return any(self)

    @classmethod
    def read(cls, cost_usd: object, models: object) -> Self:
        """From a total cost and the totals by model; what is no number counts as 0."""
        totals = list(models.values()) if isinstance(models, Mapping) else []
        return cls(_cost(cost_usd), *(sum(_count(one, key) for one in totals) for key in _COUNTS))

    def since(self, before: "Usage") -> "Usage":
        """What came on top of `before`; a total that is lower than it began anew at 0."""
        cost = self.cost_usd - before.cost_usd
        counts = [now - then for now, then in zip(self[1:], before[1:], strict=True)]
        if cost < -_ROUNDING or min(counts) < 0:
            return self
        return Usage(max(0.0, cost), *map(int, counts))

    def least(self, other: "Usage") -> "Usage":
        return Usage(min(self.cost_usd, other.cost_usd), *map(int, map(min, self[1:], other[1:])))


def _cost(value: object) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0


def _count(counts: Any, key: str) -> int:
    value = counts.get(key) if isinstance(counts, Mapping) else None
    return value if isinstance(value, int) and value > 0 else 0
