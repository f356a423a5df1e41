import pytest

from hyperhive.domain.bash_expansions import ExpansionReader, Quoting, Reading
from hyperhive.domain.bash_refusals import RefusedError


def length(text: str, quoting: Quoting = Quoting.DOUBLE) -> int:
    """Return how many characters the expansion at the beginning takes."""
    return ExpansionReader(text, posix=False).computed(0, len(text), {}, Reading(), quoting)


@pytest.mark.parametrize(
    "expansion",
    [
        "$x",
        "$1",
        "$?",
        "$@",
        "${x}",
        "${#x}",
        "${x:-a b}",
        "${x#refs/}",
        "${x%.*}",
        "${x//a/b}",
        "${x:1:2}",
        "${x^^}",
        "${a[0]}",
        "${a[@]}",
        "${x:-$y}",
        "$((1 + (2 * 3)))",
        "$(( $# + 1 ))",
        "`git log`",
    ],
)
def test_simple_expansion_is_taken_whole(expansion: str) -> None:
    assert length(expansion + " tail") == len(expansion)


@pytest.mark.parametrize(
    "expansion",
    [
        "${x:=a}",
        "${x=a}",
        "${!x}",
        "${x@P}",
        "${a[i]}",
        "${x:y}",
        "${ id; }",
        "${|id; }",
        "${x:-$(id)}",
        "${x:-`id`}",
        "$((x))",
        "$((a[0]))",
        "$((1",
        "$[1]",
        "`a \\`b\\``",
        "`a # b`",
        "`a",
        "$(id)",
    ],
)
def test_expansion_that_assigns_evaluates_or_hides_something_is_refused(expansion: str) -> None:
    with pytest.raises(RefusedError):
        length(expansion)


def test_dollar_alone_is_literal() -> None:
    reading = Reading()
    end = ExpansionReader("$ x", posix=False).computed(0, 3, {}, reading, Quoting.DOUBLE)
    assert (end, reading) == (1, Reading(shown=["$"]))


def test_ansi_c_quotes_are_decoded() -> None:
    reading = Reading()
    ExpansionReader(r"$'a\n\x41\101\''", posix=False).computed(0, 16, {}, reading, Quoting.NONE)
    assert ("".join(reading.shown), reading.computed) == ("a\nAA'", False)
