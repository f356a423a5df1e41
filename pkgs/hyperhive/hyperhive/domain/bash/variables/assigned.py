"""Every way in which a script sets a variable, defines a function or changes the working directory."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from hyperhive.domain.bash.commands.options import Arguments, read_options
from hyperhive.domain.bash.script import (
    Arithmetic,
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    Embedded,
    For,
    Function,
    Literal,
    Parameter,
    RefusedError,
    Script,
    SimpleCommand,
    Tokens,
    Word,
    literal_word,
    nodes,
)
from hyperhive.domain.bash.variables.names import IDENTIFIER

#: What a variable is set to; None where that is not known.
Value = Word | None

DECLARING: Final = frozenset({"declare", "export", "local", "readonly", "typeset"})
#: Flags and options with values of the built-ins that set variables.
READ_OPTIONS: Final = ("resE", "adinNptu")
MAPFILE_OPTIONS: Final = ("t", "dnOsu")
DECLARE_OPTIONS: Final = "aAfFgilnrtuxpI"
#: They make `declare` show something instead of setting it.
SHOWING: Final = frozenset("pfF")

_OPERAND: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?:(\+?=)(.*))?", re.DOTALL)
#: Operators that set a variable beside them.
ASSIGNING: Final = frozenset(
    {"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "^=", "|="} | {"++", "--"}
)
_STEPS: Final = frozenset({"++", "--"})
_NUMBER: Final = literal_word("0")
_EMPTY: Final = literal_word("")
_REPLY: Final = literal_word("REPLY")
_MAPFILE: Final = literal_word("MAPFILE")
_EVALUATING: Final = frozenset({"eval", ".", "source"})
_MOVING: Final = frozenset({"cd", "pushd", "popd"})
# In front of a built-in they leave it what it is.
_TRANSPARENT: Final = frozenset({"builtin", "command", "time"})


@dataclass
class Assignments:
    directory: str | None
    values: dict[str, list[Value]] = field(default_factory=lambda: defaultdict(list))
    #: The variables that the shell itself keeps; the rest of `values` is the environment of single commands.
    assigned: set[str] = field(default_factory=set)
    exported: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    associative: set[str] = field(default_factory=set)
    #: The arrays that lines or words are read into.
    lists: set[str] = field(default_factory=set)
    appended: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    moves: bool = False
    #: A variable may be set that is not known here.
    uncertain: bool = False

    @classmethod
    def of(cls, script: Script, directory: str | None) -> Self:
        found = cls(directory)
        for node in nodes(script):
            found._node(node)
        return found

    def _node(self, node: object) -> None:
        match node:
            case SimpleCommand(assignments, words):
                for assignment in assignments:
                    self._assignment(assignment)
                    if not words:
                        self.assigned.add(assignment.name)
                if words:
                    self._command(words)
            case For(name, words):
                for word in words if words is not None else (None,):
                    self._set(name, word)
                self.assigned.add(name)
            case Function(name):
                self.functions.add(name)
            case _:
                for tokens in expressions(node):
                    for name in targets(tokens):
                        self._set(name, _NUMBER)

    def _set(self, name: str, value: Value) -> None:
        self.values[name].append(value)
        self.assigned.add(name)

    def _assignment(self, assignment: Assignment) -> None:
        name, value = assignment.name, assignment.value
        self.values[name].extend(value if isinstance(value, tuple) else (value,))
        if isinstance(value, tuple) or assignment.subscript:
            self.arrays.add(name)
        if assignment.append and not isinstance(value, tuple):
            self.appended.add(name)

    def _command(self, words: Sequence[Word]) -> None:
        words = builtin_words(words)
        name = words[0].text if words else None
        try:
            self._builtin(name, words)
        except RefusedError:
            self.uncertain = True
        self.moves = self.moves or (name in _MOVING and not self._stays(words))

    def _builtin(self, name: str | None, words: Sequence[Word]) -> None:
        match name:
            case "read":
                arguments = read_options(words, *READ_OPTIONS)
                arrays = arguments.values("a")
                self._arrays(arrays)
                self._unknown(arguments.operands or (() if arrays else (_REPLY,)))
            case "mapfile" | "readarray":
                self._arrays(read_options(words, *MAPFILE_OPTIONS).operands or (_MAPFILE,))
            case "printf" if words[1:] and words[1].prefix.startswith("-"):
                self._unknown(read_options(words, "", "v").values("v"))
            case "wait":
                self._unknown(read_options(words, "nf", "p").values("p"))
            case "getopts":
                self._unknown(words[2:3])
            case "unset":
                for word in read_options(words, "vfn").operands:
                    self._set(self._name(word), _EMPTY)
            case _ if name in DECLARING:
                self._declare(words)
            case _:
                self.uncertain |= _opaque(name, words)

    def _declare(self, words: Sequence[Word]) -> None:
        arguments = read_options(words, DECLARE_OPTIONS, plus=DECLARE_OPTIONS)
        letters = arguments.letters
        if not letters.isdisjoint(SHOWING):
            return
        if "n" in letters and words[0].text != "export":
            self.uncertain = True
        for word in arguments.operands:
            name, operator, value = operand(word)
            if not letters.isdisjoint("aA"):
                self.arrays.add(name)
            if "A" in letters:
                self.associative.add(name)
            self.values[name].append(value)
            (self.exported if exports(words, arguments) else self.assigned).add(name)
            if operator == "+=":
                self.appended.add(name)

    def _arrays(self, words: Sequence[Word]) -> None:
        self._unknown(words)
        self.lists.update(map(self._name, words))
        self.arrays |= self.lists

    def _unknown(self, words: Sequence[Word]) -> None:
        for word in words:
            self._set(self._name(word), None)

    def _name(self, word: Word) -> str:
        return operand(word)[0]

    def _stays(self, words: Sequence[Word]) -> bool:
        texts = [word.text for word in words[1:] if word.text not in ("--", "-P", "-L")]
        return (
            words[0].text == "cd"
            and self.directory is not None
            and len(texts) == 1
            and texts[0] is not None
            and ".." not in texts[0].split("/")  # behind a link it is another directory
            and posixpath.normpath(texts[0]) == posixpath.normpath(self.directory)
        )


def builtin_words(words: Sequence[Word]) -> Sequence[Word]:
    """A command without what may stand in front of a built-in; nothing where it is only asked about."""
    given = words
    while words and words[0].text in _TRANSPARENT:
        if words[0].text == "time" and words is not given:
            return ()  # the program of that name, which knows no built-in
        words = words[1:]
        while words and words[0].prefix.startswith("-"):
            if not set("vV").isdisjoint(words[0].prefix):
                return ()
            words = words[1:]
    return words


def operand(word: Word) -> tuple[str, str, Word]:
    """Name, operator and value of `NAME`, `NAME=VALUE` or `NAME+=VALUE`; without a value, the empty one."""
    first = word.pieces[0]
    found = _OPERAND.fullmatch(first.text) if isinstance(first, Literal) else None
    if found is None or (found[2] is None and len(word.pieces) > 1):
        raise RefusedError("assignment", "the name of a variable is not written out plainly")
    name, operator, text = found.groups(default="")
    rest = ((Literal(text),) if text else ()) + word.pieces[1:]
    return name, operator, Word(rest) if rest else _EMPTY


def exports(words: Sequence[Word], arguments: Arguments) -> bool:
    name, letters = words[0].text, arguments.letters
    return "x" in letters or (name == "export" and "n" not in letters)


def _opaque(name: str | None, words: Sequence[Word]) -> bool:
    """Whether a command of the shell itself runs something there that the tree does not hold."""
    if name in _EVALUATING:
        return any(not _embedded(word) for word in words[1:] if word.text != "--")
    operands = read_options(words, "lpP").operands if name == "trap" else ()
    return len(operands) > 1 and not (_embedded(operands[0]) or operands[0].text in ("", "-"))


def _embedded(word: Word) -> bool:
    return isinstance(word.pieces[0], Embedded)


def expressions(node: object) -> Iterator[Tokens]:
    """The arithmetic expressions of a node itself."""
    match node:
        case Arithmetic(tokens) | ArithmeticCommand(tokens):
            yield tokens
        case ArithmeticFor(start, condition, step):
            yield from (start, condition, step)
        case Parameter(slice=tokens):
            yield from tokens


def targets(tokens: Tokens) -> Iterator[str]:
    """The variables that an arithmetic expression sets."""
    for index, token in enumerate(tokens):
        if isinstance(token, str) and IDENTIFIER.fullmatch(token):
            before = tokens[index - 1] if index else ""
            after = tokens[index + 1] if index + 1 < len(tokens) else ""
            if before in _STEPS or after in ASSIGNING:
                yield token
