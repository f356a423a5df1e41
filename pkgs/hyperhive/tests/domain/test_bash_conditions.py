import pytest

from hyperhive.domain.bash_parts import Part
from hyperhive.domain.bash_refusals import RefusedError
from hyperhive.domain.bash_syntax import parse_script


@pytest.mark.parametrize(
    "line",
    [
        "[ -f x ]",
        "[ ! -d .git ]",
        '[ "$x" = y ]',
        '[ -n "$x" ]',
        '[ "$x" ]',
        "[ $? -eq 0 ]",
        '[ "$x" -gt 3 ]',
        "[ a -a b ]",
        "[[ -f $x ]]",
        "[[ $x == a* && ( -d y || ! -e z ) ]]",
        "[[ $x =~ ^v[0-9]+$ ]]",
        "[[ $? -eq 0 ]]",
        "[[ 1 -lt 2 ]]",
    ],
)
def test_simple_condition_runs_nothing(line: str) -> None:
    assert parse_script(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "[ -v x ]",
        "[ $x ]",
        "[ $x = y ]",
        "[ *.py ]",
        '[ "$a" -a "$b" ]',
        "[ ! -v x ]",
        "[ a -o -v x ]",
        "[[ -v x ]]",
        "[[ $x -eq 1 ]]",
        "[[ 1 -lt a ]]",
        "[[ a[0] -eq 1 ]]",
        "[[ -R x ]]",
    ],
)
def test_condition_that_could_evaluate_an_operand_is_refused(line: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_script(line)
    assert refused.value.rule == "condition"


@pytest.mark.parametrize(
    "line", ["[ a && b ]", "[ a > b ]", "[[ a\n&& b ]]", "[[ $x =~ (a b) ]]", "[[ a == @(b) ]]", "[ a; [ b ]"]
)
def test_condition_that_bash_reads_differently_is_refused(line: str) -> None:
    with pytest.raises(RefusedError):
        parse_script(line)


def test_substitution_inside_a_condition_is_found() -> None:
    def shown(parts: list[Part]) -> list[str]:
        return [" ".join(word.shown for word in getattr(part, "words", ())) for part in parts]

    assert shown(parse_script('[ "$(id -u)" = 0 ] && [[ -n $(git log) ]]')) == ["id -u", "git log"]
