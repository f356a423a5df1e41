"""What a script consists of once it has been read, and the refusal that every step may raise.

The parser writes these values, everything after it reads nothing else.
"""

from dataclasses import dataclass


class RefusedError(Exception):
    """A command line, or one command of it, cannot be allowed.

    Attributes:
        rule: The stable key of the verdict's rule.
        reason: One sentence without its final full stop.
    """

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


class UnparsableError(RefusedError):
    """The line cannot be read with certainty; nothing is known about what it would run."""

    def __init__(self, reason: str) -> None:
        super().__init__("unparsable", reason)


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command.

    Attributes:
        text: The value after quote removal, or None when the shell computes a part of it.
        shown: The value with computed parts as they were written; what patterns are matched against.
        prefix: The literal text before the first computed part.
        splits: An unquoted expansion or brace can turn it into several words, or none.
        globs: It contains an unquoted wildcard.
    """

    text: str | None
    shown: str
    prefix: str
    splits: bool = False
    globs: bool = False

    @property
    def single(self) -> bool:
        """Whether it is exactly one word when the command runs."""
        return not (self.splits or self.globs)


def literal_word(text: str) -> Word:
    """Return the word whose value is exactly `text`."""
    return Word(text, text, text)


def computed_word(shown: str) -> Word:
    """Return a word whose value and number only the run knows."""
    return Word(None, shown, "", splits=True)


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """One program or built-in with its arguments.

    Attributes:
        words: Its name and arguments; never empty.
        heredoc_only: A here-document is the only thing it reads by redirection.
    """

    words: tuple[Word, ...]
    heredoc_only: bool = False


@dataclass(frozen=True, slots=True)
class Redirection:
    """A redirection from or to a file; `operator` without its descriptor."""

    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Refusal:
    """A construct that was read, and that no allow-list can permit; fields as in `RefusedError`."""

    rule: str
    reason: str


Part = SimpleCommand | Redirection | Refusal
