"""The tree of a script: what the parser understood, what the rules judge and what the printer prints.

Every value is immutable and compares by content. Texts are plain: quotes are gone, and only a piece that is
not a `Literal` means anything to the shell. Two lines that differ in spacing, comments, joined lines or the
way they quote have the same tree.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from operator import is_
from typing import Any, Final, TypeVar


class RefusedError(Exception):
    """A command line, or one command of it, cannot be allowed."""

    def __init__(self, rule: str, reason: str, instead: "str | Command | None" = None) -> None:
        super().__init__(reason)
        #: The stable key of the verdict's rule.
        self.rule = rule
        #: One sentence without its final full stop.
        self.reason = reason
        #: The same thing in a way that can be allowed: what to write, or a command to put in its place.
        self.instead = instead


class UnparsableError(RefusedError):
    """The line cannot be read with certainty; nothing is known about what it would run."""

    def __init__(self, reason: str, instead: "str | Command | None" = None) -> None:
        super().__init__("unparsable", reason, instead)


# Pieces of words.


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself; never empty, except alone in a word."""

    text: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """Unquoted text with a meaning: `*`, `?`, `[a-z]`, or a part of a regular expression behind `=~`."""

    text: str


@dataclass(frozen=True, slots=True)
class Tilde:
    """`~` or `~user` at the beginning of a word, or behind `=` or `:` of an assignment."""

    user: str


@dataclass(frozen=True, slots=True)
class Brace:
    """`{a,b}`: at least two alternatives, each of which may be empty."""

    alternatives: tuple["Word", ...]


@dataclass(frozen=True, slots=True)
class BraceRange:
    """`{1..5}` or `{a..e..2}`; `step` may be empty."""

    first: str
    last: str
    step: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` and every form of `${…}`."""

    #: A variable, a position (`1`) or one of `@*#?$!-`.
    name: str
    #: In double quotes, or where the shell neither splits nor globs.
    quoted: bool
    #: `@`, `*`, an integer, a name, or `${name}`; empty without one.
    subscript: str = ""
    #: Empty for the plain value; `length` (`${#x}`), `keys` (`${!m[@]}`), `indirect` (`${!x}`), `slice`
    #: (`${x:1:2}`); or the operator as written: `:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/`,
    #: `//`, `/#`, `/%`, `^`, `^^`, `,`, `,,`, `@Q` and the like.
    operator: str = ""
    #: What stands behind the operator; behind a slash, the pattern.
    argument: "Word | None" = None
    #: What a match is replaced with.
    replacement: "Word | None" = None
    #: Offset, and length if there is one.
    slice: "tuple[Tokens, ...]" = ()


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(…)` and backticks."""

    script: "Script"
    quoted: bool


@dataclass(frozen=True, slots=True)
class ProcessSubstitution:
    """`<(…)` or `>(…)`."""

    direction: str
    script: "Script"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((…))`."""

    tokens: "Tokens"
    quoted: bool


@dataclass(frozen=True, slots=True)
class Embedded:
    """The text of a script for another shell, or for `eval` and `trap`: all of its word.

    The parser makes a `Literal` of it. The wrapper that runs it puts this in its place once it is read, so
    that it is printed like the rest.
    """

    script: "Script"
    #: The shell need not be Bash.
    posix: bool
    #: It runs in the shell of the line and sees and sets its variables (`eval`, `trap`).
    same_shell: bool = False


@dataclass(frozen=True, slots=True)
class Placeholder:
    """What another program puts into the words of a command that it starts; judged, never printed."""

    #: As it stands in the line: `{}` of find, the `X` of `xargs -I X`.
    text: str
    #: Any number of words instead of a part of one.
    many: bool = False


Piece = (
    Literal
    | Pattern
    | Tilde
    | Brace
    | BraceRange
    | Parameter
    | Substitution
    | ProcessSubstitution
    | Arithmetic
    | Embedded
    | Placeholder
)

# Of an arithmetic expression: numbers, names and operators as text, and expansions.
Tokens = tuple[str | Parameter | Substitution, ...]


@dataclass(frozen=True)
class Word:
    """Its pieces in order; no two literals touch each other, and the empty word has one empty literal."""

    pieces: tuple[Piece, ...]

    @cached_property
    def text(self) -> str | None:
        """The value, or None when the shell computes a part of it."""
        literals = [piece.text for piece in self.pieces if isinstance(piece, Literal)]
        return "".join(literals) if len(literals) == len(self.pieces) else None

    @cached_property
    def prefix(self) -> str:
        """The literal text before the first computed part; empty if a brace stands anywhere in it."""
        if any(isinstance(piece, Brace | BraceRange) for piece in self.pieces):
            return ""
        first = self.pieces[0]
        return first.text if isinstance(first, Literal) else ""

    @cached_property
    def splits(self) -> bool:
        """It can turn into several words, or none, by an unquoted expansion, `"$@"` or a brace."""
        return any(_splits(piece) for piece in self.pieces)

    @cached_property
    def globs(self) -> bool:
        """It contains an unquoted wildcard."""
        return any(isinstance(piece, Pattern) for piece in self.pieces)

    @property
    def single(self) -> bool:
        """Whether it is exactly one word when the command runs."""
        return not (self.splits or self.globs)


def _splits(piece: Piece) -> bool:
    match piece:
        case Parameter(quoted=True):
            return "@" in (piece.name, piece.subscript)
        case Parameter() | Brace() | BraceRange():
            return True
        case Substitution(quoted=quoted) | Arithmetic(quoted=quoted):
            return not quoted
        case Placeholder(many=many):
            return many
        case _:
            return False


def literal_word(text: str) -> Word:
    return Word((Literal(text),))


# Commands.


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    #: As in `Parameter`, empty without one.
    subscript: str
    #: `+=` instead of `=`.
    append: bool
    #: A tuple is an array: `(a b c)`.
    value: "Word | tuple[Word, ...]"


@dataclass(frozen=True, slots=True)
class Redirection:
    #: None for the operator's usual one.
    descriptor: int | None
    #: `<`, `>`, `>>`, `>|`, `<>`, `&>`, `&>>`, `<&`, `>&`, `<<<` or `<<`.
    operator: str
    #: A file, a descriptor or `-`, a string; for `<<` the literal body with its last newline, or empty.
    #: A here-document with an expansion in it, and any inside of a substitution, is a `<<<`.
    target: Word


Redirections = tuple[Redirection, ...]


@dataclass(frozen=True, slots=True)
class SimpleCommand:
    """Not everything is empty; `assignments` alone set variables, before words they are its environment."""

    assignments: tuple[Assignment, ...]
    #: Its name and arguments.
    words: tuple[Word, ...]
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`{ … }`."""

    body: "Script"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class Subshell:
    """`( … )`."""

    body: "Script"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class If:
    #: Condition and body of `if` and of each `elif`.
    branches: tuple[tuple["Script", "Script"], ...]
    otherwise: "Script | None"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class While:
    """`while`, or `until`."""

    until: bool
    condition: "Script"
    body: "Script"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class For:
    name: str
    #: None without `in`: over the positional parameters.
    words: tuple[Word, ...] | None
    body: "Script"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class ArithmeticFor:
    """`for ((start; condition; step))`; each may be empty."""

    start: Tokens
    condition: Tokens
    step: Tokens
    body: "Script"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class CaseItem:
    patterns: tuple[Word, ...]
    body: "Script"
    #: `;;`, `;&` or `;;&`.
    terminator: str


@dataclass(frozen=True, slots=True)
class Case:
    subject: Word
    items: tuple[CaseItem, ...]
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class ArithmeticCommand:
    """`((…))`."""

    tokens: Tokens
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class DoubleBracket:
    """`[[ … ]]`."""

    condition: "Condition"
    redirections: Redirections = ()


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    #: A compound command.
    body: "Command"


Command = (
    SimpleCommand
    | Group
    | Subshell
    | If
    | While
    | For
    | ArithmeticFor
    | Case
    | ArithmeticCommand
    | DoubleBracket
    | Function
)


# What stands in `[[ … ]]`.


@dataclass(frozen=True, slots=True)
class NotEmpty:
    word: Word


@dataclass(frozen=True, slots=True)
class UnaryTest:
    operator: str
    operand: Word


@dataclass(frozen=True, slots=True)
class BinaryTest:
    left: Word
    operator: str
    #: Behind `==`, `=`, `!=` and `=~` unquoted text is a `Pattern`, an unquoted expansion is one too.
    right: Word


@dataclass(frozen=True, slots=True)
class Not:
    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Junction:
    """`&&` or `||`; both are left-associative, parentheses around either are not kept."""

    operator: str
    left: "Condition"
    right: "Condition"


Condition = NotEmpty | UnaryTest | BinaryTest | Not | Junction


# Lists of commands.


@dataclass(frozen=True, slots=True)
class Pipeline:
    """`|&` has become a redirection of its left side."""

    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """Pipelines joined by `&&` and `||`."""

    first: Pipeline
    #: Operator and pipeline.
    rest: tuple[tuple[str, Pipeline], ...] = ()
    background: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """At least one statement."""

    statements: tuple[Statement, ...]


def nodes(value: object) -> Iterator[Any]:
    """Every node at or below a value, parents first, in the order in which the shell meets them.

    Scripts that another shell runs are left out.
    """
    pending: list[Any] = [value]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(reversed(node))
            continue
        names = parts(type(node))
        if names is not None:
            yield node
            if not isinstance(node, Embedded) or node.same_shell:
                pending.extend([getattr(node, name) for name in reversed(names)])


_PLAIN: Final = (str, bool, int | None)
_PARTS: Final[dict[type, tuple[str, ...] | None]] = {}


def parts(kind: type) -> tuple[str, ...] | None:
    """The fields of a kind of node that can hold other nodes, in order; None for what is no node."""
    if kind not in _PARTS:
        found = (
            [field.name for field in fields(kind) if field.type not in _PLAIN] if is_dataclass(kind) else None
        )
        _PARTS[kind] = None if found is None else tuple(found)
    return _PARTS[kind]


Tree = TypeVar("Tree")


def rebuilt(value: Tree, change: Callable[[Any], Any]) -> Tree:
    """The same tree with every node replaced by what `change` makes of it, children first.

    Scripts that another shell runs are left as they are.
    """
    if isinstance(value, tuple):
        items = tuple(rebuilt(item, change) for item in value)
        return value if all(map(is_, items, value)) else items  # type: ignore[return-value] # of the same types
    names = parts(type(value))
    if names is None:
        return value
    changed = {}
    inside = not isinstance(value, Embedded) or value.same_shell
    for name in names if inside else ():
        old = getattr(value, name)
        new = rebuilt(old, change)
        if new is not old:
            changed[name] = new
    return change(replace(value, **changed) if changed else value)  # type: ignore[no-any-return, type-var] # a node
