"""What a tree means, said from the tree alone: which stubs start with which words, and what files hold then.

`show` and `no` note their words (`no` fails), `out` prints them, `take` notes what it reads; `f` and `g_1`
note their words until the tree defines them.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from hyperhive.domain.bash.script import (
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    BinaryTest,
    Case,
    Command,
    Condition,
    DoubleBracket,
    For,
    Function,
    Group,
    If,
    Junction,
    Literal,
    Not,
    NotEmpty,
    Pattern,
    Pipeline,
    Redirection,
    Script,
    SimpleCommand,
    Statement,
    Subshell,
    UnaryTest,
    While,
    Word,
)
from tests.domain.bash.expanding import LITERAL, UndefinedError, Variables, Words, expression

STUBS = ("show", "no", "out", "take", "f", "g_1")
_MAX_STEPS = 300


@dataclass
class Open:
    """An open file; `data` is shared by all that have it open."""

    data: bytearray
    append: bool = False
    offset: int = 0
    reads: bool = True
    writes: bool = True

    def write(self, text: bytes) -> None:
        if not self.writes:
            return
        start = len(self.data) if self.append else self.offset
        if start > len(self.data):
            raise UndefinedError  # a hole of zeros
        self.data[start : start + len(text)] = text
        self.offset = start + len(text)

    def read(self) -> bytes:
        if not self.reads:
            return b""
        text = bytes(self.data[self.offset :])
        self.offset = len(self.data)
        return text


@dataclass
class World:
    """What all shells of a script share."""

    files: dict[str, bytearray] = field(default_factory=dict)
    calls: list[tuple[str, ...]] = field(default_factory=list)
    steps: int = 0
    #: What was written, read or looked at, by identity: commands that run at once may have none in common.
    used: dict[int, object] = field(default_factory=dict)


@dataclass
class Shell:
    world: World
    variables: Variables
    descriptors: dict[int, Open]
    functions: dict[str, Command] = field(default_factory=dict)
    background: bool = False
    substituted: int | None = None

    @property
    def words(self) -> Words:
        return Words(self.variables, self._output, self._files)

    def copy(self) -> "Shell":
        return replace(
            self,
            variables=self.variables.copy(),
            descriptors=dict(self.descriptors),
            functions=dict(self.functions),
        )

    def _files(self) -> Sequence[str]:
        self.world.used[id(self.world.files)] = self.world.files
        return list(self.world.files)

    def _output(self, script: Script) -> str:
        inner, data = self.copy(), bytearray()
        inner.descriptors[1] = Open(data)
        self.substituted = inner.script(script)
        if b"\0" in data:
            raise UndefinedError
        return data.decode(errors="surrogateescape").rstrip("\n")

    # Lists.

    def script(self, script: Script) -> int:
        for statement in script.statements:
            self._statement(statement)
        return self.variables.status

    def _statement(self, statement: Statement) -> None:
        if statement.background:
            inner = replace(self.copy(), background=True)
            before, self.world.used = self.world.used, {}
            inner._statement(replace(statement, background=False))
            if self.world.used:
                raise UndefinedError  # when it does is not known
            self.world.used = before
            self.variables.status = 0
            return
        self._pipeline(statement.first)
        for operator, pipeline in statement.rest:
            if (self.variables.status == 0) == (operator == "&&"):
                self._pipeline(pipeline)

    def _pipeline(self, pipeline: Pipeline) -> None:
        if len(pipeline.commands) == 1:
            self._command(pipeline.commands[0])
        else:
            self._piped(pipeline.commands)
        if pipeline.negated:
            self.variables.status = int(not self.variables.status)

    def _piped(self, commands: Sequence[Command]) -> None:
        world = self.world
        before, together = world.used, dict[int, object]()
        source, status = self.descriptors.get(0), 0
        for index, command in enumerate(commands):
            inner, pipe = self.copy(), bytearray()
            world.used = {}
            inner.descriptors.pop(0, None)
            if source is not None:
                inner.descriptors[0] = source
            if index + 1 < len(commands):
                inner.descriptors[1] = Open(pipe, reads=False)
            inner._command(command)
            if source is not None and index:
                world.used.pop(id(source.data), None)
            if world.used.keys() & together.keys():
                raise UndefinedError  # they run at once
            together |= world.used
            source = Open(pipe, writes=False)
            status = inner.variables.status
        world.used = before | together
        self.variables.status = status

    # Commands.

    def _command(self, command: Command) -> None:
        self.world.steps += 1
        if self.world.steps > _MAX_STEPS:
            raise UndefinedError
        match command:
            case SimpleCommand():
                self._simple(command)
            case Function(name, body):
                self.functions[name] = body
                self.variables.status = 0
            case _:
                self._redirected(command.redirections, lambda: self._compound(command))

    def _redirected(self, redirections: Sequence[Redirection], run: Callable[[], None]) -> None:
        outside = dict(self.descriptors)
        for redirection in redirections:
            self._redirect(redirection)
        run()
        self.descriptors = outside

    def _redirect(self, redirection: Redirection) -> None:
        operator, target = redirection.operator, redirection.target
        usual = 0 if operator[0] == "<" else 1
        number = usual if redirection.descriptor is None else redirection.descriptor
        match operator:
            case "<<":
                opened = Open(bytearray((target.text or "").encode()), writes=False)
            case "<<<":
                opened = Open(bytearray(f"{self.words.single(target)}\n".encode()), writes=False)
            case "<&" | ">&":
                if target.text == "-":
                    self.descriptors.pop(number, None)
                    return
                if int(target.text or "") not in self.descriptors:
                    raise UndefinedError  # it fails with a message
                opened = self.descriptors[int(target.text or "")]
            case _:
                opened = self._open(operator.removeprefix("&"), target)
        self.descriptors[number] = opened
        if operator[0] == "&":
            self.descriptors[2] = opened

    def _open(self, operator: str, target: Word) -> Open:
        names = self.words.fields([target])
        if len(names) != 1 or not names[0] or "/" in names[0] or names[0] in {".", ".."}:
            raise UndefinedError
        name, files = names[0], self.world.files
        if operator == "<" and name not in files:
            raise UndefinedError  # it fails with a message
        if name not in files:
            self.world.used[id(files)] = files
        data = files.setdefault(name, bytearray())
        self.world.used[id(data)] = data
        if operator in {">", ">|"}:
            data.clear()
        return Open(data, append=operator == ">>", reads=operator in {"<", "<>"}, writes=operator != "<")

    def _simple(self, command: SimpleCommand) -> None:
        self.substituted = None
        words = self.words.fields(command.words)
        if not words:
            for assignment in command.assignments:
                self._assign(assignment)
            self.variables.status = self.substituted or 0
            self._redirected(command.redirections, lambda: None)
            return
        if command.assignments and any(part.target.text is None for part in command.redirections):
            raise UndefinedError  # which of them comes first

        def run() -> None:
            before = dict(self.variables.values)
            for assignment in command.assignments:
                self._assign(assignment)
            self._call(words)
            for assignment in command.assignments:
                if assignment.name in before:
                    self.variables.values[assignment.name] = before[assignment.name]
                else:
                    self.variables.values.pop(assignment.name, None)

        self._redirected(command.redirections, run)

    def _call(self, words: Sequence[str]) -> None:
        name, *arguments = words
        status = 0
        if name in self.functions:
            outside, self.variables.positions = self.variables.positions, tuple(arguments)
            self._command(self.functions[name])
            self.variables.positions = outside
            return
        if name == "out":
            if 1 in self.descriptors:
                self.world.used[id(self.descriptors[1].data)] = self.descriptors[1].data
                self.descriptors[1].write(
                    "".join(f"{word}\n" for word in arguments).encode(errors="surrogateescape")
                )
        elif name == "take":
            self.world.calls.append(("take", self._taken()))
        elif name not in STUBS:
            raise UndefinedError
        else:
            self.world.calls.append((*words, self.variables.values.get("z", "unset")))
            status = int(name == "no")
        self.variables.status = status

    def _taken(self) -> str:
        if self.background or 0 not in self.descriptors:
            raise UndefinedError
        self.world.used[id(self.descriptors[0].data)] = self.descriptors[0].data
        text = self.descriptors[0].read()
        if b"\0" in text:
            raise UndefinedError
        return text.decode(errors="surrogateescape")

    def _assign(self, assignment: Assignment) -> None:
        name, words = assignment.name, self.words
        if isinstance(assignment.value, tuple):
            values = words.fields(assignment.value)
            array = self.variables.arrays.get(name, {}) if assignment.append else {}
            start = max(array, default=-1) + 1
            self.variables.arrays[name] = array | dict(enumerate(values, start))
            return
        value = words.single(assignment.value)
        if assignment.subscript:
            index = words.index(assignment.subscript)
            array = self.variables.arrays.setdefault(name, {})
            array[index] = (array.get(index, "") if assignment.append else "") + value
        else:
            old = self.variables.values.get(name, "") if assignment.append else ""
            self.variables.values[name] = old + value

    def _compound(self, command: Command) -> None:
        match command:
            case Group(body):
                self.script(body)
            case Subshell(body):
                self.variables.status = self.copy().script(body)
            case If():
                self._if(command)
            case Case():
                self._case(command)
            case ArithmeticCommand(tokens):
                self.variables.status = int(self.words.number(tokens) == 0)
            case DoubleBracket(condition):
                self.variables.status = int(not self._holds(condition))
            case _:
                self._loop(command)

    def _loop(self, command: Command) -> None:
        status = 0
        match command:
            case While(until, condition, body):
                while (self.script(condition) == 0) != until:
                    status = self.script(body)
            case For(name, words, body):
                values = self.variables.positions if words is None else self.words.fields(words)
                self.variables.status = 0
                for value in values:
                    self.variables.values[name] = value
                    status = self.script(body)
            case ArithmeticFor(start, condition, step, body):
                if start:
                    self.words.number(start)
                while not condition or self.words.number(condition):
                    status = self.script(body)
                    if step:
                        self.words.number(step)
        self.variables.status = status

    def _if(self, command: If) -> None:
        for condition, body in command.branches:
            if self.script(condition) == 0:
                self.script(body)
                return
        self.variables.status = 0
        if command.otherwise is not None:
            self.script(command.otherwise)

    def _case(self, command: Case) -> None:
        subject = self.words.single(command.subject)
        self.variables.status = 0
        falls = False
        for item in command.items:
            if not falls and not any(self._matches(subject, pattern) for pattern in item.patterns):
                continue
            self.script(item.body)
            falls = item.terminator == ";&"
            if item.terminator == ";;":
                return

    def _matches(self, subject: str, pattern: Word) -> bool:
        return re.fullmatch(expression(self.words.text(pattern)), subject, re.DOTALL) is not None

    # Conditions.

    def _holds(self, condition: Condition) -> bool:
        match condition:
            case Junction(operator, left, right):
                value = self._holds(left)
                return self._holds(right) if value == (operator == "&&") else value
            case Not(inner):
                return not self._holds(inner)
            case NotEmpty(word):
                return self.words.single(word) != ""
            case UnaryTest("-n", word):
                return self.words.single(word) != ""
            case UnaryTest("-z", word):
                return self.words.single(word) == ""
            case BinaryTest():
                return self._compared(condition)
        raise UndefinedError

    def _compared(self, test: BinaryTest) -> bool:
        left = self.words.single(test.left)
        match test.operator:
            case "==" | "=":
                return self._matches(left, test.right)
            case "!=":
                return not self._matches(left, test.right)
            case "<":
                return left < self.words.single(test.right)
            case ">":
                return left > self.words.single(test.right)
            case "=~":
                return self._searched(left, test.right)
        raise UndefinedError

    def _searched(self, subject: str, word: Word) -> bool:
        """Patterns of the generated trees read the same in Python."""
        if not all(
            isinstance(piece, Literal | Pattern) or getattr(piece, "quoted", False) for piece in word.pieces
        ):
            raise UndefinedError
        if any(isinstance(piece, Pattern) for piece in word.pieces) and "\n" in subject:
            raise UndefinedError
        text = self.words.text(word)
        found = "".join(re.escape(char) if kind == LITERAL else char for char, kind in text)
        try:
            return re.search(found, subject) is not None
        except re.error:
            raise UndefinedError from None
