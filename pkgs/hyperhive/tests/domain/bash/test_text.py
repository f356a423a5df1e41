"""Text in quotes stays text in every place of a line, whatever it consists of."""

import random
import shlex
import tomllib
from pathlib import Path

import pytest

from hyperhive.domain.bash import judge
from tests.domain.bash.oracle import uncovered
from tests.domain.bash.shells import Shell, shells

PLACES, AROUND, PARTS = tomllib.loads(
    Path(__file__).with_name("text.toml").read_text(encoding="utf-8")
).values()
PATTERNS = ["git *", "cat *", "echo *", "printf *", "env *", "find *", "bash *", "eval *", "> out/*"]


def texts(chance: random.Random) -> str:
    return "".join(chance.choices(PARTS, k=chance.choice((1, 2, 3, 4, 5, 6, 8))))


def line(chance: random.Random) -> str:
    inner = "; ".join(chance.choice(PLACES) for _ in range(chance.choice((1, 1, 2, 3))))
    whole = chance.choice(AROUND).replace("«line»", inner) if chance.random() < 0.8 else inner
    out = []
    for index, part in enumerate(whole.split("•")):
        out.append(part if index == 0 else shlex.quote(texts(chance)) + part)
    return "".join(out)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("bash", shells())
@pytest.mark.parametrize("seed", range(3))
def test_text_runs_nowhere(bash: str, seed: int) -> None:
    shell = Shell(shells()[bash])
    chance = random.Random(seed)
    place = str(shell.work)
    found = []
    allowed = 0
    for _ in range(500):
        text = line(chance)
        verdict = judge(text, PATTERNS, directory=place, cwd=place)
        if verdict.runs is None:
            continue
        allowed += 1
        outcome = shell.run(verdict.runs)
        problems = uncovered(outcome, PATTERNS)
        if problems or "syntax error" in outcome.errors or "unexpected EOF" in outcome.errors:
            found.append((text, problems, outcome.errors, verdict.runs))
    assert found == []
    assert allowed > 150
