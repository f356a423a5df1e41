r"""Patterns of the allow-list: Claude Code's Bash rules, and `> PATH` for files that output may go to.

`git status` is exactly that command, `*` stands for any text, `git *` is `git` with or without arguments (the
legacy `git:*` is the same), `git*` also names `gitk`. Quotes keep blanks together, `\*` is a plain asterisk.
`CI=1 npm run *` is `npm run` with exactly that variable, `PYTHONPATH=* pytest *` with any value of it, and
`export PYTHONPATH=*` sets it for the rest of the line.

A path without a slash in front holds in the agent's state directory only.
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hyperhive.domain.bash.script import Assignment, Literal, Piece, Tilde, Word
from hyperhive.domain.bash.script import Pattern as Glob

MAX_PATTERN: Final = 1000
# Marks in the text that is matched; a pattern is printable, so no literal text of it is taken for one.
_BLANK: Final = "\0"  # between words, so that a quoted blank is never a word's end
_WILD: Final = "\1"
_COMPUTED: Final = "\2"  # what the shell computes: only a wildcard covers it
_TILDE: Final = "\3"
_MARKS: Final = re.compile("[\0-\3]")
_CLAUDE_RULE: Final = re.compile(r"Bash\(.*\)?")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_ARRAY_OR_APPENDED: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\[[^ ]*\])?\+?=")
# What the shell and the loader go by: with one of them a pattern says nothing about what runs.
_DECIDING: Final = re.compile(
    r"PATH|IFS|ENV|BASH.*|SHELLOPTS|PS[0-4]|PROMPT_.*|CDPATH|GLOBIGNORE|POSIXLY_CORRECT|LD_.*|GLIBC_TUNABLES"
    r"|GCONV_PATH|LOCPATH|NLSPATH|HISTFILE|FUNCNEST|EXECIGNORE|CHILD_MAX|CLAUDE.*|ZSH_.*|ARGV0|OSTYPE|_|_cc_.*"
)
# In the shell of the line they mean more: where `~` is, and how the rest of the line is read.
_FIXED_IN_SHELL: Final = re.compile(r"HOME|PWD|OLDPWD")
_LOCALE: Final = re.compile(r"LANG|LC_.*")


@dataclass(frozen=True, slots=True)
class Wildcards:
    """A text with wildcards in it."""

    #: The literal texts between the wildcards; one piece means no wildcard.
    pieces: tuple[str, ...]
    #: The lone wildcard at the end may also match nothing, blank included.
    optional_tail: bool = False

    @property
    def exact(self) -> bool:
        return len(self.pieces) == 1

    @property
    def anything(self) -> bool:
        return self.pieces == ("", "")

    def matches(self, text: str) -> bool:
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
class Pattern:
    #: As the operator wrote it.
    source: str
    #: Of a command's words, joined by `_BLANK`, or of a path.
    text: Wildcards
    #: The value of every variable that the command is given.
    environment: tuple[tuple[str, Wildcards], ...] = ()
    #: It is about an output file, not about a command.
    redirect: bool = False

    @property
    def exact(self) -> bool:
        return self.text.exact and all(value.exact for _, value in self.environment)

    @property
    def program(self) -> Wildcards:
        """Of the name of the program."""
        return Wildcards(tuple(_first_words(self.text.pieces)))

    def covers(self, words: str, environment: dict[str, str]) -> bool:
        values = dict(self.environment)
        return (
            values.keys() == environment.keys()
            and self.text.matches(words)
            and all(values[name].matches(value) for name, value in environment.items())
        )


@dataclass(frozen=True, slots=True)
class PatternList:
    commands: tuple[Pattern, ...]
    redirects: tuple[Pattern, ...]

    def command(
        self,
        words: Sequence[Word],
        assignments: Sequence[Assignment] = (),
        *,
        directory: str | None = None,
        in_place: bool = True,
    ) -> Pattern | None:
        """The pattern that covers a command and what it finds in its environment, an exact one first.

        A relative path in a pattern holds below `directory`, the state directory, where the command starts
        if it is `in_place`.
        """
        words, assignments = _exported(words, assignments)
        environment = _values(assignments)
        if environment is None:
            return None
        name = words[0].text or ""
        text = _BLANK.join(map(_matched, words))
        static = _COMPUTED not in text and not any(word.globs for word in words)
        names = [(name, in_place), *((other, True) for other in _from(directory, name))]
        for pattern in self.commands:
            if pattern.exact and not static:
                continue
            for other, placed in names:
                allowed = _path_allowed(pattern, other, in_place=placed)
                if allowed and pattern.covers(other + text[len(name) :], environment):
                    return pattern
        return None

    def output(self, target: Word, *, directory: str | None = None, in_place: bool = True) -> Pattern | None:
        """The pattern that covers writing to a file; one with `..` in its path only `> *` does.

        A relative pattern holds below `directory`, the state directory, where the command starts if it is
        `in_place`.
        """
        paths = _paths(target.text, directory, in_place=in_place)
        for pattern in self.redirects:
            if pattern.text.anything or any(map(pattern.text.matches, paths)):
                return pattern
        return None

    def names_program(self, name: str) -> bool:
        """Whether a pattern is about the program of that name."""
        return any(pattern.program.matches(name) for pattern in self.commands if not pattern.text.anything)


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
    words = _mark(source, text[:-2] + " *" if text.endswith(":*") and len(text) > 2 else text).split(_BLANK)
    environment = []
    while words and (named := _ASSIGNMENT.match(words[0])):
        environment.append(_compile_assignment(source, named[1], words.pop(0)))
    if words[:1] == ["export"] and environment:
        raise ValueError(f"pattern {source!r} must be `export NAME=VALUE`, without variables in front")
    if words[:1] == ["export"]:
        while len(words) > 1 and (named := _ASSIGNMENT.match(words[1])):
            environment.append(_compile_assignment(source, named[1], words.pop(1)))
            _check_export(source, *environment[-1])
    if not words:
        raise ValueError(
            f"pattern {source!r} names no command; write `{source} COMMAND` for its environment, and nothing "
            "for a variable of the line itself, which needs no pattern"
        )
    if _ARRAY_OR_APPENDED.match(words[0]):
        raise ValueError(f"pattern {source!r} must set a variable with a plain NAME=VALUE")
    pieces = tuple(_BLANK.join(words).split(_WILD))
    tail = len(pieces) == 2 and pieces[1] == "" and pieces[0].endswith(_BLANK)
    return Pattern(source, Wildcards(pieces, tail), tuple(environment))


def _compile_assignment(source: str, name: str, word: str) -> tuple[str, Wildcards]:
    if _DECIDING.fullmatch(name):
        raise ValueError(
            f"pattern {source!r} sets {name}, which decides what the shell runs; set it for the whole agent, "
            "or write the program with its full path"
        )
    value = word.partition("=")[2]
    return name, Wildcards(tuple(re.sub("(^|:)~", rf"\1{_TILDE}", value).split(_WILD)))


def _check_export(source: str, name: str, value: Wildcards) -> None:
    if _FIXED_IN_SHELL.fullmatch(name):
        raise ValueError(f"pattern {source!r} must not set {name} in the shell; write `{name}=… COMMAND`")
    if _LOCALE.fullmatch(name) and not value.exact:
        raise ValueError(f"pattern {source!r} must name one value for {name}, such as `export {name}=C`")


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
    pieces = tuple(_mark(source, path).replace(_BLANK, " ").replace(_TILDE, "~").split(_WILD))
    if len(pieces) == 1:
        pieces = (posixpath.normpath(pieces[0]),)
    elif pieces[0].startswith("./"):
        pieces = (pieces[0].removeprefix("./"), *pieces[1:])
    return Pattern(source, Wildcards(pieces), redirect=True)


def _mark(source: str, text: str) -> str:
    """The text with quotes and escapes gone; blanks between words, wildcards and `~` as marks."""
    out: list[str] = []
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
        elif char == "~" and not quote and out[-1:] in ([], [_BLANK]):
            out.append(_TILDE)
        elif not quote and char in ";|&<>`":
            raise ValueError(
                f"pattern {source!r} holds {char!r}; every pattern is matched against one single command"
            )
        else:
            out.append(char)
    if quote:
        raise ValueError(f"pattern {source!r} has an unclosed quote; write \\{quote} for a plain one")
    return "".join(out)


def _first_words(pieces: Sequence[str]) -> Iterable[str]:
    """The pieces up to the first blank."""
    for piece in pieces:
        first, blank, _ = piece.partition(_BLANK)
        yield first
        if blank:
            return


def _path_allowed(pattern: Pattern, name: str, *, in_place: bool) -> bool:
    """A command given by path needs a pattern with a path, and none that `..` could lead out of."""
    if "/" not in name or pattern.text.anything:
        return True
    named = any("/" in piece for piece in pattern.program.pieces)
    return named and ".." not in name.split("/") and (in_place or name.startswith("/"))


def _from(directory: str | None, path: str) -> tuple[str, ...]:
    """The ways to name a program below a directory from there; without a slash it would be another."""
    below = posixpath.join(directory or "/", "")
    if directory is None or not path.startswith(below):
        return ()
    rest = path.removeprefix(below)
    return (f"./{rest}", rest) if "/" in rest else (f"./{rest}",)


def _paths(path: str | None, directory: str | None, *, in_place: bool) -> list[str]:
    """The ways to name a file: as it stands, and from the state directory or from the root."""
    if not path or ".." in path.split("/"):
        return []
    path = posixpath.normpath(path)
    if not path.startswith("/") and not in_place:
        return [f"{_COMPUTED}/{path}"]
    if directory is None:
        return [path]
    below = posixpath.join(directory, "")
    return [path, path.removeprefix(below) if path.startswith(below) else posixpath.join(below, path)]


def _matched(word: Word) -> str:
    return "".join(map(_matched_piece, word.pieces))


def _matched_piece(piece: Piece) -> str:
    match piece:
        case Literal(text):
            return _MARKS.sub(_COMPUTED, text)
        case Glob(text):
            return text
        case Tilde(user) if user not in ("+", "-"):
            return _TILDE + user
        case _:
            return _COMPUTED


def _exported(
    words: Sequence[Word], assignments: Sequence[Assignment]
) -> tuple[Sequence[Word], Sequence[Assignment]]:
    """`export NAME=VALUE …` is matched like a command with variables in front."""
    named = [exported_assignment(word) for word in words[1:]]
    if words[0].text != "export" or assignments or None in named:
        return words, assignments
    return words[:1], [assignment for assignment in named if assignment is not None]


def exported_assignment(word: Word) -> Assignment | None:
    """What `export`, or `env`, makes of `NAME=VALUE`."""
    named = _ASSIGNMENT.match(word.prefix)
    if named is None:
        return None
    rest = word.prefix[named.end() :]
    pieces = ((Literal(rest),) if rest else ()) + word.pieces[1:]
    return Assignment(named[1], "", False, Word(pieces or (Literal(""),)))


def _values(assignments: Sequence[Assignment]) -> dict[str, str] | None:
    """The value of every variable, None where one is more than a plain `NAME=VALUE`."""
    values = {}
    for assignment in assignments:
        if assignment.append or assignment.subscript or isinstance(assignment.value, tuple):
            return None
        if assignment.name in values:
            return None
        values[assignment.name] = _matched(assignment.value)
    return values


def listed(patterns: Iterable[str], limit: int = 20) -> str:
    names = list(patterns)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(f"`{name}`" for name in names[:limit]) + more
