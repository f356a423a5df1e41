"""What the benchmark says: medians and percentiles of samples, and the document as a readable table."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

Section = dict[str, Any]

_INDENT: Final = "  "


@dataclass(frozen=True)
class Spread:
    """Samples in the order they were taken, of one unit."""

    samples: Sequence[float]

    @property
    def median(self) -> float:
        """The middle sample, or the mean of the two in the middle."""
        return statistics.median(self.samples)

    def summary(self) -> dict[str, float]:
        """`p50`, `p99` and the number of samples `n`."""
        return {
            "p50": rounded(self.median),
            "p99": rounded(percentile(self.samples, 99)),
            "n": len(self.samples),
        }


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of all are not above (nearest rank).

    With fewer than a hundred samples the 99th percentile is the largest of them.
    """
    rank = math.ceil(len(samples) * percent / 100)
    return sorted(samples)[max(0, rank - 1)]


def rounded(value: float) -> float:
    """Three significant digits, or a whole number above a thousand."""
    if value == 0 or not math.isfinite(value):
        return value
    digits = 2 - math.floor(math.log10(abs(value)))
    return round(value, max(0, digits))


def ratio(one: float, other: float) -> float:
    """How many times `other` goes into `one`."""
    return rounded(one / other)


def readable(document: Section) -> str:
    """The document as lines of key and value, nested ones indented."""
    return "\n".join(_lines(document, 0))


def _lines(section: Section, depth: int) -> Iterator[str]:
    width = max((len(key) for key in section), default=0)
    for key, value in section.items():
        head = f"{_INDENT * depth}{key}"
        if isinstance(value, dict) and not _is_flat(value):
            yield head if depth else f"\n{head}"
            yield from _lines(value, depth + 1)
        else:
            yield f"{_INDENT * depth}{key.ljust(width)}  {_cell(value)}"


def _is_flat(value: Section) -> bool:
    """Whether the numbers of `value` fit on one line, as those of a spread or of a process do."""
    return all(isinstance(one, int | float) for one in value.values()) and len(value) <= 3


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return "  ".join(f"{key} {_cell(one)}" for key, one in value.items())
    if isinstance(value, list):
        return ", ".join(_cell(one) for one in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "-" if value is None else str(value)
