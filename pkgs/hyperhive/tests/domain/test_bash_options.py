import pytest

from hyperhive.domain.bash_options import Options, operand_index, static_text
from hyperhive.domain.bash_refusals import RefusedError
from hyperhive.domain.bash_words import computed_word, literal_word

OPTIONS = Options(flags="iv", valued="nC", long_flags="--null", long_valued="--chdir", operands=1)


def index(line: str) -> tuple[int, dict[str, str]]:
    return operand_index([literal_word(word) for word in line.split()], OPTIONS)


def test_options_and_own_operands_are_skipped() -> None:
    assert [
        index(line) for line in ("x 5 git", "x -iv -n 3 5 git", "x -in3 --chdir=/a 5", "x --null -- -5 git")
    ] == [
        (2, {}),
        (5, {"i": "", "v": "", "n": "3"}),
        (4, {"i": "", "n": "3", "--chdir": "/a"}),
        (4, {"--null": ""}),
    ]


@pytest.mark.parametrize(
    "line", ["x -z 5 git", "x -iz 5 git", "x --nul 5", "x --null=1 5", "x -5 git", "x -n", "x --zero"]
)
def test_unknown_option_is_refused(line: str) -> None:
    with pytest.raises(RefusedError) as refused:
        index(line)
    assert refused.value.rule == "wrapper"


def test_computed_word_among_the_options_is_refused() -> None:
    with pytest.raises(RefusedError, match="computed when it runs"):
        operand_index([literal_word("x"), computed_word("$y"), literal_word("git")], OPTIONS)
    assert static_text(literal_word("a")) == "a"


def test_special_forms_are_options_only_where_they_are_known() -> None:
    options = Options(dash=True, numeric=True, plus=True, flags="x")
    words = [literal_word(word) for word in ("nice", "-", "-5", "+x", "git")]
    assert operand_index(words, options)[0] == 4
