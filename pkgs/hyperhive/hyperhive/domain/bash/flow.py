"""Which variables a script may read before it has set them, so that they hold what the environment gave them.

A value is counted only where it is certain to be there: Bash gives up the whole of a command of the outermost
list when an expansion in it fails, and goes on with the next one.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from hyperhive.domain.bash.assigned import builtin_words, operand
from hyperhive.domain.bash.options import read_options
from hyperhive.domain.bash.script import (
    Arithmetic,
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    Case,
    Command,
    DoubleBracket,
    Embedded,
    For,
    Function,
    Group,
    If,
    Literal,
    Parameter,
    Pipeline,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Subshell,
    Substitution,
    Tilde,
    Tokens,
    While,
    Word,
    parts,
)
from hyperhive.domain.bash.variables import IDENTIFIER

_DECLARING: Final = frozenset({"declare", "local", "readonly", "typeset"})


def read_before_set(script: Script) -> frozenset[str]:
    walk = _Walk()
    walk.outermost(script)
    return frozenset(walk.early)


@dataclass
class _Walk:
    early: set[str] = field(default_factory=set)
    #: What is set for certain where the walk stands, and the order in which it was.
    _set: dict[str, None] = field(default_factory=dict)
    _in_function: bool = False

    def outermost(self, script: Script) -> None:
        """A list whose commands are run one by one, also when one before was given up."""
        for statement in script.statements:
            with self._block(keep=_certain(statement)):
                self._statement(statement)

    @contextmanager
    def _block(self, *, keep: bool = False) -> Iterator[None]:
        """What is set in it is not certain behind it."""
        size = len(self._set)
        yield
        while len(self._set) > size and not keep:
            self._set.popitem()

    def _script(self, script: Script) -> None:
        for statement in script.statements:
            with self._block(keep=not statement.background):
                self._statement(statement)

    def _statement(self, statement: Statement) -> None:
        self._pipeline(statement.first)
        certain = True
        with self._block():
            size = len(self._set)
            for operator, pipeline in statement.rest:
                certain = certain and operator == "&&"
                while not certain and len(self._set) > size:
                    self._set.popitem()
                self._pipeline(pipeline)

    def _pipeline(self, pipeline: Pipeline) -> None:
        for command in pipeline.commands:
            simple = isinstance(command, SimpleCommand | ArithmeticCommand) and not command.redirections
            with self._block(keep=simple and len(pipeline.commands) == 1):
                self._command(command)

    def _command(self, command: Command) -> None:
        match command:
            case SimpleCommand():
                self._simple(command)
            case ArithmeticCommand(tokens):
                self._expression(tokens)
            case Function(body=body):
                with self._elsewhere(in_function=True):
                    self._command(body)
            case DoubleBracket(condition):
                self._read(condition)
            case Group(body) | Subshell(body):
                self._script(body)
            case _:
                self._branching(command)
        if not isinstance(command, Function):
            self._read(command.redirections)

    def _branching(self, command: Command) -> None:
        match command:
            case If(branches, otherwise):
                for condition, body in branches:
                    self._script(condition)
                    self._body(body)
                if otherwise is not None:
                    self._body(otherwise)
            case While(condition=condition, body=body):
                self._script(condition)
                self._body(body)
            case For(name, words, body):
                self._read(words)
                self._set[name] = None
                self._script(body)
            case ArithmeticFor(start, end, step, body):
                self._expression(start)
                self._expression(end)
                self._body(body)
                self._expression(step)
            case Case(subject, items):
                self._read(subject)
                for item in items:
                    self._read(item.patterns)
                    self._body(item.body)

    def _body(self, script: Script) -> None:
        with self._block():
            self._script(script)

    @contextmanager
    def _elsewhere(self, *, in_function: bool) -> Iterator[None]:
        """What is run later, when the local variables of the function that is read now may be gone."""
        outer = self._set, self._in_function
        if self._in_function:
            self._set = {}
        self._in_function = in_function
        with self._block():
            yield
        self._set, self._in_function = outer

    def _simple(self, command: SimpleCommand) -> None:
        for assignment in command.assignments:
            self._read(assignment.value)
            self._use_subscript(assignment.subscript)
            if assignment.append:
                self._use(assignment.name)
            if not command.words and _is_whole(assignment):
                self._set[assignment.name] = None
        words = builtin_words(command.words)
        name = words[0].text if words else None
        if name == "trap":
            with self._elsewhere(in_function=False):
                self._read(words)
            return
        self._read(command.words)
        if name in _DECLARING:
            self._declare(words)
        elif name == "unset":
            self._unsettle(words[1:])

    def _declare(self, words: Sequence[Word]) -> None:
        try:
            arguments = read_options(words, "aAgir")
            operands = [operand(word) for word in arguments.operands]
        except RefusedError:
            self._unsettle(words[1:])
            return
        local = words[0].text == "local"
        fresh = local and self._in_function and "g" not in arguments.letters
        for word, (name, operator, _) in zip(arguments.operands, operands, strict=True):
            if operator == "+=":
                self._use(name)
            elif fresh or (operator and not local):
                self._set[name] = None
            elif words[0].text == "readonly" or "r" in arguments.letters:
                self._unsettle((word,))

    def _unsettle(self, words: Sequence[Word]) -> None:
        """They may come to have the environment's value again, or keep it whatever is assigned."""
        for word in words:
            found = IDENTIFIER.match(word.prefix)
            if found is not None:
                self.early.add(found[0])

    def _expression(self, tokens: Tokens) -> None:
        depth = 0
        for part in _parts(tokens):
            assigned = depth == 0 and len(part) > 1 and part[1] == "="
            self._read_tokens(part[2:] if assigned else part)
            if assigned and isinstance(part[0], str):
                self._set[part[0]] = None
            depth += sum((piece == "(") - (piece == ")") for piece in part)

    def _read(self, value: object) -> None:
        match value:
            case str() | Literal() | None:
                return
            case Script():
                with self._block():
                    self.outermost(value)
            case Arithmetic(tokens):
                self._read_tokens(tokens)
            case Parameter():
                self._use(value.name)
                self._use_subscript(value.subscript)
                self._read((value.argument, value.replacement))
                for tokens in value.slice:
                    self._read_tokens(tokens)
            case Embedded(same_shell=False):
                return
            case tuple():
                for item in value:
                    self._read(item)
            case _:
                for name in parts(type(value)) or ():
                    self._read(getattr(value, name))

    def _read_tokens(self, tokens: Tokens) -> None:
        for token in tokens:
            if isinstance(token, str):
                self._use(token)
            else:
                self._read(token)

    def _use_subscript(self, subscript: str) -> None:
        self._use(subscript.removeprefix("${").removesuffix("}"))

    def _use(self, name: str) -> None:
        if name not in self._set and IDENTIFIER.fullmatch(name):
            self.early.add(name)


def _certain(statement: Statement) -> bool:
    """Nothing in it can fail, so that what it sets is set for the next command of the outermost list."""
    if statement.background or len(statement.first.commands) != 1:
        return False
    command = statement.first.commands[0]
    return (
        isinstance(command, SimpleCommand)
        and not (command.words or command.redirections)
        and all(map(_cannot_fail, command.assignments))
    )


def _cannot_fail(assignment: Assignment) -> bool:
    return isinstance(assignment.value, Word) and all(
        isinstance(piece, Literal | Tilde | Substitution) for piece in assignment.value.pieces
    )


def _is_whole(assignment: Assignment) -> bool:
    return not (assignment.append or assignment.subscript)


def _parts(tokens: Tokens) -> Iterator[Tokens]:
    for comma, part in groupby(tokens, key=lambda piece: piece == ","):
        if not comma:
            yield tuple(part)
