"""Reads what begins with `$` or a backtick, in or outside of double quotes."""

import re
from abc import abstractmethod
from enum import Enum
from typing import Final

from hyperhive.domain.bash.reading.arithmetic import ArithmeticReader
from hyperhive.domain.bash.reading.source import END, JOINED, plain, raw, spread
from hyperhive.domain.bash.script import (
    Arithmetic,
    Literal,
    Parameter,
    Piece,
    ProcessSubstitution,
    RefusedError,
    Script,
    Substitution,
    Tokens,
    UnparsableError,
    Word,
    literal_word,
)

_PARAMETER: Final = re.compile(r"\$\0*+(?:([A-Za-z_][A-Za-z0-9_\0]*+)|([0-9@*#?$!-]))")
_OPENING: Final = re.compile(r"\$\0*+(?:\(\0*+\(|[({\['\"])")
_CLOSING: Final = re.compile(spread("))"))
_BACKTICKS: Final = re.compile(r"`((?:[^`\\\3]|\\[^\3])*+)`")
_BACKTICK_ESCAPE: Final = re.compile(r"\\([`$\\])")
_QUOTED_BACKTICK_ESCAPE: Final = re.compile(r'\\([`$\\"])')

_HEAD: Final = re.compile(
    r"\0*+([#!]?)\0*+([A-Za-z_][A-Za-z0-9_\0]*+|[0-9][0-9\0]*+|[@*#?$!-])\0*+", re.ASCII
)
SUBSCRIPT: Final = re.compile(
    r"""\[(?:([@*])|(["']?)(-?[0-9]++|[A-Za-z_][A-Za-z0-9_]*+)\2"""
    r"""|("?)\$(?:\{([A-Za-z_][A-Za-z0-9_]*+)\}|([A-Za-z_][A-Za-z0-9_]*+))\4)\]\0*+"""
)
_OPERATOR: Final = re.compile(
    spread(":-", ":+", ":?", ":=", "##", "%%", "//", "/#", "/%", "^^", ",,", *"-+?=:#%/^,@")
)
_TRANSFORMATION: Final = re.compile(r"[QEAaKkULu]\0*+")
_ANSI: Final = re.compile(r"\$\0*+'((?:[^'\\\3]|\\[^\3])*+)'")
_ANSI_ESCAPE: Final = re.compile(
    r"\\(?:([abeEfnrtv\\'\"?])|x([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})"
    r"|([^xuUc]))",
    re.DOTALL,
)
_ANSI_LETTERS: Final = {
    "a": "\a", "b": "\b", "e": "\x1b", "E": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip
_DEFAULTS: Final = frozenset({":-", "-", ":+", "+", ":?", "?"})
_TRIMS: Final = frozenset({"#", "##", "%", "%%"})
_CASES: Final = frozenset({"^", "^^", ",", ",,"})


class Quoting(Enum):
    """Where an expansion stands."""

    NONE = "none"
    #: Neither splits nor globs what comes out, as on the right side of an assignment.
    SINGLE = "single"
    DOUBLE = "double"
    HEREDOC = "heredoc"


class ExpansionReader(ArithmeticReader):
    @abstractmethod
    def commands(self) -> Script:
        """Read commands up to a closing parenthesis or the end, and stop before it."""

    @abstractmethod
    def script_of(self, text: str) -> Script:
        """Read a text of its own, that of backticks."""

    @abstractmethod
    def default(self, quoting: Quoting, operator: str) -> Word:
        """Read what stands behind `:-` and the like, up to the closing brace."""

    @abstractmethod
    def trimming(self) -> Word:
        """Read a pattern up to the closing brace."""

    @abstractmethod
    def searching(self, *, tilde: bool) -> Word:
        """Read a pattern up to a slash or the closing brace."""

    @abstractmethod
    def replacing(self) -> Word:
        """Read what a match is replaced with, up to the closing brace."""

    def expansion(self, quoting: Quoting = Quoting.DOUBLE, *, quoted: bool = True) -> Piece:
        """Read what begins with the `$` or backtick at this place; a literal for a lone `$`."""
        if self.text[self.position] == "`":
            return Substitution(self._backticks(quoting), quoted)
        if found := self.skip(_PARAMETER):
            return Parameter(plain(found[1] or found[2]), quoted)
        start = self.position
        opening = self.skip(_OPENING)
        match plain(opening[0]) if opening else "":
            case "$((":
                return Arithmetic(self._arithmetic_expansion(start), quoted)
            case "$(":
                return Substitution(self.substituted(), quoted)
            case "${":
                return self._braces(quoting, quoted=quoted)
        self.position = start
        return self._no_opening(quoting, plain(opening[0]) if opening else "")

    def _no_opening(self, quoting: Quoting, opening: str) -> Piece:
        unquoted = quoting in {Quoting.NONE, Quoting.SINGLE}
        if opening == "$[":
            raise self.unparsable("`$[…]` is refused", "write `$((…))`")
        if opening == "$'" and unquoted:
            return Literal(self.ansi())
        if opening == '$"' and unquoted:
            raise self.unparsable('`$"…"` is refused, as it is translated', "leave out the `$`")
        self.position += 1
        return Literal("$")

    def substituted(self) -> Script:
        """Read the commands of a substitution and its closing parenthesis."""
        start = self.position
        nested, self.nested = self.nested, True
        self.deeper()
        script = self.commands()
        self.depth -= 1
        self.nested = nested
        if self.text[self.position] != ")":
            raise self.unparsable("a substitution is not closed", position=start - 2)
        self.position += 1
        return script

    def process_substitution(self) -> Piece:
        """Read the `<(…)` or `>(…)` at this place."""
        direction = self.text[self.position]
        self.bash_only(f"{direction}(")
        self.position = self.text.index("(", self.position) + 1
        return ProcessSubstitution(direction, self.substituted())

    def _backticks(self, quoting: Quoting) -> Script:
        start = self.position
        found = self.skip(_BACKTICKS)
        if found is None:
            raise self.unparsable("a backtick is not closed")
        content = plain(found[1])
        if quoting is Quoting.HEREDOC and '\\"' in content:
            raise self.unparsable("a backtick substitution is not certain", "write `$(…)`", position=start)
        escape = _QUOTED_BACKTICK_ESCAPE if quoting is Quoting.DOUBLE else _BACKTICK_ESCAPE
        self.deeper()
        script = self.script_of(escape.sub(r"\1", content))
        self.depth -= 1
        return script

    def _arithmetic_expansion(self, start: int) -> Tokens:
        self.deeper()
        tokens = self.arithmetic_in_parentheses(start, "for a subshell, write `$( (…) )`")
        self.depth -= 1
        return tokens

    def arithmetic_in_parentheses(self, start: int, instead: str) -> Tokens:
        """Read up to and over `))`."""
        try:
            tokens = self.arithmetic(")")
        except RefusedError as error:
            error.instead = error.instead or instead
            raise
        if not tokens or not self.skip(_CLOSING):
            reason = f"`((` can mean two things at `{self.here(start)}`"
            raise UnparsableError(reason, f"put a blank between the parentheses: {instead}")
        return tokens

    def ansi(self) -> str:
        """Read the `$'…'` at this place."""
        start = self.position
        if self.posix:
            raise UnparsableError("`$'…'` means something else in sh", "put it in single quotes")
        found = self.skip(_ANSI)
        if found is None:
            raise self.unparsable("a `$'…'` is not closed")
        text = raw(found[1])
        if _ANSI_ESCAPE.sub("", text).count("\\"):
            raise self.unparsable("`$'…'` holds an escape that is not supported", position=start)
        try:
            decoded = _ANSI_ESCAPE.sub(_decoded_escape, text).encode(errors="surrogateescape").decode()
        except (UnicodeError, ValueError, OverflowError):
            reason = "`$'…'` holds bytes that are no UTF-8"
            raise self.unparsable(reason, position=start) from None
        if JOINED in decoded or END in decoded:
            raise self.unparsable("`$'…'` holds a character that cannot be passed on", position=start)
        return decoded

    # Everything in braces.

    def _braces(self, quoting: Quoting, *, quoted: bool) -> Parameter:
        """Read a `${…}` behind its opening brace."""
        start = self.position - 2
        if self.text[self.position] in " \t\n|":
            raise self._no_expansion(start, "write `$(…)`", rule="unparsable")
        head = self.skip(_HEAD)
        if head is None:
            raise self._no_expansion(start, rule="unparsable" if self.text[self.position] == END else None)
        sign, name = head[1], plain(head[2])
        if name.isdecimal() and name[0] == "0" != name:
            raise self._no_expansion(start)
        subscript = self._subscript(start)
        if sign:
            return self._signed(start, sign, Parameter(name, quoted, subscript))
        if self._closed():
            return Parameter(name, quoted, subscript)
        found = self.skip(_OPERATOR)
        if found is None:
            raise self._no_expansion(start)
        self.deeper()
        parameter = self._operated(start, Parameter(name, quoted, subscript, plain(found[0])), quoting)
        self.depth -= 1
        if not self._closed():
            raise self._no_expansion(start)
        return parameter

    def _closed(self) -> bool:
        closed = self.text[self.position] == "}"
        self.position += closed
        return closed

    def _subscript(self, start: int) -> str:
        if self.text[self.position] != "[":
            return ""
        self.bash_only("${…[…]}")
        subscript = self.subscript()
        if subscript is None:
            instead = "compute the subscript first: `i=$((…))`, and write `${name[i]}`"
            raise self._no_expansion(start, instead)
        return subscript

    def subscript(self) -> str | None:
        """Read the `[…]` at this place; None if it is none of the simple forms."""
        found = self.skip(SUBSCRIPT)
        if found is None:
            return None
        every, _, plain_one, _, braced, bare = found.groups()
        return every or plain_one or f"${{{braced or bare}}}"

    def _signed(self, start: int, sign: str, parameter: Parameter) -> Parameter:
        """`${#x}` or `${!x}`."""
        name, subscript = parameter.name, parameter.subscript
        if not self._closed():
            raise self._no_expansion(start)
        if sign == "#":
            return Parameter(name, parameter.quoted, subscript, "length")
        self.bash_only("${!…}")
        if subscript in {"@", "*"}:
            return Parameter(name, parameter.quoted, subscript, "keys")
        if subscript or not name.isidentifier():
            raise self._no_expansion(start)
        return Parameter(name, parameter.quoted, operator="indirect")

    def _operated(self, start: int, parameter: Parameter, quoting: Quoting) -> Parameter:
        name, quoted, subscript = parameter.name, parameter.quoted, parameter.subscript
        operator = parameter.operator
        argument = replacement = None
        if operator in {":=", "="}:
            raise self._no_expansion(start, f"write `${{{name}:-…}}`, or an assignment of its own")
        if operator in _DEFAULTS:
            argument = self.default(quoting, operator)
            return Parameter(name, quoted, subscript, operator, argument)
        if operator in _TRIMS:
            return Parameter(name, quoted, subscript, operator, self.trimming())
        self.bash_only("${…" + operator + "…}")
        if operator == ":":
            return Parameter(name, quoted, subscript, "slice", slice=self._slice(start))
        if operator == "@":
            found = self.skip(_TRANSFORMATION)
            if found is None:
                raise self._no_expansion(start)
            return Parameter(name, quoted, subscript, f"@{found[0][0]}")
        if operator in _CASES:
            argument = None if self.text[self.position] == "}" else self.trimming()
            return Parameter(name, quoted, subscript, operator, argument)
        argument, replacement = self.searching(tilde=operator == "/"), literal_word("")
        if argument.text == "":
            raise self._no_expansion(start, "put the slash in quotes")
        if self.text[self.position] == "/":
            self.position += 1
            replacement = self.replacing()
        return Parameter(name, quoted, subscript, operator, argument, replacement)

    def _slice(self, start: int) -> tuple[Tokens, ...]:
        tokens = [self.arithmetic(":}")]
        if self.text[self.position] == ":":
            self.position += 1
            tokens.append(self.arithmetic("}"))
        if tokens == [()]:
            raise self._no_expansion(start)
        return tuple(tokens)

    def _no_expansion(self, start: int, instead: str | None = None, rule: str | None = None) -> RefusedError:
        reason = f"the expansion at `{self.here(start)}` is not one of the simple forms"
        return RefusedError(rule or "expansion", reason, instead)


def _decoded_escape(escape: re.Match[str]) -> str:
    letter, byte, octal, short, long, other = escape.groups()
    if letter:
        return _ANSI_LETTERS.get(letter, letter)
    if other:
        return f"\\{other}"
    if short or long:
        code = int(short or long, 16)
        if 0xD800 <= code < 0xE000:
            raise ValueError
        return chr(code)
    code = int(byte, 16) if byte else int(octal, 8) & 0xFF
    return chr(code) if code < 0x80 else chr(0xDC00 + code)
