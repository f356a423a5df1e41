import pytest

from hyperhive.domain.bash_parts import Part, Redirection, SimpleCommand
from hyperhive.domain.bash_refusals import UnparsableError
from hyperhive.domain.bash_syntax import parse_script
from hyperhive.domain.bash_words import literal_word


def command(*texts: str) -> Part:
    return SimpleCommand(tuple(literal_word(text) for text in texts))


def file(operator: str, target: str) -> Part:
    return Redirection(operator, literal_word(target))


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("a > b", [file(">", "b"), command("a")]),
        ("a 2>>b", [file(">>", "b"), command("a")]),
        ("a &> b", [file("&>", "b"), command("a")]),
        ("a >& b", [file(">&", "b"), command("a")]),
        ("a < b > c", [file("<", "b"), file(">", "c"), command("a")]),
        ("a > b c d", [file(">", "b"), command("a", "c", "d")]),
        ("> b a c", [file(">", "b"), command("a", "c")]),
        ("> b", [file(">", "b")]),
        ("a 2>&1 <&3 >&- 3>&4-", [command("a")]),
        ("a > >(b) < <(c)", [command("b"), command("c"), command("a")]),
        ("a <<< b", [command("a")]),
        ("{ a; } > b", [command("a"), file(">", "b")]),
        ("a $(< b)", [file("<", "b"), *parse_script("a $(< b)")[1:]]),
    ],
)
def test_redirections_and_the_words_around_them_are_found(line: str, parts: list[Part]) -> None:
    assert parse_script(line) == parts


@pytest.mark.parametrize("line", ["a <> b", "a {fd}> b", "a >\nb", "a 2 >&", "(a) > b c"])
def test_unusual_redirection_is_refused(line: str) -> None:
    with pytest.raises(UnparsableError):
        parse_script(line)
