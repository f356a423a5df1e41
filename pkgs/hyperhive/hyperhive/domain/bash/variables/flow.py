"""Which variables a script reads only when it has set them, or declared them, for certain.

Before that they hold what the environment gave them. Bash gives up the whole of a command of the outermost
list when an expansion in it fails, and goes on with the next one: what was set in it is certain in it only.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, Self

from hyperhive.domain.bash.commands.options import read_options
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
    Piece,
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
    literal_word,
    parts,
)
from hyperhive.domain.bash.variables.assigned import builtin_words, operand
from hyperhive.domain.bash.variables.names import IDENTIFIER, NUMBERS

_DECLARING: Final = frozenset({"declare", "local", "readonly", "typeset"})
_TIME: Final = literal_word("time")
_CALCULATING: Final = frozenset("+-*()")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass
class Flow:
    #: The variables that may be read while they hold what the environment gave them.
    early: set[str] = field(default_factory=set)
    #: Those whose subscripts may be read while they are no associative arrays, so that Bash evaluates them.
    indexed: set[str] = field(default_factory=set)
    #: What is certain to be set where the walk stands, in this order; `m[` is an associative array.
    _set: dict[str, None] = field(default_factory=dict)
    _in_function: bool = False

    @classmethod
    def of(cls, script: Script) -> Self:
        flow = cls()
        flow.outermost(script)
        return flow

    def outermost(self, script: Script) -> None:
        """Read a list whose commands are run one by one, also when one before was given up."""
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
            self._assignment(assignment)
            if not (command.words or assignment.append or assignment.subscript):
                self._set[assignment.name] = None
        program = command.assignments and command.words[:1] == (_TIME,)
        words = () if program else builtin_words(command.words)
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

    def _assignment(self, assignment: Assignment) -> None:
        self._read(assignment.value)
        if assignment.subscript or isinstance(assignment.value, tuple):
            self._use_element(assignment.name, assignment.subscript)
        if assignment.append:
            self._use(assignment.name)

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
            elif "i" not in arguments.letters and (fresh or (operator and not local)):
                self._set[name] = None
            elif words[0].text == "readonly" or "r" in arguments.letters:
                self._unsettle((word,))
            if "A" not in arguments.letters:
                self.indexed.add(name)
            elif fresh or not local:
                self._set[f"{name}["] = None

    def _unsettle(self, words: Sequence[Word]) -> None:
        """They may come to have the environment's value again, or keep it, or become other arrays."""
        for word in words:
            found = IDENTIFIER.match(word.prefix)
            if found is not None:
                self.early.add(found[0])
                self.indexed.add(found[0])

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
                self._parameter(value)
            case Embedded(same_shell=False):
                return
            case tuple():
                for item in value:
                    self._read(item)
            case _:
                for name in parts(type(value)) or ():
                    self._read(getattr(value, name))

    def _parameter(self, parameter: Parameter) -> None:
        self._use(parameter.name)
        if parameter.subscript:
            self._use_element(parameter.name, parameter.subscript)
        self._read((parameter.argument, parameter.replacement))
        for tokens in parameter.slice:
            self._read_tokens(tokens)

    def _read_tokens(self, tokens: Tokens) -> None:
        for token in tokens:
            if isinstance(token, str):
                self._use(token)
            else:
                self._read(token)

    def _use_element(self, name: str, subscript: str) -> None:
        if f"{name}[" not in self._set:
            self.indexed.add(name)
        self._use(subscript.removeprefix("${").removesuffix("}"))

    def _use(self, name: str) -> None:
        if name not in self._set and IDENTIFIER.fullmatch(name):
            self.early.add(name)


def _certain(statement: Statement) -> bool:
    """Nothing in it can fail, so that what it sets is set for the next command of the outermost list."""
    if statement.background or len(statement.first.commands) != 1:
        return False
    command = statement.first.commands[0]
    if not isinstance(command, SimpleCommand) or command.redirections:
        return False
    if command.words:
        return not command.assignments and all(word.text is not None for word in command.words)
    return all(map(_cannot_fail, command.assignments))


def _cannot_fail(assignment: Assignment) -> bool:
    value = assignment.value
    words = value if isinstance(value, tuple) else (value,)
    return all(_is_certain(piece) for word in words for piece in word.pieces)


def _is_certain(piece: Piece) -> bool:
    match piece:
        case Parameter(subscript=subscript, operator=operator):
            return operator in ("", "length") and subscript in ("", "@", "*")
        case Arithmetic(tokens):
            return all(map(_never_fails, tokens))
    return isinstance(piece, Literal | Tilde | Substitution)


def _never_fails(token: str | Parameter | Substitution) -> bool:
    """As a part of an expression, where a text that is no number would fail."""
    match token:
        case str():
            return token in _CALCULATING or token in NUMBERS or _DECIMAL.fullmatch(token) is not None
        case Parameter():
            return token.operator == "length" or token.name in ("?", "#", "$")
        case Substitution(Script((Statement(Pipeline((SimpleCommand((), words, ()),))),))):
            return [word.text for word in words] == ["date", "+%s"]
    return False


def _parts(tokens: Tokens) -> Iterator[Tokens]:
    for comma, part in groupby(tokens, key=lambda piece: piece == ","):
        if not comma:
            yield tuple(part)
