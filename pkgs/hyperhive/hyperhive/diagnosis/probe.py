"""Probe: one thing to look at, as a value; and what a list of them comes to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from inspect import isawaitable
from typing import Any, Final, Generic, TypeVar, TypeVarTuple

from hyperhive.errors import HyperhiveError
from hyperhive.protocol.diagnosis import FOUND_LIMIT, Check, Finding, Observation, Outcome

Place_contra = TypeVar("Place_contra", contravariant=True)
Seen = TypeVarTuple("Seen")
Place = TypeVar("Place")

_SILENT: Final = "no answer"


@dataclass(frozen=True)
class Judgement:
    """What a probe came to; one that failed for the doctor says what to change and what to run."""

    outcome: Outcome
    found: str
    option: str = ""
    command: str = ""


def ok(found: str) -> Judgement:
    return Judgement(Outcome.OK, found)


def failed(found: str, option: str = "", command: str = "") -> Judgement:
    return Judgement(Outcome.FAILED, found, option, command)


def skipped(found: str) -> Judgement:
    return Judgement(Outcome.SKIPPED, found)


def judged(found: str, *, held: bool) -> Judgement:
    return ok(found) if held else failed(found)


class Probe(Generic[Place_contra]):
    """One thing to look at; those of a self-test also say what their outcomes mean for the operator.

    Args:
        key: Names it for programs, and never changes.
        observe: Reads facts at a place; what leaves nothing to judge is judged at once. It runs in a thread
            and may block, or is a coroutine function.
        judge: Takes the facts, and has no effects.
        held: Meaning when it is as it should be.
        broken: Meaning when it is not.
        absent: Meaning when it is not, and nobody promised it; as `broken` when empty.
        unseen: Meaning when it could not be looked at.
        name: Names it for people; the key in words when empty.
        wall: Whether only a container has it.
    """

    def __init__(
        self,
        key: str,
        observe: Callable[[Place_contra], tuple[*Seen] | Judgement | Awaitable[tuple[*Seen] | Judgement]],
        judge: Callable[[*Seen], Judgement] | None = None,
        held: str = "",
        broken: str = "",
        *,
        absent: str = "",
        unseen: str = "nobody knows whether it holds",
        name: str = "",
        wall: bool = True,
    ) -> None:
        self.key = key
        self.name = name or key.replace("_", " ")
        self.observe: Callable[[Place_contra], Any] = observe
        self.judge: Callable[..., Judgement] | None = judge
        self.wall = wall
        self.meanings = {
            Outcome.OK: held,
            Outcome.FAILED: broken,
            Outcome.NONE: absent or broken,
            Outcome.SKIPPED: unseen,
        }

    async def look(self, place: Place_contra) -> Judgement:
        """Observe and judge; what cannot be looked at is skipped, with the reason."""
        try:
            seen = await asyncio.to_thread(self.observe, place)
            if isawaitable(seen):
                seen = await seen
            return seen if self.judge is None or isinstance(seen, Judgement) else self.judge(*seen)
        except HyperhiveError as error:
            return skipped(error.message)
        except OSError as error:
            reason = f"{error.filename}: {error.strerror}" if error.filename else error
            return skipped(f"cannot be looked at: {reason}")
        except ValueError as error:
            return skipped(f"cannot be looked at: {error}")


async def check(probes: Iterable[Probe[Place]], place: Place, about: str = "") -> list[Check]:
    probes = list(probes)
    judgements = await asyncio.gather(*(probe.look(place) for probe in probes))
    return [
        Check(key=probe.key, name=probe.name, about=about, **asdict(judgement))
        for probe, judgement in zip(probes, judgements, strict=True)
    ]


async def observe(probes: Iterable[Probe[Place]], place: Place, seconds: float) -> list[Observation]:
    """What the probes of a self-test see; one that does not end in time is left out."""

    async def look(probe: Probe[Place]) -> Observation | None:
        try:
            async with asyncio.timeout(seconds):
                seen = await probe.look(place)
        except TimeoutError:
            return None
        return Observation(key=probe.key, outcome=seen.outcome, found=_short(seen.found))

    return [seen for seen in await asyncio.gather(*map(look, probes)) if seen is not None]


def complete(
    probes: Iterable[Probe[Any]], observations: Iterable[Observation], *, contained: bool
) -> list[Finding]:
    """Every probe with what was observed and what that means; `contained` says whether walls were promised.

    Observations of the same probe count once, those of unknown ones not at all, and a probe without one has
    failed: silence must not look better than a bad answer.
    """
    said = {observation.key: observation for observation in reversed(list(observations))}
    return [_finding(probe, said.get(probe.key), contained=contained) for probe in probes]


def _finding(probe: Probe[Any], seen: Observation | None, *, contained: bool) -> Finding:
    if seen is None:
        outcome, found, meaning = Outcome.FAILED, _SILENT, probe.meanings[Outcome.SKIPPED]
    else:
        forgiven = seen.outcome is Outcome.FAILED and probe.wall and not contained
        outcome = Outcome.NONE if forgiven else seen.outcome
        found, meaning = _short(seen.found), probe.meanings[outcome]
    return Finding(key=probe.key, name=probe.name, outcome=outcome, found=found, meaning=meaning)


def _short(found: str) -> str:
    line = " ".join(found.split())
    return line if len(line) <= FOUND_LIMIT else f"{line[: FOUND_LIMIT - 1]}…"
