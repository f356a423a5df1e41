r"""Patterns of the allow-list: Claude Code's Bash rules, and `> PATH` for files that output may go to.

`git status` is exactly that command, `*` stands for any text, `git *` is `git` with or without arguments (the
legacy `git:*` is the same), `git*` also names `gitk`. Quotes keep blanks together, `\*` is a plain asterisk.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hyperhive.domain.bash.script import Word

MAX_PATTERN: Final = 1000
_BLANK: Final = "\0"  # between words: a command holds no NUL, so a quoted blank is never a word's end
_WILD: Final = "\1"
_CLAUDE_RULE: Final = re.compile(r"Bash\(.*\)?")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")


@dataclass(frozen=True, slots=True)
class Pattern:
    #: As the operator wrote it.
    source: str
    #: The literal texts between its wildcards; one piece means no wildcard.
    pieces: tuple[str, ...]
    #: The lone wildcard at the end may also match nothing, blank included.
    optional_tail: bool
    #: Its first word contains a slash.
    names_path: bool
    #: It is about an output file, not about a command.
    redirect: bool

    @property
    def exact(self) -> bool:
        return len(self.pieces) == 1

    @property
    def anything(self) -> bool:
        return self.pieces == ("", "")

    def matches(self, text: str) -> bool:
        """Whether it covers a path, or a command's words joined by `_BLANK`."""
        if self.exact:
            return text == self.pieces[0]
        first, *middle, last = self.pieces
        if self.optional_tail and text == first[:-1]:
            return True
        if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
            return False
        position, limit = len(first), len(text) - len(last)
        for piece in middle:
            found = text.find(piece, position, limit)
            if found < 0:
                return False
            position = found + len(piece)
        return True


@dataclass(frozen=True, slots=True)
class PatternList:
    commands: tuple[Pattern, ...]
    redirects: tuple[Pattern, ...]

    def command(self, words: Sequence[Word]) -> Pattern | None:
        """The pattern that covers a command, an exact one first."""
        name = words[0].text or ""
        text = _BLANK.join(word.shown for word in words)
        static = all(word.text is not None for word in words)
        for pattern in self.commands:
            if pattern.exact:
                if static and pattern.matches(text):
                    return pattern
            elif _path_allowed(pattern, name) and pattern.matches(text):
                return pattern
        return None

    def output(self, target: Word) -> Pattern | None:
        """The pattern that covers writing to a file; `..` in a path is never covered."""
        if target.text is None:
            return next((pattern for pattern in self.redirects if pattern.anything), None)
        if ".." in target.text.split("/") or not target.text:
            return None
        path = posixpath.normpath(target.text)
        return next((pattern for pattern in self.redirects if pattern.matches(path)), None)


@lru_cache(maxsize=256)
def compile_patterns(patterns: tuple[str, ...]) -> PatternList:
    """Compile a list; what `validate_pattern` refuses matches nothing. Exact patterns come first."""
    compiled = []
    for source in patterns:
        try:
            compiled.append(compile_pattern(source))
        except ValueError:
            continue
    commands = sorted(
        (pattern for pattern in compiled if not pattern.redirect), key=lambda found: not found.exact
    )
    return PatternList(tuple(commands), tuple(pattern for pattern in compiled if pattern.redirect))


def compile_pattern(source: str) -> Pattern:
    """Compile one pattern; a `ValueError` says why it is none, or could never match a single command."""
    text = source.strip(" ")
    _check_text(source, text)
    if text.startswith(">"):
        return _compile_redirect(source, text)
    marked = _mark(source, text[:-2] + " *" if text.endswith(":*") and len(text) > 2 else text)
    if _ASSIGNMENT.match(marked):
        raise ValueError(
            f"pattern {source!r} begins with an assignment; assignments are never allowed with a list"
        )
    pieces = tuple(marked.split(_WILD))
    return Pattern(
        source=source,
        pieces=pieces,
        optional_tail=len(pieces) == 2 and pieces[1] == "" and pieces[0].endswith(_BLANK),
        names_path="/" in marked.partition(_BLANK)[0],
        redirect=False,
    )


def _check_text(source: str, text: str) -> None:
    if not text:
        raise ValueError("a Bash pattern must not be empty; an empty list means no Bash at all")
    if not source.isprintable():
        raise ValueError(f"pattern {source!r} must be one line without control characters")
    if len(source) > MAX_PATTERN:
        raise ValueError(f"pattern {source[:40]!r}… is longer than {MAX_PATTERN} characters")
    if _CLAUDE_RULE.fullmatch(text):
        raise ValueError(f"pattern {source!r} must not be wrapped in Bash(…); write what stands inside")


def _compile_redirect(source: str, text: str) -> Pattern:
    path = text[1:].strip(" ")
    if not path or path[0] in ">&|(" or ".." in path.split("/"):
        raise ValueError(
            f"pattern {source!r} must be `> PATH` without `..`; it covers writing and appending alike"
        )
    pieces = tuple(_mark(source, path).replace(_BLANK, " ").split(_WILD))
    if len(pieces) == 1:
        pieces = (posixpath.normpath(pieces[0]),)
    elif pieces[0].startswith("./"):
        pieces = (pieces[0].removeprefix("./"), *pieces[1:])
    return Pattern(source, pieces, optional_tail=False, names_path=True, redirect=True)


def _mark(source: str, text: str) -> str:
    """The text with quotes and escapes gone, blanks between words and wildcards as marks."""
    out = []
    quote = ""
    characters = iter(text)
    for char in characters:
        if char == "\\" and quote != "'":
            out.append(next(characters, "\\"))
        elif char in ("'", '"') and quote in ("", char):
            quote = "" if quote else char
        elif char == "*":
            out.append(_WILD)
        elif char == " " and not quote:
            if out[-1:] != [_BLANK]:
                out.append(_BLANK)
        elif not quote and char in ";|&<>`":
            raise ValueError(
                f"pattern {source!r} holds {char!r}; every pattern is matched against one single command"
            )
        else:
            out.append(char)
    if quote:
        raise ValueError(f"pattern {source!r} has an unclosed quote; write \\{quote} for a plain one")
    return "".join(out)


def _path_allowed(pattern: Pattern, name: str) -> bool:
    """A command given by path needs a pattern with a path, and none that `..` could lead out of."""
    return "/" not in name or pattern.anything or (pattern.names_path and ".." not in name.split("/"))


def listed(patterns: Iterable[str], limit: int = 20) -> str:
    names = list(patterns)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(f"`{name}`" for name in names[:limit]) + more
