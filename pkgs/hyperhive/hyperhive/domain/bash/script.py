"""What a script consists of once it has been read, and the refusal that every step may raise.

The parser writes these values, everything after it reads nothing else.
"""

from dataclasses import dataclass


class RefusedError(Exception):
    """A command line, or one command of it, cannot be allowed."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        #: The stable key of the verdict's rule.
        self.rule = rule
        #: One sentence without its final full stop.
        self.reason = reason


class UnparsableError(RefusedError):
    """The line cannot be read with certainty; nothing is known about what it would run."""

    def __init__(self, reason: str) -> None:
        super().__init__("unparsable", reason)


@dataclass(frozen=True, slots=True)
class Word:
    #: The value after quote removal, or None when the shell computes a part of it.
    text: str | None
    #: The value with computed parts as they were written; what patterns are matched against.
    shown: str
    #: The literal text before the first computed part.
    prefix: str
    #: An unquoted expansion or brace can turn it into several words, or none.
    splits: bool = False
    #: It contains an unquoted wildcard.
    globs: bool = False

    @property
    def single(self) -> bool:
        """Whether it is exactly one word when the command runs."""
        return not (self.splits or self.globs)


def literal_word(text: str) -> Word:
    return Word(text, text, text)


def computed_word(shown: str) -> Word:
    """A word whose value and number only the run knows."""
    return Word(None, shown, "", splits=True)


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    #: Its name and arguments; never empty.
    words: tuple[Word, ...]
    #: A here-document is the only thing it reads by redirection.
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
