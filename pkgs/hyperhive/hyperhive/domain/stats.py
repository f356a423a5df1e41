"""Stats: which keys there are, what a turn adds to them, how finely they are kept, and series of a report."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from hyperhive.domain.timing import DAY
from hyperhive.protocol.events import Tokens, TurnEnd, TurnResult
from hyperhive.protocol.messages import OPERATOR, SYSTEM

TURNS: Final = "turn.count"
TOOL_CALLS: Final = "turn.tool_calls"
DURATION: Final = "turn.duration_ms"
DEPTH: Final = "inbox.depth"
CONTEXT: Final = "context.used"
NOTES: Final = "notes.bytes"
COST: Final = "cost_usd"
#: Tokens that subagents used; `tokens.*` has them too.
SUBAGENTS: Final = "subagents.tokens"
TOOL: Final = "tool."
OTHER_TOOL: Final = "tool.other"

_CLASSES: Final = ("peer", "operator", "manager", "system")
_TOKENS: Final = ("input", "output", "cache_read", "cache_write")
_RESULTS: Final = ("ok", "compact_retry", "failed", "cancelled")

#: Keys whose samples add up, but for the tools, of which every agent has its own.
COUNTERS: Final = (
    TURNS,
    TOOL_CALLS,
    *(f"turn.result.{result}" for result in _RESULTS),
    *(f"messages.{way}.{side}" for way in ("sent", "received") for side in _CLASSES),
    *(f"tokens.{part}" for part in _TOKENS),
    SUBAGENTS,
    COST,
)
#: Keys of which the last sample holds until the next.
GAUGES: Final = (DEPTH, CONTEXT, NOTES)

#: Tools of an agent that are counted by their names in a day; further ones are counted together.
TOOLS_PER_DAY: Final = 200
_TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,128}", re.ASCII)

#: Bins of durations to each doubling: two that share a bin differ by less than a tenth.
_BINS: Final = 8

#: A sample that comes later than this counts as if it had come just in time.
LATE_SECONDS: Final = DAY

_QUANTILES: Final = {"p50": 0.5, "p95": 0.95}
#: Digits behind the point: a fraction of a cent must not be lost.
_DIGITS: Final = 6

Number = int | float
Series = list[Number | None]


class Resolution(NamedTuple):
    """Buckets of `step` seconds, for what is younger than `age` seconds."""

    step: int
    age: float


#: From the finest on; each step is a multiple of the one before, so that buckets can be folded.
RESOLUTIONS: Final = (
    Resolution(60, 3 * 3600),
    Resolution(900, 2 * DAY),
    Resolution(3600, 8 * DAY),
    Resolution(21_600, math.inf),
)

#: Steps that a report may have, in seconds; beyond the last, whole days.
_STEPS: Final = (60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)


class Sample(NamedTuple):
    """One number to record under a key; `bin` is its place in the key's histogram, if it has one."""

    key: str
    bin: int
    value: float


def turn_samples(end: TurnEnd) -> list[Sample]:
    """What the end of a turn adds; tools are counted under whatever names they have, see `tool_key`."""
    samples = [Sample(TURNS, 0, 1), Sample(f"turn.result.{_result(end.result)}", 0, 1)]
    if end.duration_ms is not None:
        samples.append(Sample(DURATION, _bin(end.duration_ms), end.duration_ms))
    known = set() if end.tokens is None else end.tokens.model_fields_set
    tokens = {f"tokens.{part}": getattr(end.tokens, part) for part in _TOKENS if part in known}
    given = {
        TOOL_CALLS: end.tool_calls,
        COST: end.cost_usd,
        **tokens,
        SUBAGENTS: None if end.subagent_tokens is None else _sum(end.subagent_tokens),
        CONTEXT: end.context_used,
        NOTES: end.notes_bytes,
    }
    samples += [Sample(key, 0, number) for key, number in given.items() if number is not None]
    return samples + [Sample(tool_key(name), 0, count) for name, count in end.tools.items()]


def tool_key(name: str) -> str:
    """The key of a tool's calls; names that no tool of Claude Code can have share one."""
    return f"{TOOL}{name}" if _TOOL_NAME.fullmatch(name) else OTHER_TOOL


def is_tool(key: str) -> bool:
    """Whether a tool's calls are counted under the key."""
    return key.startswith(TOOL)


def side(name: str, manager: str | None) -> str:
    """What the other side of a message is: `operator`, `manager`, `system` or `peer`."""
    if name in {OPERATOR, SYSTEM}:
        return name
    return "manager" if name == manager else "peer"


def bucket(ts: float, now: float) -> int:
    """The beginning of the bucket that a sample of that time belongs to."""
    at = min(now, max(ts, now - LATE_SECONDS))
    return int(at - at % resolution(at, now))


def resolution(ts: float, now: float) -> int:
    """How long the buckets of that time are at most, in seconds."""
    return next(one.step for one in RESOLUTIONS if now - ts <= one.age)


def step_for(since: float, until: float, now: float, buckets: int) -> int:
    """The shortest step that covers the window with so many buckets and is no finer than what is kept."""
    least = max((until - since) / buckets, resolution(since, now))
    days = math.ceil(least / DAY)
    return next((step for step in _STEPS if step >= least), int(days * DAY))


def known(key: str) -> bool:
    """Whether anything can be recorded under the key, or under keys that begin with it and a dot."""
    names = (*COUNTERS, *GAUGES, DURATION, TOOL)
    return any(within(name, key) for name in names) or tool_key(key.removeprefix(TOOL)) == key


def within(name: str, key: str) -> bool:
    """Whether `name` is the key, or one of the keys that begin with it and a dot."""
    return name == key or name.startswith(f"{key}.")


def _result(result: TurnResult) -> str:
    """A turn that was too long is tried again after a compaction."""
    if result is TurnResult.TOO_LONG:
        return "compact_retry"
    return result if result in _RESULTS else "failed"


def _sum(tokens: Tokens) -> int:
    return sum(getattr(tokens, part) for part in _TOKENS)


def _bin(value: float) -> int:
    return int(_BINS * math.log2(max(1.0, value)))


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
