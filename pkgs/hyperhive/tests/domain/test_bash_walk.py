import pytest

from hyperhive.domain.bash_refusals import RefusedError, UnparsableError
from hyperhive.domain.bash_syntax import parse_script
from hyperhive.domain.bash_walk import MAX_DEPTH


@pytest.mark.parametrize(
    "script",
    [
        "",
        " \n",
        "# comment",
        "a \\\n\\\nb\\\nc",
        "{a;}",
        "a `b # c`",
        "$((a))",
        "a $((b) )",
        "echo ((a))",
        "a \\\n# b",
        "a )",
    ],
)
def test_text_that_was_not_understood_is_refused(script: str) -> None:
    with pytest.raises(RefusedError):
        parse_script(script)


@pytest.mark.parametrize(
    "script", ["a # b", "# a\nb", "a \\\n  b", "a;\n\n# c\n b", "a && # why\nb", "a |\n b"]
)
def test_comments_blank_lines_and_joined_lines_are_no_obstacle(script: str) -> None:
    assert parse_script(script)


def test_nesting_has_a_limit() -> None:
    parse_script("(" + " (" * 20 + "a" + ")" * 21)
    with pytest.raises(RefusedError) as refused:
        parse_script("( " * MAX_DEPTH + "a" + ")" * MAX_DEPTH + " && b")
    assert refused.value.rule == "too_deep"


def test_control_characters_are_refused() -> None:
    for character in "\0\x07\r\x1b\x7f":
        with pytest.raises(UnparsableError, match="control character"):
            parse_script(f"git log{character}")
