"""Stats: which keys there are, what the end of a turn adds to them, and how finely they are kept."""

import math
import re
from typing import Final, NamedTuple

from hyperhive.domain.days import DAY
from hyperhive.protocol.events import TurnEnd, TurnResult
from hyperhive.protocol.messages import OPERATOR, SYSTEM

TURNS: Final = "turn.count"
TOOL_CALLS: Final = "turn.tool_calls"
DURATION: Final = "turn.duration_ms"
DEPTH: Final = "inbox.depth"
CONTEXT: Final = "context.used"
NOTES: Final = "notes.bytes"
COST: Final = "cost_usd"
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
    tokens = {} if end.tokens is None else {f"tokens.{part}": count for part, count in end.tokens}
    given = {
        TOOL_CALLS: end.tool_calls,
        COST: end.cost_usd,
        **tokens,
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


def _bin(value: float) -> int:
    return int(_BINS * math.log2(max(1.0, value)))
