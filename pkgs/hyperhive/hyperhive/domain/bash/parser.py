"""From the text of a script to its tree, as Bash reads it; what is not understood is refused."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from hyperhive.domain.bash.conditions import ConditionReader
from hyperhive.domain.bash.script import (
    ArithmeticCommand,
    ArithmeticFor,
    Assignment,
    Brace,
    BraceRange,
    Case,
    CaseItem,
    Command,
    DoubleBracket,
    For,
    Function,
    Group,
    If,
    Literal,
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
from hyperhive.domain.bash.source import END, JOINED, plain, raw, spread
from hyperhive.domain.bash.words import ARGUMENT, DECLARED, PATTERN, PLAIN, PROCESS, SINGLE, VALUE, merged

MAX_BYTES: Final = 64 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FUNCTION_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_NAMED: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_\0]*+)(?=[\[+=])")
_EQUALS: Final = re.compile(r"(\+\0*+)?=")
_EMPTY_PARENTHESES: Final = re.compile(r"\([ \t\0]*+\)")
_PARENTHESES: Final = re.compile(spread("(("))
_CLOSING: Final = re.compile(spread("))"))
_ASSIGNING: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\+?=")
_REDIRECTION: Final = re.compile(
    r"([0-9][0-9\0]*+)?("
    + spread("<<<", "<<-", "<<", "<&", "<>", ">>", ">|", ">&")
    + r"|[<>]\0*+(?!\())|("
    + spread("&>>", "&>")
    + ")"
)
_NAMED_DESCRIPTOR: Final = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*+\}[<>]")
_AND_OR: Final = re.compile(spread("&&", "||"))
_PIPE: Final = re.compile(r"\|\0*+(?!\|)(&\0*+)?")
_TERMINATOR: Final = re.compile(spread(";;&", ";;", ";&"))
_DESCRIPTOR: Final = re.compile(r"[0-9]+|-")
_MOVED: Final = re.compile(r"[0-9]+-")
_DELIMITER: Final = re.compile(r"""(?:[^ \t\n;&|()<>\3\\'"$`]|'[^'\3]*+'|"[^"\\$`\3]*+"|\\[^\3])++""")
_UNQUOTED_DELIMITER: Final = re.compile(r"""\\(.)|'([^']*)'|"([^"]*)\"""", re.DOTALL)
_TABS: Final = re.compile(r"^\t+", re.MULTILINE)

_RESERVED: Final = frozenset(
    [
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "for",
        "while",
        "until",
        "do",
        "done",
        "case",
        "esac",
        "function",
        "select",
        "coproc",
        "time",
        "!",
        "{",
        "}",
        "[[",
        "]]",
        "in",
    ]
)
_COMPOUND: Final = _RESERVED - {"time", "in", "]]"}
_DECLARATIONS: Final = frozenset({"declare", "export", "local", "readonly", "typeset"})
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


@dataclass(slots=True)
class _HereDocument:
    """Its redirection stands in the tree already and is completed once the body is read."""

    redirection: Redirection
    delimiter: str
    quoted: bool
    #: `<<-`: tabs at the beginning of its lines do not count.
    tabs: bool


class _Parser(ConditionReader):
    """One method for each construct; each starts where it begins and stops behind it."""

    def __init__(self, text: str, *, posix: bool, depth: int, nested: bool) -> None:
        super().__init__(text, posix=posix, depth=depth, nested=nested)
        self._pending: list[_HereDocument] = []
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
            raise self._unexpected()
        if self._pending:
            raise UnparsableError("a here-document has no body")
        return script

    def script_of(self, text: str) -> Script:
        return _Parser(text, posix=self.posix, depth=self.depth, nested=True).whole()

    def commands(self) -> Script:
        pending, self._pending = self._pending, []
        script = self._list()
        if self._pending:
            raise self.unparsable("a here-document has no body inside of its substitution")
        self._pending = pending
        return script

    def newlines(self) -> None:
        self.blanks()
        while self.at_newline():
            self.position += 1
            self._bodies()
            self.blanks()

    # Lists.

    def _list(self, *ends: str) -> Script:
        """Read statements up to one of these reserved words, a closing parenthesis, `;;` or the end."""
        self.deeper()
        statements: list[Statement] = []
        self.newlines()
        while not self._at_end(ends):
            statement = self._statement()
            before = self.position
            separator = self._separator()
            statements.append(replace(statement, background=True) if separator == "&" else statement)
            if not separator and not self._at_end(ends if before == self._compound_end else ()):
                raise self._unexpected()
        if not statements:
            raise self._unexpected()
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

    def _statement(self) -> Statement:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while self.text[self.position] in "&|" and (found := self.skip(_AND_OR)):
            self.newlines()
            rest.append((plain(found[0]), self._pipeline()))
        return Statement(first, tuple(rest))

    def _pipeline(self) -> Pipeline:
        negated = False
        while self.text[self.position] == "!" and self.bare() == "!":
            if self.text[self.position + 1] == "(":
                raise self.unparsable("`!(` can mean two things", "put a blank behind the `!`")
            self._over_bare()
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

    def _unexpected(self) -> RefusedError:
        bare = self.bare()
        if bare in _RESERVED:
            return self.unparsable(f"`{bare}` stands where it means nothing")
        if self.text[self.position] == "(":
            return self._parenthesis()
        return self.unparsable("a command is missing" if self.here() == "" else "the text was not understood")

    def _parenthesis(self) -> RefusedError:
        before = self.text[self.position - 1 : self.position]
        if before and before in "?*+@!":
            instead = "write for example `find . -maxdepth 1 ! -name '*.py'`"
            return self.unparsable("a pattern with parentheses", instead, position=self.position - 1)
        return self.unparsable("an unquoted `(`", "put it in quotes")

    # Commands.

    def _command(self) -> Command:
        if self.text[self.position] == "(":
            arithmetic = _PARENTHESES.match(self.text, self.position)
            return self._compound(self._arithmetic_command if arithmetic else self._subshell)
        bare = self.bare()
        if construct := self._compounds.get(bare):
            return self._compound(construct)
        if bare in _COMPOUND:
            raise self._unexpected()
        return self._simple()

    def _compound(self, construct: Callable[[], Command]) -> Command:
        command = construct()
        self.blanks()
        if isinstance(command, Function):
            return command
        redirections: list[Redirection] = []
        while self._redirection(redirections):
            self.blanks()
        if redirections:
            return replace(command, redirections=tuple(redirections))
        self._compound_end = self.position
        return command

    def _simple(self) -> Command:
        start = self.position
        assignments: list[Assignment] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            if self._plain(words) or self._redirection(redirections):
                pass
            elif not words and (assignment := self._assignment()):
                assignments.append(assignment)
            elif self._at_word():
                words.append(self._argument(words))
            else:
                break
            self.blanks()
        only_word = len(words) == 1 and not assignments and not redirections
        if self.text[self.position] == "(":
            return self._short_function(start, words[0] if only_word else None)
        if not assignments and not words and not redirections:
            raise self._unexpected()
        if words and any(isinstance(assignment.value, tuple) for assignment in assignments):
            instead = "write the array as a command of its own"
            raise self.unparsable("an array stands before a command", instead, position=start)
        if words and words[0].text == "time":
            self._check_time(words, start)
        return SimpleCommand(tuple(assignments), tuple(words), tuple(redirections))

    def _plain(self, words: list[Word]) -> bool:
        """Read a word that is nothing but its text, the most common one."""
        found = PLAIN.match(self.text, self.position)
        if found is None or (not words and "=" in found[1]):
            return False
        if self.text[found.end()] in "<>" and found[1].isdecimal():
            return False
        self.position = found.end()
        words.append(self.plain_word(found[1]))
        return True

    def _at_word(self) -> bool:
        char = self.text[self.position]
        if char in "<>":
            return PROCESS.match(self.text, self.position) is not None
        return char not in "\n;&|()\3" and not self.at_newline()

    def _argument(self, words: list[Word]) -> Word:
        for word in words[:3]:
            if word.text in _DECLARATIONS:
                return self._declared()
            if word.text not in {"command", "builtin"}:
                break
        return self.word(ARGUMENT)

    def _declared(self) -> Word:
        """Read an argument of `export` and the like: what looks like an assignment is read as one."""
        start = self.position
        found = self.skip(_NAMED)
        if found is None:
            return self.word(ARGUMENT)
        equals = self.skip(_EQUALS)
        if equals is None and self.text[self.position] == "+":
            self.position = start
            return self.word(ARGUMENT)
        if equals is None or self.text[self.position] == "(":
            instead = f"write `{plain(found[1])}=(…)` as a command of its own behind it"
            raise self.unparsable("an array stands behind the name of a command", instead, position=start)
        word = self.named_value(DECLARED)
        if any(isinstance(piece, Brace | BraceRange) for piece in word.pieces):
            raise self.unparsable("braces stand in an assignment", "put them in quotes", position=start)
        pieces = [piece.text if isinstance(piece, Literal) else piece for piece in word.pieces]
        return merged([plain(found[1] + equals[0]), *pieces])

    def _timed(self, start: int) -> RefusedError:
        instead = "write `time bash -c '…'`"
        return self.unparsable("`time` stands before a compound command", instead, position=start)

    def _check_time(self, words: list[Word], start: int) -> None:
        inner = next((word.text for word in words[1:] if word.text not in {"-p", "--"}), None)
        if inner in _COMPOUND:
            raise self._timed(start)
        if inner and _ASSIGNING.match(inner):
            raise self.unparsable("`time` stands before an assignment", f"write `time env {inner} …`")

    # Assignments.

    def _assignment(self) -> Assignment | None:
        start = self.position
        found = self.skip(_NAMED)
        if found is None:
            return None
        name, subscript = plain(found[1]), ""
        if self.text[self.position] == "[":
            self.bash_only("name[…]=")
            subscript = self._place(start, name)
        equals = self.skip(_EQUALS)
        if equals is None and not subscript:
            self.position = start
            return None
        if equals is None:
            raise self.unparsable(
                "a bracket stands in the name of a command", "put it in quotes", position=start
            )
        if equals[1]:
            self.bash_only("+=", f"write `{name}=${{{name}}}…`")
        value: Word | tuple[Word, ...] = (
            self._array() if self.text[self.position] == "(" else self.named_value(VALUE)
        )
        if subscript and isinstance(value, tuple):
            raise self.unparsable("an array stands in an element of an array", position=start)
        return Assignment(name, subscript, bool(equals[1]), value)

    def _place(self, start: int, name: str) -> str:
        subscript = self.subscript()
        if subscript is None or subscript in {"@", "*"}:
            reason = f"the subscript at `{self.here(start)}` is not one of the simple forms"
            raise RefusedError("expansion", reason, f"compute it first: `i=…; {name}[i]=…`")
        return subscript

    def _array(self) -> tuple[Word, ...]:
        start = self.position
        self.bash_only("name=(…)")
        self.position += 1
        words: list[Word] = []
        self.newlines()
        while self._at_word():
            if self.text[self.position] == "[":
                raise self.unparsable(
                    "an element of an array begins with a bracket", "write `name[key]=value`"
                )
            words.append(self.word(ARGUMENT))
            self.newlines()
        if self.text[self.position] != ")":
            raise self.unparsable("an array was not understood", position=start)
        self.position += 1
        if self._pending and "\n" in self.text[start : self.position]:
            raise self.unparsable("an array goes on behind the line of a here-document", position=start)
        if self.text[self.position] not in " \t\n\0;&|<>)\3":
            raise self.unparsable("text touches an array", position=start)
        return tuple(words)

    # Redirections.

    def _redirection(self, redirections: list[Redirection]) -> bool:
        start = self.position
        char = self.text[start]
        if char == "{" and _NAMED_DESCRIPTOR.match(self.text, start):
            raise self.unparsable("a redirection names its descriptor", "write a number, as in `3>`")
        if char not in "<>&0123456789":
            return False
        found = self.skip(_REDIRECTION)
        if found is None:
            return False
        descriptor, operator = plain(found[1] or ""), plain(found[2] or found[3])
        if len(descriptor) > 3:
            raise self.unparsable("a descriptor is too large", position=start)
        if operator in {"&>", "&>>", "<<<"}:
            self.bash_only(operator, "write `> … 2>&1`" if operator != "<<<" else "use a here-document")
        usual = 0 if operator[0] == "<" else 1
        number = int(descriptor) if descriptor and int(descriptor) != usual else None
        self.blanks()
        if operator in {"<<", "<<-"}:
            redirections.append(self._here_document(number, tabs=operator == "<<-"))
        else:
            target = self._target(operator, start, named=bool(descriptor))
            redirections.append(Redirection(number, operator, target))
        return True

    def _target(self, operator: str, start: int, *, named: bool) -> Word:
        if not self._at_word():
            raise self.unparsable(f"nothing stands behind `{operator}`", position=start)
        if operator == "<<<":
            return self.word(SINGLE)
        if operator in {"<&", ">&"}:
            word = self.word(SINGLE)
            self._check_duplicate(operator, word.text, start, named=named)
            return word
        word = self.word(ARGUMENT)
        if any(isinstance(piece, Brace | BraceRange) for piece in word.pieces):
            raise self.unparsable("a redirection goes to braces", "put them in quotes", position=start)
        return word

    def _check_duplicate(self, operator: str, text: str | None, start: int, *, named: bool) -> None:
        if text is None or _DESCRIPTOR.fullmatch(text):
            return
        if _MOVED.fullmatch(text):
            instead = f"duplicate it and close it: `{operator}{text[:-1]} {text[:-1]}{operator}-`"
            raise self.unparsable("a descriptor is moved", instead, position=start)
        if operator == "<&" or named:
            raise self.unparsable("a descriptor is missing", "write `> file 2>&1`", position=start)
        self.bash_only(">&", f"write `> {text} 2>&1`")

    # Here-documents.

    def _here_document(self, descriptor: int | None, *, tabs: bool) -> Redirection:
        found = self.skip(_DELIMITER)
        delimiter = _UNQUOTED_DELIMITER.sub(_unquoted, found[0]) if found else ""
        certain = found is not None and not set(delimiter) & set("\\\n\0")
        if found is None or not certain or self.text[self.position] not in " \t\n\0;&|<>)\3":
            raise self.unparsable("the delimiter of a here-document is no plain word", "write `<<'EOF'`")
        redirection = Redirection(descriptor, "<<", literal_word(""))
        quoted = delimiter != plain(found[0])
        self._pending.append(_HereDocument(redirection, plain(delimiter), quoted=quoted, tabs=tabs))
        return redirection

    def _bodies(self) -> None:
        for document in self._pending:
            word = self._body(document)
            text = word.text
            if text is not None and not self.nested:
                self._complete(document, "<<", word)
                continue
            if self.posix:
                instead = f"quote the delimiter: `<<'{document.delimiter}'`" if text is None else None
                raise UnparsableError("a here-document here means something else in sh", instead)
            if text == "":
                self._complete(document, "<", literal_word("/dev/null"))
            else:
                self._complete(document, "<<<", _without_last_newline(word))
        self._pending.clear()

    @staticmethod
    def _complete(document: _HereDocument, operator: str, target: Word) -> None:
        # Nobody has seen the redirection yet.
        object.__setattr__(document.redirection, "operator", operator)
        object.__setattr__(document.redirection, "target", target)

    def _body(self, document: _HereDocument) -> Word:
        start = self.position
        end = self._end_of_body(document)
        text = self.text[start:end]
        text = raw(text) if document.quoted else plain(text)
        if document.tabs:
            text = _TABS.sub("", text)
        line = f"\n{document.delimiter}"
        joined = JOINED in self.text[start:end] and not document.quoted and f"{line}\n" in f"\n{text}"
        if joined or (self.nested and document.delimiter and line in f"\n{text}"):
            raise UnparsableError(f"it is not certain where the here-document `{document.delimiter}` ends")
        if document.quoted:
            return literal_word(text)
        return _Parser(text, posix=self.posix, depth=self.depth, nested=True).heredoc()

    def _end_of_body(self, document: _HereDocument) -> int:
        """Go behind the line with the delimiter; returns where that line begins."""
        start = position = self.position
        size = len(document.delimiter)
        while (position := self.text.find(document.delimiter, position)) >= 0:
            end = position + size
            begin = position
            while document.tabs and begin > start and self.text[begin - 1] == "\t":
                begin -= 1
            before = self.text[begin - 1]
            begins = begin == start or before == "\n" or (before == JOINED and document.quoted)
            if begins and self.text[end] in "\n\3":
                self.position = end + (self.text[end] == "\n")
                return begin
            position += 1
        raise UnparsableError(
            f"the here-document `{document.delimiter}` has no end",
            f"end it with a line that is exactly `{document.delimiter}`",
        )

    # Compound commands.

    def _keyword(self, *expected: str) -> str:
        bare = self.bare()
        if bare not in expected:
            instead = f"put `;` or a newline before `{expected[-1]}`"
            raise self.unparsable(f"`{expected[-1]}` is missing", instead)
        self._over_bare()
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
        self._over_bare()
        self.newlines()
        words = None
        if self.bare() == "in":
            self._over_bare()
            words = self._words()
        elif self.text[self.position] == ";":
            self.position += 1
        self.newlines()
        return For(name, words, self._do())

    def _words(self) -> tuple[Word, ...]:
        words: list[Word] = []
        while self._at_word():
            words.append(self.word(ARGUMENT))
            self.blanks()
        if self.text[self.position] == ";":
            self.position += 1
        elif not self.at_newline():
            raise self._unexpected()
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
        if not self._at_word():
            raise self._unexpected()
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
            if not self._at_word():
                raise self.unparsable("a pattern of `case` is missing")
            patterns.append(self.word(PATTERN))
            self.blanks()
            if self.text[self.position] not in "|)":
                raise self._unexpected()
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
        self._over_bare()
        self.skip(_EMPTY_PARENTHESES)
        return self._function_of(name, start)

    def _short_function(self, start: int, word: Word | None) -> Command:
        name = word.text if word else None
        if name == "time":
            raise self._timed(start)
        if (
            not name
            or not self.text.startswith(name, start)
            or not _EMPTY_PARENTHESES.match(self.text, self.position)
        ):
            raise self._parenthesis()
        self.skip(_EMPTY_PARENTHESES)
        return self._function_of(name, start)

    def _function_of(self, name: str, start: int) -> Command:
        if not _FUNCTION_NAME.fullmatch(name) or name in _RESERVED:
            raise self.unparsable("the name of a function is no plain name", position=start)
        self.newlines()
        self.deeper()
        body = self._command()
        self.depth -= 1
        if isinstance(body, SimpleCommand | Function):
            raise self.unparsable("the body of a function stands in no braces", position=start)
        return Function(name, body)


def _unquoted(found: re.Match[str]) -> str:
    return next((text for text in found.groups() if text is not None), "")


def _without_last_newline(word: Word) -> Word:
    *pieces, last = word.pieces
    if not isinstance(last, Literal) or not last.text.endswith("\n"):
        raise UnparsableError("a here-document has no last line")
    text = last.text[:-1]
    return Word((*pieces, Literal(text))) if text or not pieces else Word(tuple(pieces))
