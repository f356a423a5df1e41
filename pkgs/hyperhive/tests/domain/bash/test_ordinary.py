import pytest

from hyperhive.domain.bash import Verdict, judge
from tests.domain.bash.cases import ordinary
from tests.domain.bash.fuzzer import Player
from tests.domain.bash.shells import Shell, shells

ORDINARY = ordinary()
PATTERNS = [*ORDINARY.patterns, *ORDINARY.additions]


def judged(line: str, place: str) -> Verdict:
    return judge(line.replace("DIR/", f"{place}/"), PATTERNS, directory=place, cwd=place)


def test_hardly_an_ordinary_line_is_refused_and_every_refusal_says_what_to_write() -> None:
    refused = {line: verdict for line in ORDINARY.lines if not (verdict := judged(line, "/state")).allowed}
    assert len(ORDINARY.lines) == 185
    assert len(refused) <= 5, {line: verdict.reason for line, verdict in refused.items()}
    assert [line for line, verdict in refused.items() if verdict.instead is None] == []


@pytest.mark.parametrize("bash", shells())
def test_print_of_an_ordinary_line_does_what_the_line_did(bash: str) -> None:
    player = Player(Shell(shells()[bash], seconds=1))
    assert [found for line in ORDINARY.lines for found in player.findings(line, "ordinary")] == []
    assert player.tally.allowed >= 180
