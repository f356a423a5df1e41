"""Series of a stats report: what is read of a window becomes one number a bucket, and one for the whole."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from hyperhive.domain.stats import DEPTH, DURATION, GAUGES, OTHER_TOOL, TOOL, TOOL_CALLS, TURNS

Number = int | float
Series = list[Number | None]

_QUANTILES: Final = {"p50": 0.5, "p95": 0.95}
#: Digits behind the point: a fraction of a cent must not be lost.
_DIGITS: Final = 6


class Cell(NamedTuple):
    """What the samples of a key (and bin) in one bucket add up to; `most` is the greatest of them."""

    slot: int
    key: str
    bin: int
    samples: int
    total: float
    most: float
    last: float


@dataclass(frozen=True)
class Frame:
    """The buckets of a report: `slots` of `step` seconds from `start` on, as seen at `now`.

    Attributes:
        before: Of gauges, what held when the window began; of `turn.count`, when the bucket with the last
            turn before it ended.
    """

    start: int
    step: int
    slots: int
    now: float
    before: Mapping[str, float]

    @property
    def begun(self) -> int:
        """How many of the buckets have begun."""
        return max(0, min(self.slots, int((self.now - self.start) // self.step) + 1))

    def padded(self, numbers: Sequence[Number | None]) -> Series:
        """One number a bucket; null for those that are still to come."""
        return [*map(_rounded, numbers[: self.begun]), *[None] * (self.slots - self.begun)]


def quantile(cells: Iterable[Cell], share: float) -> float | None:
    """The value that this share of a histogram's samples does not exceed; None without samples.

    Of the samples in one bin it knows the mean, so that few samples are told exactly.
    """
    bins: dict[int, tuple[int, float]] = {}
    for cell in cells:
        count, total = bins.get(cell.bin, (0, 0.0))
        bins[cell.bin] = (count + cell.samples, total + cell.total)
    # Nearest rank: the smallest value with so many samples up to it.
    rank = -int(-share * sum(count for count, _ in bins.values()) // 1)
    for _, (count, total) in sorted(bins.items()):
        rank -= count
        if rank <= 0:
            return total / count
    return None


def build(cells: Sequence[Cell], frame: Frame) -> tuple[dict[str, Series], dict[str, Number | None]]:
    """Series and totals, by key; what has no sample in the window, and held nothing before, has none."""
    by_key: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_key[cell.key].append(cell)
    series: dict[str, Series] = {}
    totals: dict[str, Number | None] = {}
    for key in sorted(by_key.keys() - {DURATION, *GAUGES}):
        series[key] = frame.padded(_sums(by_key[key], frame.slots))
        totals[key] = _rounded(sum(cell.total for cell in by_key[key]))
    for key in GAUGES:
        if key in by_key or key in frame.before:
            _add_gauge(key, by_key[key], frame, series, totals)
    if DURATION in by_key:
        _add_quantiles(by_key[DURATION], frame, series, totals)
    _add_turns(frame, series, totals)
    return series, totals


def tools(cells: Iterable[Cell], limit: int) -> dict[str, int]:
    """Calls by tool of the tools' cells, most used first; all but `limit` are counted together, last."""
    calls: Counter[str] = Counter()
    for cell in cells:
        calls[cell.key.removeprefix(TOOL)] += round(cell.total)
    other = OTHER_TOOL.removeprefix(TOOL)
    rest = calls.pop(other, 0)
    ordered = sorted(calls.items(), key=lambda one: (-one[1], one[0]))
    rest += sum(count for _, count in ordered[limit:])
    return dict(ordered[:limit]) | ({other: rest} if rest else {})


def _sums(cells: Iterable[Cell], slots: int) -> list[Number]:
    sums: list[Number] = [0] * slots
    for cell in cells:
        sums[cell.slot] += cell.total
    return sums


def _add_gauge(
    key: str,
    cells: Iterable[Cell],
    frame: Frame,
    series: dict[str, Series],
    totals: dict[str, Number | None],
) -> None:
    held = frame.before.get(key)
    found = {cell.slot: cell for cell in cells}
    last: Series = []
    most: Series = []
    for slot in range(frame.slots):
        cell = found.get(slot)
        # What held at the beginning of a bucket belongs to it too, were it for a moment.
        most.append(held if cell is None else max(cell.most, held or 0))
        held = held if cell is None else cell.last
        last.append(held)
    series[key], totals[key] = frame.padded(last), None if held is None else _rounded(held)
    if key == DEPTH:
        series[f"{key}.max"] = frame.padded(most)
        totals[f"{key}.max"] = _rounded(max((one for one in most if one is not None), default=None))


def _add_quantiles(
    cells: Sequence[Cell], frame: Frame, series: dict[str, Series], totals: dict[str, Number | None]
) -> None:
    slots: dict[int, list[Cell]] = defaultdict(list)
    for cell in cells:
        slots[cell.slot].append(cell)
    for name, share in _QUANTILES.items():
        numbers = [quantile(slots[slot], share) for slot in range(frame.slots)]
        series[f"{DURATION}.{name}"] = frame.padded(numbers)
        totals[f"{DURATION}.{name}"] = _rounded(quantile(cells, share))


def _add_turns(frame: Frame, series: dict[str, Series], totals: dict[str, Number | None]) -> None:
    """What is derived from the number of turns."""
    turns = series.get(TURNS)
    if turns is not None:
        minutes = frame.step / 60
        series["turn.per_minute"] = frame.padded([None if one is None else one / minutes for one in turns])
        totals["turn.per_minute"] = _rounded((totals[TURNS] or 0) / (minutes * max(1, frame.begun)))
        calls = series.get(TOOL_CALLS, [0] * frame.slots)
        per_turn = [_ratio(some, one) for some, one in zip(calls, turns, strict=True)]
        series["turn.tool_calls_per_turn"] = frame.padded(per_turn)
        totals["turn.tool_calls_per_turn"] = _rounded(_ratio(totals.get(TOOL_CALLS, 0), totals[TURNS]))
    if turns is not None or TURNS in frame.before:
        idle = _idle(turns or [0] * frame.slots, frame)
        series["turn.idle_seconds"] = frame.padded(idle)
        totals["turn.idle_seconds"] = _rounded(max((one for one in idle if one is not None), default=None))


def _idle(turns: Series, frame: Frame) -> Series:
    """Seconds since the last turn at the end of each bucket; those that a turn ended in count as 0."""
    last = frame.before.get(TURNS)
    idle: Series = []
    for slot, count in enumerate(turns[: frame.begun]):
        end = min(frame.start + (slot + 1) * frame.step, frame.now)
        last = end if count else last
        idle.append(None if last is None else max(0.0, end - last))
    return idle


def _ratio(some: Number | None, of: Number | None) -> float | None:
    return None if not of or some is None else some / of


def _rounded(number: Number | None) -> Number | None:
    """Short as JSON: whole numbers without a point."""
    if number is None:
        return None
    short = round(number, _DIGITS)
    return int(short) if short == int(short) else short
