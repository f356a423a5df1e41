import pytest

from hyperhive.domain.bash import Verdict, judge
from tests.domain.bash.cases import Attempt, attempts
from tests.domain.bash.oracle import uncovered
from tests.domain.bash.shells import Shell, shells

ATTEMPTS = attempts()
#: Of the theme `program`, those whose option a table of ours knows.
KNOWN_OPTIONS = {"find . -fprintf MARKER x", "sort --compress-program='touch MARKER' -S1 x"}


def judged(attempt: Attempt, shell: Shell) -> Verdict:
    place = str(shell.work)
    return judge(attempt.line.replace("DIR", place), attempt.patterns, directory=place, cwd=place)


@pytest.mark.parametrize("bash", shells())
@pytest.mark.parametrize("theme", sorted({attempt.theme for attempt in ATTEMPTS}))
def test_no_attempt_runs_anything_outside_of_its_patterns(theme: str, bash: str) -> None:
    shell = Shell(shells()[bash])
    escaped = []
    for attempt in ATTEMPTS:
        verdict = judged(attempt, shell)
        if attempt.theme != theme or not verdict.allowed:
            continue
        assert verdict.runs is not None
        setup = None if attempt.setup is None else attempt.setup.replace("DIR", str(shell.work))
        outcome = shell.run(verdict.runs, setup=setup)
        if problems := uncovered(outcome, attempt.patterns):
            escaped.append((attempt.line, problems, verdict.runs))
    assert escaped == []


@pytest.mark.parametrize(
    "attempt", [found for found in ATTEMPTS if found.theme == "program"], ids=lambda found: found.line
)
def test_program_that_starts_others_by_its_own_options_carries_a_note(attempt: Attempt) -> None:
    verdict = judge(attempt.line, attempt.patterns)
    if attempt.line in KNOWN_OPTIONS:
        assert not verdict.allowed
    else:
        assert verdict.allowed
        assert verdict.notes


def test_attempts_are_of_every_theme() -> None:
    assert len(ATTEMPTS) >= 568
    assert len({(attempt.patterns, attempt.line) for attempt in ATTEMPTS}) > 550
