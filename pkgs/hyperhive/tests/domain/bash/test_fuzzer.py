from collections.abc import Sequence
from typing import Any

import pytest

from hyperhive.domain.bash import Verdict
from tests.domain.bash.fuzzer import LISTS, Finding, Player, kept, lines, play, shrunk
from tests.domain.bash.shells import Shell, shells

CHUNKS = 20
LINES = 20_000


def told(findings: Sequence[Finding]) -> str:
    """Each as the entry of `found.toml` that keeps it, with what happened."""
    return "\n".join(
        f"{{ patterns = {one.patterns!r}, line = {one.line!r} }}\n{one.kind}: {one.detail}\n{one.runs}"
        for one in findings
    )


@pytest.mark.parametrize("bash", shells())
def test_lines_that_found_something_once_find_nothing(bash: str) -> None:
    player = Player(Shell(shells()[bash]))
    found = [finding for name, line in kept() for finding in player.findings(line, name)]
    assert not found, told(found)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(CHUNKS))
def test_what_is_allowed_runs_nothing_else_and_does_what_the_line_did(seed: int) -> None:
    # Every fourth in the newest Bash, if there is one.
    bash = [*shells().values()][-1 if seed % 4 == 3 else 0]
    tally, found = play(seed, LINES // CHUNKS, bash=bash)
    assert not found, told(found)
    assert tally.allowed > LINES // CHUNKS // 10


def test_same_seed_makes_the_same_lines_for_every_list() -> None:
    made = list(lines(7, 500))
    assert made == list(lines(7, 500))
    assert {name for name, _ in made} == set(LISTS)
    assert len({line for _, line in made}) > 400


def allowing(line: str, patterns: Sequence[str], **_: Any) -> Verdict:
    """A gate that lets everything through as it is."""
    return Verdict(allowed="\0" not in line, rule="pattern", reason="", runs=line)


def test_gate_that_allows_too_much_is_found() -> None:
    _, found = play(1, 60, gate=allowing, shrink=False)
    assert len(found) > 5
    assert {finding.kind for finding in found} == {"escape"}


def test_line_that_found_something_is_shrunk() -> None:
    player = Player(Shell(shells()["bash"], seconds=0.5), allowing)
    (finding,) = player.findings("git log 'a b' | git x; touch MARKER && git c", "git")
    assert shrunk(finding, player).line.strip() == "touch"


def test_print_that_does_something_else_is_found() -> None:
    def losing(line: str, patterns: Sequence[str], **_: Any) -> Verdict:
        return Verdict(allowed=True, rule="pattern", reason="", runs=line.replace(" b", ""))

    player = Player(Shell(shells()["bash"]), losing)
    assert [found.kind for found in player.findings("git 'a b'", "git")] == ["difference"]
    assert list(player.findings("git a", "git")) == []
