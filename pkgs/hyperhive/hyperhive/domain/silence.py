"""How long a turn has waited for its model."""

from typing import Final

#: Most seconds that count between two looks: a machine that slept, or a stopped process, waited for nobody.
_LONGEST_STEP: Final = 30.0


class Silence:
    """Seconds without a word of the model, while no tool ran either."""

    def __init__(self, now: float) -> None:
        """`now` is of a clock that only goes forward."""
        self._looked = now
        self._heard = 0
        self.seconds = 0.0

    def look(self, now: float, heard: int, *, busy: bool) -> None:
        """`heard` counts what the model said so far; `busy` while a tool runs."""
        step, self._looked = min(now - self._looked, _LONGEST_STEP), now
        self.seconds = 0.0 if busy or heard != self._heard else self.seconds + step
        self._heard = heard
