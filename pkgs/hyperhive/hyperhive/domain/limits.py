"""Limits: what the files of a control group and those above it add up to."""

from collections.abc import Iterable, Mapping
from typing import Final

#: Files of a control group that limit something, and what.
LIMIT_FILES: Final = {"memory.max": "memory", "pids.max": "tasks", "cpu.max": "cpu"}
_UNLIMITED: Final = "max"
_MIB: Final = 1024 * 1024


def own_group(cgroup: str) -> str | None:
    """Path of the control group in the text of `/proc/PID/cgroup`; None without the unified hierarchy."""
    return next((line[3:] for line in cgroup.splitlines() if line.startswith("0::")), None)


def effective(texts: Mapping[str, Iterable[str]]) -> dict[str, float | None]:
    """The smallest limit for `memory` in bytes, `tasks` and `cpu` in percent of one core; null is none.

    Args:
        texts: File name -> what it says in the group and in each group above it.
    """
    found: dict[str, float | None] = {}
    for file, what in LIMIT_FILES.items():
        numbers = [number for text in texts.get(file, ()) if (number := _number(text)) is not None]
        found[what] = min(numbers, default=None)
    return found


def shown(limits: Mapping[str, float | None]) -> str:
    """The limits in words."""
    memory, tasks, cpu = (limits.get(what) for what in ("memory", "tasks", "cpu"))
    return ", ".join(
        (
            "memory without limit" if memory is None else f"{memory / _MIB:.0f} MiB of memory",
            "tasks without limit" if tasks is None else f"{tasks:.0f} tasks",
            "processor without limit" if cpu is None else f"{cpu:.0f} % of a processor",
        )
    )


def _number(text: str) -> float | None:
    """A limit; `cpu.max` has two numbers, the time in each period and the period's length."""
    limit, *period = text.split() or [_UNLIMITED]
    if limit == _UNLIMITED:
        return None
    return 100 * int(limit) / int(period[0]) if period else float(limit)
