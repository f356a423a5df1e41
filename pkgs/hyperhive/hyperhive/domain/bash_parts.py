"""What a script consists of once it has been read: simple commands, redirections and problems."""

import re
from dataclasses import dataclass
from typing import Final

from hyperhive.domain.bash_words import Word

RESERVED: Final = frozenset(
    {"!", "[[", "]]", "{", "}", "case", "coproc", "do", "done", "elif", "else", "esac"}
    | {"fi", "for", "function", "if", "in", "select", "then", "until", "while"}
)
_HARMLESS_NAME: Final = re.compile(r"(?!npm_|histchars$|auto_resume$|.*_proxy$)[a-z][A-Za-z0-9_]*")


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
class Problem:
    """A construct that was read, and that no allow-list can permit; `reason` without its final full stop."""

    rule: str
    reason: str


Part = SimpleCommand | Redirection | Problem


def harmless_name(name: str) -> bool:
    """Return whether a loop or `read` may set this variable: none that a program could look for."""
    return _HARMLESS_NAME.fullmatch(name) is not None
