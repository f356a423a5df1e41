"""How long Nix takes to evaluate a hive as a whole NixOS system, and what every further agent adds."""

import asyncio
import statistics
import time
from pathlib import Path
from typing import Final

from bench.report import Section, Spread, rounded
from hyperhive.errors import UnavailableError
from tests.nixos import nix

#: Agents of the smaller hive, and how many the larger one has more.
FEW: Final = 1
MORE: Final = 10


async def measure(directory: Path, *, quick: bool) -> Section:  # noqa: ARG001 - Nix writes nothing
    """Evaluate a small and a larger hive, in turns."""
    reason = nix.lacking()
    if reason is not None:
        return {"skipped": reason}
    more = 1 if quick else MORE
    few: list[float] = []
    many: list[float] = []
    for _ in range(1 if quick else 3):
        few.append(await _seconds(FEW))
        many.append(await _seconds(FEW + more))
    return section(few, many, more)


def section(few: list[float], many: list[float], more: int) -> Section:
    """The document's section from the seconds of each evaluation; `many` has `more` agents than `few`."""
    added = (statistics.median(many) - statistics.median(few)) / more
    return {
        f"agents_{FEW}_seconds": Spread(few).summary(),
        f"agents_{FEW + more}_seconds": Spread(many).summary(),
        "seconds_per_added_agent": rounded(added),
        "evaluated": "a host's whole system and its containers' by `nix-instantiate --eval`, nothing cached",
    }


async def _seconds(agents: int) -> float:
    began = time.perf_counter()
    try:
        await asyncio.to_thread(nix.hives, f"sized {agents}")
    except nix.EvaluationError as error:
        raise UnavailableError(f"a hive of {agents} does not evaluate: {error}") from error
    return time.perf_counter() - began
