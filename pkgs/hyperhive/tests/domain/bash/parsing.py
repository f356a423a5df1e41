"""Trees in few words, for tests of what reads them."""

import pytest

from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    Command,
    Piece,
    Pipeline,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Word,
    literal_word,
)


def words(*texts: str) -> tuple[Word, ...]:
    return tuple(literal_word(text) for text in texts)


def run(*texts: str) -> SimpleCommand:
    return SimpleCommand((), words(*texts))


def script(*commands: Command) -> Script:
    return Script(tuple(Statement(Pipeline((command,))) for command in commands))


A, B, C = (script(run(name)) for name in "abc")


def command(text: str) -> Command:
    """The only command of a text."""
    (statement,) = parse(text).statements
    (only,) = statement.first.commands
    assert statement == Statement(Pipeline((only,)))
    return only


def pieces(text: str) -> tuple[Piece, ...]:
    """Those of a word, as an argument."""
    only = command(f"a {text}")
    assert isinstance(only, SimpleCommand)
    (_, word) = only.words
    return word.pieces


def refusal(text: str, *, posix: bool = False) -> RefusedError:
    with pytest.raises(RefusedError) as refused:
        parse(text, posix=posix)
    return refused.value


def lines(text: str) -> list[str]:
    """One case a line, with `⏎` for a newline."""
    return [line.strip().replace("⏎", "\n") for line in text.strip().splitlines()]
