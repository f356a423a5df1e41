"""From the text of a script to its tree, as Bash reads it; what is not understood is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from hyperhive.domain.bash.reading.simple_commands import RESERVED, SimpleCommandReader
from hyperhive.domain.bash.reading.source import END, plain, spread
from hyperhive.domain.bash.reading.words import ARGUMENT, PATTERN, SINGLE
from hyperhive.domain.bash.script import (
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    CaseItem,
    Command,
    DoubleBracket,
    For,
    Function,
    Group,
    If,
    Pipeline,
    Redirection,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Subshell,
    UnparsableError,
    While,
    Word,
    literal_word,
)

MAX_BYTES: Final = 64 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_SHORT_FUNCTION: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_.:-]*+)[ \t\0]*+\([ \t\0]*+\)")
_EMPTY_PARENTHESES: Final = re.compile(r"\([ \t\0]*+\)")
_PARENTHESES: Final = re.compile(spread("(("))
_CLOSING: Final = re.compile(spread("))"))
_AND_OR: Final = re.compile(spread("&&", "||"))
_PIPE: Final = re.compile(r"\|\0*+(?!\|)(&\0*+)?")
_TERMINATOR: Final = re.compile(spread(";;&", ";;", ";&"))

_NOTHING: Final = Script((Statement(Pipeline((SimpleCommand((), (literal_word(":"),)),))),))
_BOTH: Final = Redirection(2, ">&", literal_word("1"))


def parse(text: str, *, posix: bool = False, depth: int = 0) -> Script:
    """The tree of a script, or a `RefusedError`; `depth` is how deeply the script itself is nested.

    With `posix`, what only Bash knows is refused, as other shells read it differently.
    """
    if _CONTROL.search(text):
        raise UnparsableError("the command line contains a control character (or a carriage return)")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UnparsableError("the command line is not valid text") from None
    if size > MAX_BYTES:
        raise RefusedError("too_long", f"the command line is longer than {MAX_BYTES // 1024} KiB")
    return _Parser(text, posix=posix, depth=depth, nested=False).whole()


class _Parser(SimpleCommandReader):
    """One method for each construct; each starts where it begins and stops behind it."""

    def __init__(self, text: str, *, posix: bool, depth: int, nested: bool) -> None:
        super().__init__(text, posix=posix, depth=depth, nested=nested)
        #: Behind the last compound command a reserved word needs no separator.
        self._compound_end = -1
        self._compounds: Mapping[str, Callable[[], Command]] = {
            "if": self._if,
            "while": self._while,
            "until": self._while,
            "for": self._for,
            "case": self._case,
            "function": self._function,
            "{": self._group,
            "[[": self._double_bracket,
            "select": self._select,
            "coproc": self._coproc,
        }

    def whole(self) -> Script:
        script = self._list()
        if self.text[self.position] != END:
            raise self.unexpected()
        if self.pending:
            raise UnparsableError("a here-document has no body")
        return script

    def script_of(self, text: str) -> Script:
        return _Parser(text, posix=self.posix, depth=self.depth, nested=True).whole()

    def commands(self) -> Script:
        pending, self.pending = self.pending, []
        script = self._list()
        if self.pending:
            raise self.unparsable("a here-document has no body inside of its substitution")
        self.pending = pending
        return script

    # Lists.

    def _list(self, *ends: str) -> Script:
        """Read statements up to one of these reserved words, a closing parenthesis, `;;` or the end."""
        self.deeper()
        statements: list[Statement] = []
        self.newlines()
        while not self._at_end(ends):
            first = self._pipeline()
            rest = self._rest()
            before = self.position
            separator = self._separator()
            statements.append(Statement(first, rest, separator == "&"))
            if not separator and not self._at_end(ends if before == self._compound_end else ()):
                raise self.unexpected()
        if not statements:
            raise self.unexpected()
        self.depth -= 1
        return Script(tuple(statements))

    def _at_end(self, ends: tuple[str, ...]) -> bool:
        char = self.text[self.position]
        if char == ";":
            return _TERMINATOR.match(self.text, self.position) is not None
        return char in ")\3" or (bool(ends) and self.bare() in ends)

    def _separator(self) -> str:
        char = self.text[self.position]
        if char in ";&" and not _TERMINATOR.match(self.text, self.position):
            self.position += 1
        elif not self.at_newline():
            return ""
        self.newlines()
        return char

    def _rest(self) -> tuple[tuple[str, Pipeline], ...]:
        rest: list[tuple[str, Pipeline]] = []
        while self.text[self.position] in "&|" and (found := self.skip(_AND_OR)):
            self.newlines()
            rest.append((plain(found[0]), self._pipeline()))
        return tuple(rest)

    def _pipeline(self) -> Pipeline:
        negated = False
        while self.text[self.position] == "!" and self.bare() == "!":
            if self.text[self.position + 1] == "(":
                raise self.unparsable("`!(` can mean two things", "put a blank behind the `!`")
            self.over_bare()
            negated = not negated
        commands = [self._command()]
        while self.text[self.position] == "|" and (found := self.skip(_PIPE)):
            if found[1]:
                self.bash_only("|&", "write `2>&1 |`")
                commands[-1] = self._with_errors(commands[-1])
            self.newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _with_errors(self, command: Command) -> Command:
        if isinstance(command, Function):
            raise self.unparsable("`|&` stands behind a function")
        return replace(command, redirections=(*command.redirections, _BOTH))

    # Commands.

    def _command(self) -> Command:
        if self.text[self.position] == "(":
            arithmetic = _PARENTHESES.match(self.text, self.position)
            return self._compound(self._arithmetic_command if arithmetic else self._subshell)
        bare = self.bare()
        if construct := self._compounds.get(bare):
            return self._compound(construct)
        if bare in RESERVED:
            raise self.unexpected()
        if _SHORT_FUNCTION.match(self.text, self.position):
            return self._compound(self._short_function)
        return self.simple()

    def _compound(self, construct: Callable[[], Command]) -> Command:
        command = construct()
        self.blanks()
        if isinstance(command, Function):
            return command
        redirections: list[Redirection] = []
        while self.redirection(redirections):
            self.blanks()
        if redirections:
            return replace(command, redirections=tuple(redirections))
        self._compound_end = self.position
        return command

    # Compound commands.

    def _keyword(self, *expected: str) -> str:
        bare = self.bare()
        if bare not in expected:
            instead = f"put `;` or a newline before `{expected[-1]}`"
            raise self.unparsable(f"`{expected[-1]}` is missing", instead)
        self.over_bare()
        return bare

    def _group(self) -> Command:
        self._keyword("{")
        body = self._list("}")
        self._keyword("}")
        return Group(body)

    def _subshell(self) -> Command:
        start = self.position
        self.position += 1
        body = self._list()
        if self.text[self.position] != ")":
            raise self.unparsable("a parenthesis is not closed", position=start)
        self.position += 1
        return Subshell(body)

    def _arithmetic_command(self) -> Command:
        start = self.position
        self.bash_only("((…))", "write `[ … ]`")
        self.skip(_PARENTHESES)
        return ArithmeticCommand(self.arithmetic_in_parentheses(start, "for a subshell, write `( (…) )`"))

    def _if(self) -> Command:
        branches: list[tuple[Script, Script]] = []
        keyword = self._keyword("if")
        while keyword not in {"fi", "else"}:
            condition = self._list("then")
            self._keyword("then")
            branches.append((condition, self._list("elif", "else", "fi")))
            keyword = self._keyword("elif", "else", "fi")
        otherwise = None
        if keyword == "else":
            otherwise = self._list("fi")
            self._keyword("fi")
        return If(tuple(branches), otherwise)

    def _while(self) -> Command:
        until = self._keyword("while", "until") == "until"
        return While(until, self._list("do"), self._do())

    def _do(self) -> Script:
        self._keyword("do")
        body = self._list("done")
        self._keyword("done")
        return body

    def _for(self) -> Command:
        self._keyword("for")
        if _PARENTHESES.match(self.text, self.position):
            return self._arithmetic_for()
        name = self.bare()
        if not _NAME.fullmatch(name):
            raise self.unparsable("the name of a variable is missing")
        self.over_bare()
        self.newlines()
        words = None
        if self.bare() == "in":
            self.over_bare()
            words = self._words()
        elif self.text[self.position] == ";":
            self.position += 1
        self.newlines()
        return For(name, words, self._do())

    def _words(self) -> tuple[Word, ...]:
        words: list[Word] = []
        while self.at_word():
            words.append(self.word(ARGUMENT))
            self.blanks()
        if self.text[self.position] == ";":
            self.position += 1
        elif not self.at_newline():
            raise self.unexpected()
        return tuple(words)

    def _arithmetic_for(self) -> Command:
        self.bash_only("for ((…))", "write `for name in 1 2 3`")
        self.skip(_PARENTHESES)
        start = self.arithmetic(";")
        self.position += 1
        condition = self.arithmetic(";")
        self.position += 1
        step = self.arithmetic(")")
        if not self.skip(_CLOSING):
            raise self.no_arithmetic()
        self.blanks()
        if self.text[self.position] == ";":
            self.position += 1
        self.newlines()
        return ArithmeticFor(start, condition, step, self._do())

    def _case(self) -> Command:
        self._keyword("case")
        if not self.at_word():
            raise self.unexpected()
        subject = self.word(SINGLE)
        self.newlines()
        self._keyword("in")
        items: list[CaseItem] = []
        self.newlines()
        while self.bare() != "esac":
            items.append(self._case_item())
            self.newlines()
        self._keyword("esac")
        return Case(subject, tuple(items))

    def _case_item(self) -> CaseItem:
        if self.text[self.position] == "(":
            self.position += 1
            self.blanks()
        patterns: list[Word] = []
        more = True
        while more:
            if not self.at_word():
                raise self.unparsable("a pattern of `case` is missing")
            patterns.append(self.word(PATTERN))
            self.blanks()
            if self.text[self.position] not in "|)":
                raise self.unexpected()
            more = self.text[self.position] == "|"
            self.position += 1
            self.blanks()
        self.newlines()
        empty = self.bare() == "esac" or _TERMINATOR.match(self.text, self.position)
        body = _NOTHING if empty else self._list("esac")
        found = self.skip(_TERMINATOR)
        if found is None and self.bare() != "esac":
            raise self.unparsable("`;;` is missing")
        terminator = plain(found[0]) if found else ";;"
        if terminator != ";;":
            self.bash_only(terminator)
        return CaseItem(tuple(patterns), body, terminator)

    def _double_bracket(self) -> Command:
        self.bash_only("[[", "write `[ … ]`")
        self._keyword("[[")
        return DoubleBracket(self.condition())

    def _select(self) -> Command:
        raise self.unparsable("`select` asks a person", "write `for name in …`")

    def _coproc(self) -> Command:
        raise self.unparsable("`coproc` is refused", "start it with `&`")

    # Functions.

    def _function(self) -> Command:
        start = self.position
        self.bash_only("function", "write `name() { …; }`")
        self._keyword("function")
        name = self.bare()
        self.over_bare()
        self.skip(_EMPTY_PARENTHESES)
        return self._function_of(name, start)

    def _short_function(self) -> Command:
        start = self.position
        found = self.skip(_SHORT_FUNCTION)
        return self._function_of(found[1] if found else "", start)

    def _function_of(self, name: str, start: int) -> Command:
        if not _FUNCTION_NAME.fullmatch(name) or name in RESERVED or name == "time":
            raise self.unparsable("the name of a function is no plain name", position=start)
        self.newlines()
        self.deeper()
        body = self._command()
        self.depth -= 1
        if isinstance(body, SimpleCommand | Function):
            raise self.unparsable("the body of a function stands in no braces", position=start)
        return Function(name, body)
