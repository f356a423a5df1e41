"""How programs that start others read their words: tables of options, and what is found behind them.

A table holds what is understood; an option that is not in it is a refusal with the rule `wrapper`, and so is
a computed word that could change which word is read as what.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from hyperhive.domain.bash.printing.printer import shown
from hyperhive.domain.bash.script import (
    Assignment,
    Command,
    Embedded,
    Literal,
    Parameter,
    Pattern,
    Piece,
    Placeholder,
    RefusedError,
    SimpleCommand,
    Substitution,
    Word,
)


@dataclass(frozen=True, slots=True)
class InnerCommand:
    """`words[start:end]` of the outer command, where what a program puts in has become a `Placeholder`."""

    start: int
    end: int
    words: tuple[Word, ...]
    assignments: tuple[Assignment, ...] = ()
    #: It runs in a directory that need not be the one of the line.
    moves: bool = False
    #: Functions of the line are called too; otherwise the program or builtin of that name is meant.
    same_shell: bool = False


@dataclass(frozen=True, slots=True)
class InnerScript:
    """`words[start:end]` are, joined by blanks, a script: one word `Embedded` in the end."""

    start: int
    end: int
    #: The shell need not be Bash.
    posix: bool
    same_shell: bool = False


@dataclass(frozen=True, slots=True)
class InnerOutput:
    """A file that is created or written."""

    word: Word


Inner = InnerCommand | InnerScript | InnerOutput

# Whether a computed word may stand where its value decides how the others are read.
Trusts = Callable[[Word], bool]


@dataclass(frozen=True, slots=True)
class Options:
    #: Short options without a value.
    flags: str = ""
    #: Short options with a value, attached or in the next word.
    valued: str = ""
    #: Short options whose value can only be attached, and is refused.
    optional: str = ""
    #: Long options without a value, separated by blanks.
    long_flags: str = ""
    #: Long options with a value, attached by `=` or in the next word.
    long_valued: str = ""
    #: Long options with a value that can only be attached.
    long_optional: str = ""
    #: Short and long options that are refused and would not be missed.
    needless: str = ""
    long_needless: str = ""
    #: Options with a value that name a file to write.
    outputs: str = ""
    #: Options that start the inner command elsewhere.
    moves: str = ""
    #: Operands of its own before the inner command, as regular expressions where they are literal.
    operands: tuple[str, ...] = ()
    #: A lone `-` is the last option.
    dash: bool = False
    #: `-5` is an option.
    numeric: bool = False
    #: Options may also begin with `+`.
    plus: bool = False
    #: The value of a short option may stand behind it in the same word.
    attached: bool = True
    #: Words `NAME=value` before the inner command are its environment.
    assigns: bool = False
    #: Without an inner command it starts a shell.
    starts_shell: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An option of a command line, `-o` or `--output`."""

    name: str
    value: Word | None
    #: Of the word that holds its name.
    index: int


# What xargs reads and puts behind the words of its command.
APPENDED: Final = Word((Placeholder("…", many=True),))
_SAFE_START: Final = re.compile(r"[^-+]")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")


#: The same programs under other names.
ALIASES: Final = {
    "bfs": "find",
    **{
        f"g{name}": name
        for name in ("env", "find", "nice", "nohup", "sort", "stdbuf", "time", "timeout", "xargs")
    },
}


def program_name(name: str) -> str:
    """The name that decides how a program reads its arguments."""
    last = name.rpartition("/")[2]
    return ALIASES.get(last, last)


def uncertain(name: str, why: str, instead: "str | Command | None" = None) -> RefusedError:
    return RefusedError("wrapper", f"what `{name}` would run is not certain: {why}", instead)


def computed(word: Word, instead: "str | Command | None" = None) -> RefusedError:
    return RefusedError(
        "wrapper", f"`{shown(word)}` is computed when it runs and decides what is started", instead
    )


def static_text(word: Word) -> str:
    if word.text is None:
        raise computed(word)
    return word.text


def is_embedded(word: Word) -> bool:
    return isinstance(word.pieces[0], Embedded)


def quoted(word: Word) -> Word:
    """The same word in double quotes: nothing splits, and wildcards stand for themselves."""
    return joined([_quoted_piece(piece) for piece in word.pieces])


def with_quoted(words: Sequence[Word], word: Word) -> SimpleCommand | None:
    """The command with one of its words in quotes, where that makes it a single one."""
    better = quoted(word)
    return rewritten([better if one is word else one for one in words]) if better.single else None


def _quoted_piece(piece: Piece) -> Piece:
    match piece:
        case Parameter(quoted=False) | Substitution(quoted=False):
            return replace(piece, quoted=True)
        case Pattern(text):
            return Literal(text)
        case _:
            return piece


def joined(pieces: Sequence[Piece]) -> Word:
    """A word of these pieces, with neighbouring literals made one."""
    out: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Literal) and out and isinstance(out[-1], Literal):
            out[-1] = Literal(out[-1].text + piece.text)
        elif piece != Literal(""):
            out.append(piece)
    return Word(tuple(out) or (Literal(""),))


def tail(word: Word, start: int) -> Word:
    """What follows the first characters of a word that begins with a literal."""
    first = word.pieces[0]
    text = first.text[start:] if isinstance(first, Literal) else ""
    return joined([Literal(text), *word.pieces[1:]])


def rewritten(words: Sequence[Word]) -> SimpleCommand:
    """A command to write instead: with the words as they stood in the line."""
    return SimpleCommand((), tuple(_as_written(word) for word in words if word != APPENDED))


def _as_written(word: Word) -> Word:
    pieces = [Literal(piece.text) if isinstance(piece, Placeholder) else piece for piece in word.pieces]
    return joined(pieces)


def settled(word: Word, trusts: Trusts) -> bool:
    """Whether a word is exactly one, and cannot turn into an option."""
    return word.text is not None or (
        word.single and (trusts(word) or _SAFE_START.match(word.prefix) is not None)
    )


def names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


class OptionReader:
    """Reads the options of one command, and its own operands behind them."""

    def __init__(self, words: Sequence[Word], options: Options, trusts: Trusts) -> None:
        self.words = words
        self.given: list[Given] = []
        #: The next word to read; in the end the first one that is neither option nor own operand.
        self.index = 1
        #: The first word behind `--`.
        self.end = len(words)
        self._options = options
        self._trusts = trusts
        self._name = program_name(words[0].text or "")

    def read(self) -> None:
        self.read_options()
        for form in self._options.operands:
            self._operand(form)

    def read_options(self) -> None:
        while self.index < len(self.words):
            word = self.words[self.index]
            if word.text == "--":
                self.index += 1
                self.end = self.index
                return
            if word.text == "-" and self._options.dash:
                self.index += 1
                return
            if not self._is_option(word):
                return
            self._option(word)

    def read_mixed(self) -> list[int]:
        """Read options wherever they stand; the indices of the operands."""
        operands: list[int] = []
        while True:
            self.read_options()
            if self.index == self.end:
                return [*operands, *range(self.index, len(self.words))]
            operands.append(self.index)
            self.index += 1

    def outputs(self) -> list[Inner]:
        named = names(self._options.outputs)
        return [InnerOutput(given.value) for given in self.given if given.value and given.name in named]

    @property
    def seen(self) -> frozenset[str]:
        return frozenset(given.name for given in self.given)

    def value(self, *options: str) -> list[Given]:
        return [given for given in self.given if given.name in options]

    def _operand(self, form: str) -> None:
        if self.index >= len(self.words):
            raise uncertain(self._name, "an operand is missing")
        word = self.words[self.index]
        if not settled(word, self._trusts):
            raise computed(word, None if word.single else with_quoted(self.words, word))
        if word.text is not None and re.fullmatch(form, word.text) is None:
            raise uncertain(self._name, f"`{word.text}` is not the operand that belongs there")
        self.index += 1

    def _is_option(self, word: Word) -> bool:
        lead = word.prefix if word.text is None else word.text
        if word.text == "-":
            return False
        return lead.startswith("-") or (self._options.plus and lead.startswith("+"))

    def _option(self, word: Word) -> None:
        text = word.text
        if text is None and not word.single:
            raise computed(word)
        if self._options.numeric and text and text[1:].isdecimal():
            self.index += 1
        elif word.prefix.startswith("--"):
            self._long(word)
        else:
            self._cluster(word)

    def _long(self, word: Word) -> None:
        name, equals, _ = word.prefix.partition("=")
        options, index = self._options, self.index
        if equals and name in names(options.long_valued) | names(options.long_optional):
            self.given.append(Given(name, tail(word, len(name) + 1), index))
            self.index += 1
        elif word.text is None or equals:
            raise self._unknown(word)
        elif name in names(options.long_flags) | names(options.long_optional):
            self.given.append(Given(name, None, index))
            self.index += 1
        elif name in names(options.long_valued):
            self.given.append(Given(name, self._next(), index))
            self.index += 2
        elif name in names(options.long_needless):
            raise self._unknown(word, self._without(index))
        else:
            raise self._unknown(word)

    def _cluster(self, word: Word) -> None:
        lead, options, index = word.prefix, self._options, self.index
        for place, letter in enumerate(lead[1:], start=2):
            last = place == len(lead)
            if letter in options.valued:
                self._short_valued(word, place)
                return
            if letter in options.flags or (letter in options.optional and last and word.text is not None):
                self.given.append(Given(f"-{letter}", None, index))
            elif letter in options.needless and word.text is not None:
                raise self._unknown(word, self._without(index, letter))
            else:
                raise self._unknown(word)
        if word.text is None:
            raise computed(word)
        self.index += 1

    def _short_valued(self, word: Word, place: int) -> None:
        name, index = f"-{word.prefix[place - 1]}", self.index
        if place < len(word.prefix):
            if not self._options.attached:
                raise self._unknown(word)
            self.given.append(Given(name, tail(word, place), index))
            self.index += 1
        elif word.text is None:
            raise computed(word)  # an empty value would make the next word the value
        else:
            self.given.append(Given(name, self._next(), index))
            self.index += 2

    def _next(self) -> Word:
        if self.index + 1 >= len(self.words):
            raise uncertain(self._name, "an option has no value")
        value = self.words[self.index + 1]
        if not value.single:
            raise computed(value, with_quoted(self.words, value))
        return value

    def _unknown(self, word: Word, instead: SimpleCommand | None = None) -> RefusedError:
        return RefusedError(
            "wrapper", f"the option `{shown(word)}` of `{self._name}` is not known here", instead
        )

    def _without(self, index: int, letter: str = "") -> SimpleCommand:
        text = self.words[index].text or ""
        kept = text.replace(letter, "") if letter else ""
        words = [Word((Literal(kept),))] if len(kept) > 1 else []
        return rewritten([*self.words[:index], *words, *self.words[index + 1 :]])


def leading_assignments(words: Sequence[Word], start: int) -> tuple[Assignment, ...]:
    """The words `NAME=value` from `start` on, which are the environment of what follows them."""
    found: list[Assignment] = []
    for word in words[start:]:
        if "=" not in word.prefix:
            break
        match = _ASSIGNMENT.match(word.prefix)
        if match is None:
            raise RefusedError("assignment", f"`{shown(word)}` names no variable that can be set")
        if not word.single:
            raise computed(word, with_quoted(words, word))
        found.append(Assignment(match[1], "", append=False, value=tail(word, match.end())))
    return tuple(found)
