"""When making something shorter is tried: never for ever without gain."""

from dataclasses import dataclass, replace
from typing import Final

#: Tries without gain after which no more follow.
_TRIES: Final = 2
#: The part of what there was at the last try that must have come on top before another one: a tenth.
_GROWTH: Final = 10


@dataclass(frozen=True)
class Breaker:
    """Tries to bring one thing, the context or the notes, below its limit."""

    #: Tries in a row that brought no gain.
    failures: int = 0
    #: What there was at the last try.
    size: int = 0
    #: Whether what came of the last try is still to be seen.
    pending: bool = False
    #: Whether the operator was told that there are no more tries.
    told: bool = False

    @property
    def stopped(self) -> bool:
        return self.failures >= _TRIES

    def allows(self, size: int) -> bool:
        """Whether to try with this much."""
        return not self.stopped or (size - self.size) * _GROWTH >= max(1, self.size)

    def tried(self, size: int) -> "Breaker":
        return replace(self, size=size, pending=True)

    def judged(self, *, gained: bool) -> "Breaker":
        """What is seen after a try; what is below its limit again begins anew."""
        if gained:
            return Breaker()
        return replace(self, failures=self.failures + 1, pending=False) if self.pending else self
