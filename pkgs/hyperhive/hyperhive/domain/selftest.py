"""Self-test of an agent: which probes there are, what each outcome means, and what nobody promised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from hyperhive.protocol.selftest import FOUND_LIMIT, Finding, Observation, Outcome

_SILENT: Final = "no answer"


@dataclass(frozen=True)
class Probe:
    """What is looked at.

    Attributes:
        held: Meaning when it is as it should be.
        broken: Meaning when it is not.
        absent: Meaning when it is not, and nobody promised it; as `broken` when empty.
        unseen: Meaning when it could not be looked at.
        wall: Whether only a container has it.
    """

    held: str
    broken: str
    absent: str = ""
    unseen: str = "nobody knows whether it holds"
    wall: bool = True


#: What the agent says of itself, in the order in which it is shown.
INSIDE: Final[Mapping[str, Probe]] = {
    "user range": Probe(
        "root inside is an account of the host that owns nothing but this agent's files",
        "root inside is root on the host, or an account that others have as well",
    ),
    "namespaces": Probe(
        "it has its own users, processes and names, and sees none of the host's",
        "what it does there, it does on the host",
    ),
    "mounts": Probe(
        "what it leaves there is never a setuid program or a device",
        "a setuid program that it leaves there could be run on the host",
    ),
    "socket directory": Probe(
        "it cannot put anything in the place of the broker's socket",
        "it can replace the broker's socket and play the broker to its own tools",
    ),
    "other agents": Probe(
        "nothing of another agent is to be seen",
        "directories of other agents are to be seen",
    ),
    "broker's files": Probe(
        "database, operator's token and admin socket are not there",
        "whoever can read these files is the operator",
    ),
    "dashboard": Probe(
        "it cannot even try to log in",
        "it can try to log in; only the operator's token keeps it out",
    ),
    "network": Probe(
        "its only way out leads through the host's packet filter",
        "links that hyperhive's packet filter does not know lead out",
    ),
    "sysctls": Probe(
        "settings of the kernel cannot be changed",
        "it can have the kernel run programs as the host's root",
    ),
    "devices": Probe(
        "it cannot make itself a way to a disk",
        "it can make itself a device and read the host's disk with it",
    ),
    "kernel modules": Probe(
        "it cannot load code into the kernel",
        "it can load code into the kernel",
    ),
    "limits inside": Probe(
        "it sees limits of its own on memory, processes and processor time",
        "it can use up what has no limit",
        unseen="those of its container are out of its sight; see what the broker saw",
    ),
    "disk inside": Probe(
        "all that it keeps lies on disks that are no larger than its limit",
        "it keeps files on a disk that is larger than its limit",
    ),
    "managed settings": Probe(
        "Claude Code's own rules hold below the harness's, and stay as they are",
        "Claude Code's own rules are missing or can be changed: the harness's gate is alone",
    ),
    "Nix daemon": Probe(
        "it cannot build on the host",
        "it can use the host's Nix daemon without having been given Nix",
        absent="it was given Nix: it can build with the host's daemon and read the whole store",
    ),
    "state directory": Probe(
        "what it learns is kept",
        "it cannot keep anything; look at the owner of its state directory",
        wall=False,
    ),
    "Claude Code": Probe(
        "the program starts",
        "the program does not start, so no turn can",
        wall=False,
    ),
    "broker": Probe(
        "messages come and go",
        "its calls to the broker fail, so its tools do, too",
        wall=False,
    ),
}

#: What the broker sees from where the agent cannot touch it.
OUTSIDE: Final[Mapping[str, Probe]] = {
    "peer": Probe(
        "the kernel says that its connection is root of its own range, which is nobody on the host",
        "its connection does not come from root of its own range",
    ),
    "socket": Probe(
        "what comes on it is this agent's: no other account gets near it",
        "other accounts may get at it, and speak as this agent",
        wall=False,
    ),
    "files": Probe(
        "its files are its range's alone, and none of them is a setuid program or a device",
        "its files are not closed off on the host",
    ),
    "disk": Probe(
        "it cannot fill the host's disk",
        "what it keeps lies where the broker's own files are, and it can fill that disk",
    ),
    "limits": Probe(
        "it cannot use up the machine",
        "it can use up what has no limit, for everybody",
    ),
}


def complete(
    probes: Mapping[str, Probe], observations: Iterable[Observation], *, contained: bool
) -> list[Finding]:
    """Every probe with what was observed and what that means.

    Observations of the same probe count once, those of unknown ones not at all, and a probe without one has
    failed: silence must not look better than a bad answer.

    Args:
        probes: `INSIDE` or `OUTSIDE`.
        observations: In any order.
        contained: Whether walls were promised.
    """
    said = {observation.name: observation for observation in reversed(list(observations))}
    return [_finding(name, probe, said.get(name), contained=contained) for name, probe in probes.items()]


def succeeded(findings: Iterable[Finding]) -> bool:
    """Whether none of them has failed."""
    return all(finding.outcome is not Outcome.FAILED for finding in findings)


def observed(name: str, found: str, *, held: bool) -> Observation:
    """An observation of something that is as it should be, or not."""
    return Observation(name=name, outcome=Outcome.OK if held else Outcome.FAILED, found=_short(found))


def unclear(name: str, outcome: Outcome, found: str) -> Observation:
    """An observation of something that was not looked at, or that nobody promised."""
    return Observation(name=name, outcome=outcome, found=_short(found))


def _finding(name: str, probe: Probe, seen: Observation | None, *, contained: bool) -> Finding:
    if seen is None:
        return Finding(name=name, outcome=Outcome.FAILED, found=_SILENT, meaning=probe.unseen)
    outcome = seen.outcome
    if outcome is Outcome.FAILED and probe.wall and not contained:
        outcome = Outcome.NONE
    return Finding(name=name, outcome=outcome, found=_short(seen.found), meaning=_meaning(probe, outcome))


def _meaning(probe: Probe, outcome: Outcome) -> str:
    match outcome:
        case Outcome.OK:
            return probe.held
        case Outcome.FAILED:
            return probe.broken
        case Outcome.NONE:
            return probe.absent or probe.broken
        case Outcome.SKIPPED:
            return probe.unseen


def _short(found: str) -> str:
    line = " ".join(found.split())
    return line if len(line) <= FOUND_LIMIT else f"{line[: FOUND_LIMIT - 1]}…"
