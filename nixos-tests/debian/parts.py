"""What can be played, and which of it on which computer when several play at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import rendering
from driver import Failure, Play, Subtest
from hive import Hive
from weakened import WEAKENINGS, Weakening

#: How many times as long as the others some take: they start containers or the machine again and again, have
#: agents take many turns, or use everything up.
_LONG: Final = {
    "bash_list": 4,
    "dashboard_login": 2,
    "extra_mcp_server": 2,
    "isolation": 2,
    "isolation_kernel": 7,
    "isolation_network": 4,
    "isolation_planted": 7,
    "lifecycle": 7,
    "machine_restart": 16,
    "messages": 2,
    "recipients": 4,
    "restart": 6,
    "selftest": 2,
}
#: Scenarios that are not kept together with those of the same hive: without them no computer would get much
#: more to play than the other, and for them another one brings up that hive, once.
_APART: Final = frozenset({"isolation_network", "selftest"})

#: Scenarios that tell of a hive with which nothing was played since it came up.
_FRESH: Final = frozenset({"boot"})
#: Scenarios that leave a hive behind which none can be played with.
_RUINOUS: Final = frozenset({"isolation_planted"})

SCENARIOS: Final = Path(__file__).resolve().parent.parent / "scenarios"


@dataclass(frozen=True)
class Part:
    """What is played in one go: a scenario, or one against a hive that it must find wanting.

    Attributes:
        name: Its own, also of its logs.
        scenario: Name of the scenario.
        weakening: What is taken away from its hive.
    """

    name: str
    scenario: str
    weakening: Weakening | None = None

    @property
    def path(self) -> Path:
        """The scenario's text."""
        return SCENARIOS / f"{self.scenario}.py"

    @property
    def needs_fresh(self) -> bool:
        """Whether nothing may have been played with its hive before."""
        return self.scenario in _FRESH

    @property
    def is_ruinous(self) -> bool:
        """Whether nothing can be played with the hive that it leaves behind."""
        return self.weakening is not None or self.scenario in _RUINOUS

    def about(self) -> str:
        """What it shows, in a line."""
        if self.weakening is not None:
            return f"{self.scenario} must fail at: {self.weakening.caught}"
        return self.path.read_text(encoding="utf-8").splitlines()[0].strip('"')

    def hive(self) -> Hive:
        """Its hive, weakened if it is to be."""
        files = rendering.load(rendering.of_test(self.scenario))
        if self.weakening is not None:
            self.weakening.apply(files)
        links = self.weakening is None or self.weakening.links
        return Hive(files, self.path.with_suffix(".toml"), links=links)


def parts() -> list[Part]:
    """Every scenario, and every hive that one must find wanting."""
    scenarios = [Part(path.stem, path.stem) for path in sorted(SCENARIOS.glob("*.py"))]
    return scenarios + [Part(f"weakened_{name}", one.scenario, one) for name, one in WEAKENINGS.items()]


def judge(name: str, weakening: Weakening | None, played: Play) -> Play:
    """The play as it is; of a weakened hive, whether the right subtest noticed."""
    if weakening is None:
        return played
    failed = played.failure
    if failed is None:
        failure = Failure(f"nobody noticed; this should have failed: {weakening.caught}")
        return Play(name, played.subtests, failure, played.seconds)
    if failed.subtest is None or failed.subtest.name != weakening.caught:
        message = f"{failed.message}\nthis should have failed instead: {weakening.caught}"
        return Play(name, played.subtests, replace(failed, message=message), played.seconds)
    noticed = Subtest(f"noticed: {weakening.caught}", failed.subtest.seconds)
    return Play(name, [*played.subtests, noticed], None, played.seconds)


def arranged(chosen: Sequence[Part], hives: Sequence[tuple[str, str]]) -> list[Part]:
    """The parts in an order in which those with the same hive follow each other.

    The first of them are those that need a fresh one, the last those that leave none.

    Args:
        chosen: Which ones.
        hives: Name of a part and key of its hive, for all there are.
    """
    keys = dict(hives)
    first: dict[str, int] = {}
    for position, part in enumerate(chosen):
        first.setdefault(keys[part.name], position)
    return sorted(chosen, key=lambda part: (first[keys[part.name]], not part.needs_fresh, part.is_ruinous))


def deal(hives: Sequence[tuple[str, str]], count: int) -> dict[str, int]:
    """Computer of every part, from 0: those of one hive share it, but for a few, and all take about as long.

    Args:
        hives: Name of a part and key of its hive, for all there are: what is asked for must not change who
            keeps a hive ready.
        count: How many computers there are.
    """
    groups = {name: (key, name in _APART) for name, key in hives}
    sizes: Counter[tuple[str, bool]] = Counter()
    for name, group in groups.items():
        sizes[group] += _LONG.get(name, 1)
    loads = [0] * count
    place: dict[tuple[str, bool], int] = {}
    for group, size in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        place[group] = loads.index(min(loads))
        loads[place[group]] += size
    return {name: place[group] for name, group in groups.items()}
