"""Prints a tree as the one text that Bash reads as exactly this tree.

Nothing of a tree is believed here: whatever is printed as it is has a form that is checked first, everything
else stands in quotes, and what cannot be printed with certainty is refused.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from hyperhive.domain.bash.printing.places import (
    ARGUMENT,
    CASE_PATTERN,
    FIRST,
    OPERAND,
    OPERAND_PATTERN,
    OPERAND_REGEX,
    SINGLE,
    TARGET,
    VALUE,
    Place,
)
from hyperhive.domain.bash.printing.word_printer import (
    NAME,
    WordPrinter,
    begins_like_element,
    check_characters,
    refusal,
)
from hyperhive.domain.bash.reading.source import EDITED
from hyperhive.domain.bash.script import (
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    BinaryTest,
    Brace,
    BraceRange,
    Case,
    Command,
    Condition,
    DoubleBracket,
    Embedded,
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
    Placeholder,
    ProcessSubstitution,
    Redirection,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Subshell,
    Tilde,
    UnaryTest,
    UnparsableError,
    While,
    Word,
)

RESERVED: Final = frozenset({
    "if", "then", "elif", "else", "fi", "for", "while", "until", "do", "done", "case", "esac", "in",
    "select", "function", "time", "coproc",
})  # fmt: skip

_FUNCTION: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_DESCRIPTOR: Final = re.compile(r"[0-9]+-?|-")

_UNARY: Final = frozenset("-" + letter for letter in "abcdefghknoprstuvwxzGLNORS")
_PATTERN_TESTS: Final = frozenset({"==", "=", "!="})
_PLAIN_TESTS: Final = frozenset({"<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"})

_FILES: Final = frozenset({"<", ">", ">>", ">|", "<>"})
_BOTH: Final = frozenset({"&>", "&>>"})
_DUPLICATES: Final = frozenset({"<&", ">&"})

Compound = Group | Subshell | If | While | For | ArithmeticFor | Case


def print_script(script: Script, *, posix: bool = False) -> str:
    """The text that runs; with `posix`, for any shell. What has no certain text is a `RefusedError`."""
    text = _printed(_Printer(posix=posix), script)
    if EDITED.search(text):
        raise UnparsableError("Claude Code takes `nul` for `/dev/null` there", "another name")
    return text


def shown(word: Word) -> str:
    """The word as patterns match it: literal text as it is, what the shell computes as it is printed."""
    printer = _Printer(posix=False, nested=True)
    for piece in word.pieces:
        match piece:
            case Literal(text):
                printer.write(text)
            case Embedded():
                printer.write(_embedded(piece))
            case Brace(alternatives):
                printer.write("{" + ",".join(map(shown, alternatives)) + "}")
            case Pattern(text) | Placeholder(text):
                printer.write(text)
            case Tilde(user):
                printer.write(f"~{user}")
            case BraceRange(first, last, step):
                printer.write(f"{{{first}..{last}{step and '..'}{step}}}")
            case ProcessSubstitution():
                printer.piece(piece, ARGUMENT)
            case _:
                printer.expansion(piece)
    return printer.text()


def shown_command(words: Sequence[Word], assignments: Sequence[Assignment] = (), limit: int = 200) -> str:
    """A command for people, on one line."""
    printer = _Printer(posix=False, nested=True)
    try:
        printer.simple(SimpleCommand(tuple(assignments), tuple(words)))
        text = printer.text()
    except RefusedError:
        text = " ".join(map(shown, words))
    text = "\\n".join(line.strip() for line in text.splitlines())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _embedded(piece: Embedded) -> str:
    return _printed(_Printer(posix=piece.posix), piece.script)


def _printed(printer: "_Printer", script: Script) -> str:
    try:
        return printer.program(script)
    except RecursionError:
        raise UnparsableError("the command line is nested too deeply") from None


class _Printer(WordPrinter):
    def _newline(self) -> None:
        bodies, self._bodies = self._bodies, []
        if bodies and self._nested:
            raise refusal("a here-document in a substitution")
        self.write("\n" + "".join(bodies))

    # Scripts.

    def program(self, script: Script) -> str:
        self.script(script)
        if not self._bodies:
            return self.text()
        self._newline()
        return self.text()[:-1]

    def script(self, script: Script) -> None:
        if not script.statements:
            raise refusal("an empty list of commands")
        for index, statement in enumerate(script.statements):
            if index:
                self._newline()
            self._statement(statement)

    def _block(self, opening: str, script: Script, closing: str = "") -> None:
        """The commands on lines of their own, a newline behind them."""
        self.write(opening)
        self._newline()
        self._lines(script)
        self.write(closing)

    def _lines(self, script: Script) -> None:
        self.script(script)
        self._newline()

    def _statement(self, statement: Statement) -> None:
        self._pipeline(statement.first)
        for operator, pipeline in statement.rest:
            if operator not in {"&&", "||"}:
                raise refusal("a list")
            self.write(f" {operator}")
            self._newline()
            self._pipeline(pipeline)
        if statement.background:
            self.write(" &")

    def _pipeline(self, pipeline: Pipeline) -> None:
        if not pipeline.commands:
            raise refusal("an empty pipeline")
        if pipeline.negated:
            self.write("! ")
        for index, command in enumerate(pipeline.commands):
            if index:
                self.write(" |")
                self._newline()
            self._command(command)

    # Commands.

    def _command(self, command: Command) -> None:
        match command:
            case SimpleCommand():
                self.simple(command)
            case Function(name, body):
                if not (NAME if self._posix else _FUNCTION).fullmatch(name) or name in RESERVED:
                    raise refusal("the name of a function")
                if isinstance(body, SimpleCommand | Function):
                    raise refusal("a function")
                self.write(f"{name} () ")
                self._command(body)
            case ArithmeticCommand() | DoubleBracket():
                self._expression(command)
                self._redirections(command.redirections, first=False)
            case _:
                self._compound(command)
                self._redirections(command.redirections, first=False)

    def _expression(self, command: ArithmeticCommand | DoubleBracket) -> None:
        if isinstance(command, ArithmeticCommand):
            self.bash_only("`((…))`")
            self.write("((")
            self.tokens(command.tokens)
            self.write("))")
        else:
            self.bash_only("`[[ … ]]`")
            self.write("[[ ")
            self._condition(command.condition)
            self.write(" ]]")

    def _compound(self, command: Compound) -> None:
        match command:
            case Group(body):
                self._block("{", body, "}")
            case Subshell(body):
                self._block("(", body, ")")
            case If():
                self._if(command)
            case While(until, condition, body):
                self.write("until " if until else "while ")
                self._lines(condition)
                self._block("do", body, "done")
            case For():
                self._for(command)
            case ArithmeticFor():
                self._arithmetic_for(command)
            case Case():
                self._case(command)

    def simple(self, command: SimpleCommand) -> None:
        parts = 0
        for assignment in command.assignments:
            self.write(" " if parts else "")
            self._assignment(assignment, alone=not command.words)
            parts += 1
        head = 0 if command.assignments else _timed(command.words)
        for index, word in enumerate(command.words):
            self.write(" " if parts else "")
            if index < head:
                self.write(word.text or "")
            else:
                self._argument(word, first=index == head)
            parts += 1
        self._redirections(command.redirections, first=not parts)
        if not parts and not command.redirections:
            raise refusal("an empty command")

    def _argument(self, word: Word, *, first: bool) -> None:
        text, pieces = word.text, word.pieces
        if text is not None and text in ({"["} if first else {"[", "]", "!"}):
            self.write(text)
        elif not first and len(pieces) == 1 and isinstance(pieces[0], Embedded):
            self.quote(_embedded(pieces[0]))
        elif not first:
            self.word(word, ARGUMENT)
        elif begins_like_element(pieces) and not isinstance(pieces[0], Pattern):
            raise refusal("the name of a command")
        else:
            self._listed(word, FIRST)

    def _assignment(self, assignment: Assignment, *, alone: bool) -> None:
        name, subscript, value = assignment.name, assignment.subscript, assignment.value
        if not NAME.fullmatch(name):
            raise refusal("the name of a variable")
        self.write(name)
        if subscript:
            self.subscript(subscript, array=False)
        if assignment.append:
            self.bash_only("`+=`")
        self.write("+=" if assignment.append else "=")
        if isinstance(value, Word):
            self.word(value, VALUE)
            return
        self.bash_only("an array")
        if subscript or not alone:
            raise refusal("an array")
        self.write("(")
        with self.array():
            self._words(value)
        self.close()

    def _words(self, words: Iterable[Word], separator: str = " ") -> None:
        for index, word in enumerate(words):
            self.write(separator if index else "")
            self._listed(word, FIRST)

    def _listed(self, word: Word, place: Place) -> None:
        """A word that is quoted where it could be a reserved one."""
        if word.text in RESERVED:
            self.quote(word.text)
        else:
            self.word(word, place)

    def _redirections(self, redirections: Sequence[Redirection], *, first: bool) -> None:
        for redirection in redirections:
            self.write("" if first else " ")
            first = False
            self._redirection(redirection)

    def _redirection(self, redirection: Redirection) -> None:
        descriptor, operator, target = redirection.descriptor, redirection.operator, redirection.target
        if descriptor is not None:
            if not 0 <= descriptor <= (9 if self._posix else 255) or operator in _BOTH:
                raise refusal("the descriptor of a redirection")
            self.write(str(descriptor))
        if operator == "<<":
            self._here_document(target)
            return
        if operator in _DUPLICATES:
            self._duplicate(redirection)
            return
        if operator not in _FILES:
            self.bash_only(f"`{operator}`")
            if operator != "<<<" and operator not in _BOTH:
                raise refusal("a redirection")
        self.write(f"{operator} ")
        if operator == "<<<":
            self.word(target, SINGLE)
        else:
            self.word(target, TARGET._replace(pattern=None) if self._posix else TARGET)

    def _duplicate(self, redirection: Redirection) -> None:
        text = redirection.target.text
        self.write(redirection.operator)
        if redirection.target.prefix.startswith("-") and text != "-":
            raise refusal("a closed descriptor with text behind it")
        if text is not None and not _DESCRIPTOR.fullmatch(text):
            self.bash_only("`>&` with a file")
            if redirection.operator == "<&" or redirection.descriptor is not None:
                raise refusal("a duplicated descriptor")
        self.word(redirection.target, SINGLE)

    def _here_document(self, target: Word) -> None:
        body = target.text
        if body is None or (body and not body.endswith("\n")) or self._nested:
            raise refusal("a here-document with an expansion or inside of a substitution")
        check_characters(body, controls=False)
        lines = set(body.split("\n"))
        delimiter, number = "EOF", 1
        while delimiter in lines:
            number += 1
            delimiter = f"EOF{number}"
        self.write(f"<<'{delimiter}'")
        self._bodies.append(f"{body}{delimiter}\n")

    # Compound commands.

    def _if(self, command: If) -> None:
        if not command.branches:
            raise refusal("an empty `if`")
        keyword = "if "
        for condition, body in command.branches:
            self.write(keyword)
            self._lines(condition)
            self._block("then", body)
            keyword = "elif "
        if command.otherwise is not None:
            self._block("else", command.otherwise)
        self.write("fi")

    def _for(self, command: For) -> None:
        if not NAME.fullmatch(command.name):
            raise refusal("the name of a variable")
        self.write(f"for {command.name}")
        if command.words is not None:
            self.write(" in " if command.words else " in")
            self._words(command.words)
        self._newline()
        self._block("do", command.body, "done")

    def _arithmetic_for(self, command: ArithmeticFor) -> None:
        self.bash_only("`for ((…))`")
        self.write("for ((")
        for index, tokens in enumerate((command.start, command.condition, command.step)):
            self.write("; " if index else "")
            if tokens:
                self.tokens(tokens)
        self.write("))")
        self._newline()
        self._block("do", command.body, "done")

    def _case(self, command: Case) -> None:
        self.write("case ")
        self._listed(command.subject, SINGLE)
        self.write(" in")
        self._newline()
        for item in command.items:
            if not item.patterns or item.terminator not in {";;", ";&", ";;&"}:
                raise refusal("a part of a `case`")
            if item.terminator != ";;":
                self.bash_only(f"`{item.terminator}`")
            for index, pattern in enumerate(item.patterns):
                self.write(" | " if index else "")
                self._listed(pattern, CASE_PATTERN)
            self.close()
            self._newline()
            self._lines(item.body)
            self.write(item.terminator)
            self._newline()
        self.write("esac")

    # Conditions.

    def _condition(self, condition: Condition) -> None:
        match condition:
            case Junction():
                self._junction(condition)
            case Not(inner):
                self.write("! ")
                self._inner_condition(inner, parentheses=isinstance(inner, Junction))
            case NotEmpty(word):
                self._listed(word, OPERAND)
            case UnaryTest(operator, operand) if operator in _UNARY:
                self.write(f"{operator} ")
                self._listed(operand, OPERAND)
            case BinaryTest(left, operator, right):
                self._listed(left, OPERAND)
                self.write(f" {operator} ")
                self._listed(right, _place_of_operand(operator))
            case _:
                raise refusal("a condition")

    def _junction(self, condition: Junction) -> None:
        """A long chain is deep on its left."""
        chain: list[tuple[str, Condition]] = []
        left: Condition = condition
        while isinstance(left, Junction) and left.operator == condition.operator:
            chain.append((left.operator, left.right))
            left = left.left
        if condition.operator not in {"&&", "||"}:
            raise refusal("a condition")
        weaker = condition.operator == "&&"
        self._inner_condition(left, parentheses=isinstance(left, Junction) and weaker)
        for operator, right in reversed(chain):
            self.write(f" {operator} ")
            same = isinstance(right, Junction) and (weaker or right.operator == operator)
            self._inner_condition(right, parentheses=same)

    def _inner_condition(self, condition: Condition, *, parentheses: bool) -> None:
        self.write("( " if parentheses else "")
        self._condition(condition)
        self.write(" )" if parentheses else "")


def _timed(words: Sequence[Word]) -> int:
    """How many words the keyword `time` takes; a command stands behind them."""
    head = 0
    while head < len(words) and words[head].text in (("-p", "--") if head else ("time",)):
        head += 1
    return head if head < len(words) else 0


def _place_of_operand(operator: str) -> Place:
    if operator == "=~":
        return OPERAND_REGEX
    if operator in _PATTERN_TESTS:
        return OPERAND_PATTERN
    if operator in _PLAIN_TESTS:
        return OPERAND
    raise refusal("a condition")
