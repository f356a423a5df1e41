"""Prints words and what they consist of: quoting, patterns, braces, expansions and arithmetic."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from hyperhive.domain.bash.printing.places import (
    ALTERNATIVE,
    BRACKET,
    DEFAULT,
    GLOB,
    NEVER,
    PLAIN,
    REGEX,
    REPLACEMENT,
    SEARCH,
    TRIM,
    Place,
)
from hyperhive.domain.bash.printing.token_printer import blanks, check_tokens
from hyperhive.domain.bash.reading.source import EDITED
from hyperhive.domain.bash.script import (
    Arithmetic,
    ArithmeticCommand,
    Brace,
    BraceRange,
    Case,
    Literal,
    Parameter,
    Pattern,
    Piece,
    ProcessSubstitution,
    RefusedError,
    Script,
    Subshell,
    Substitution,
    Tilde,
    Tokens,
    UnparsableError,
    Word,
    nodes,
)

MAX_PRINTED: Final = 256 * 1024

NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*\+?=)(?:.*:)?", re.DOTALL)
_SUBSCRIPT: Final = re.compile(r"[@*]|-?[0-9]+|[A-Za-z_][A-Za-z0-9_]*|\$\{[A-Za-z_][A-Za-z0-9_]*\}")
_PARAMETER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-]")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*]")
_USER: Final = re.compile(r"[a-z_][a-z0-9_.-]*|[+-]?")
_ESCAPED: Final = r"'\''"
# In a substitution Bash does not see a backslash outside of quotes while it looks for the end of an array.
_IN_ARRAY: Final = "'\"'\"'"
_RANGE: Final = re.compile(r"(?:-?[0-9]{1,18}\n-?[0-9]{1,18}|[A-Za-z]\n[A-Za-z])\n(?:-?[0-9]{1,18})?")
_UNPRINTABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
_CONTROL: Final = re.compile(r"[\x01-\x08\x0b-\x1f\x7f]")
_INNER_ANSI: Final = re.compile(r"[\x01-\x08\x0b-\x1f\x7fA-Za-z0-9_./:@%+,=\[-]+")

# In a word as a whole, \0 stands for what is quoted or computed, and \1 for what can stand in no bracket.
_GLOBS: Final = re.compile(rf"(?:[*?\0\1]|{BRACKET})+")
_TAKEN: Final = re.compile(r".+", re.DOTALL)

_DEFAULTS: Final = frozenset({":-", "-", ":+", "+", ":?", "?"})
_TRIMS: Final = frozenset({"#", "##", "%", "%%"})
_CASES: Final = frozenset({"^", "^^", ",", ",,"})
_REPLACES: Final = frozenset({"/", "//", "/#", "/%"})
_PREFIXES: Final = {"length": "#", "keys": "!", "indirect": "!"}
_TRANSFORMATIONS: Final = frozenset("@" + letter for letter in "QEPAaUuLKk")


def refusal(what: str) -> UnparsableError:
    return UnparsableError(f"{what} cannot be printed with certainty")


def check_characters(text: str, *, controls: bool) -> None:
    if _UNPRINTABLE.search(text) or (not controls and _CONTROL.search(text)):
        raise refusal("a control character")


class WordPrinter(ABC):
    def __init__(self, *, posix: bool, nested: bool = False) -> None:
        self._posix = posix
        self._out: list[str] = []
        self._size = 0
        #: Inside of a substitution or of a string.
        self._nested = nested
        #: Inside of double quotes.
        self._quoted = False
        #: In a word in which Bash looks for braces, where it loses count of quotes in `"${x:-"it's"}"`.
        self._braced = False
        #: A single quote in single quotes.
        self._apostrophe = _ESCAPED
        #: Bodies of here-documents, printed behind the next newline.
        self._bodies: list[str] = []

    @abstractmethod
    def script(self, script: Script) -> None:
        """Print the commands."""

    def write(self, text: str) -> None:
        if self._bodies and "\n" in text:
            reason = "text of several lines stands behind a here-document on its line"
            raise UnparsableError(reason, "put the here-document last on its line")
        self._size += len(text)
        if self._size > MAX_PRINTED:
            reason = f"what would run is longer than {MAX_PRINTED // 1024} KiB"
            raise RefusedError("too_long", reason)
        self._out.append(text)

    def close(self) -> None:
        """Claude Code does not run a line with `))` where it sees no arithmetic."""
        self.write(" )" if self._out[-1].endswith(")") else ")")

    def text(self) -> str:
        return "".join(self._out)

    def bash_only(self, what: str) -> None:
        if self._posix:
            raise UnparsableError(f"{what} means something else in sh")

    # Words.

    def word(self, word: Word, place: Place) -> None:
        pieces = word.pieces
        if pieces == (Literal(""),):
            self.write("''")
            return
        if not pieces:
            raise refusal("an empty word")
        place = _fitting(pieces, place)
        outside, self._braced = self._braced, self._braced or place.braces
        for before, piece, after in zip((None, *pieces), pieces, (*pieces[1:], None), strict=False):
            if type(piece) is type(before) and isinstance(piece, Literal | Pattern):
                raise refusal("a word in two pieces")
            if isinstance(piece, Literal):
                self._text(piece.text, place, before, after)
            elif isinstance(piece, Tilde):
                self._check_tilde(before, after, place, word)
                self._tilde(piece.user)
            else:
                self.piece(piece, place)
        self._braced = outside

    def _text(self, text: str, place: Place, before: Piece | None, after: Piece | None) -> None:
        """Literal text; what touches a tilde, and the name of an assignment before it, must not be quoted."""
        head = tail = ""
        if isinstance(before, Tilde):
            head, text = text[:1], text[1:]
        elif before is None and place.command and (assignment := _ASSIGNMENT.match(text)):
            if isinstance(after, Tilde):
                head, text = assignment[1], text[assignment.end(1) :]
            else:
                place = place._replace(bare=NEVER)
        if isinstance(after, Tilde):
            text, tail = text[:-1], text[-1:]
        if not (head or text or tail):
            raise refusal("a word in two pieces")
        self.write(head)
        if text:
            self._literal(text, place.bare, inner=place.inner)
        self.write(tail)

    def _literal(self, text: str, bare: re.Pattern[str], *, inner: bool) -> None:
        if bare.fullmatch(text) and text.lower() != "nul":
            self.write(text)
            return
        check_characters(text, controls=True)
        if not _CONTROL.search(text):
            self.quote(text)
            return
        self.bash_only("a control character in `$'…'`")
        if inner and not _INNER_ANSI.fullmatch(text):
            instead = "put the text in a variable: `c=$'…'`"
            raise UnparsableError("a control character stands beside others in an expansion", instead)
        # Inside of a substitution Bash reads it again as `'…'`, with the quotes that single quotes need.
        apostrophe = "'\"'\"$'" if self._apostrophe is _IN_ARRAY else "\\047"
        escaped = text.replace("\\", "\\\\").replace("$", "\\044").replace("'", apostrophe)
        self.write("$'" + _CONTROL.sub(lambda match: f"\\{ord(match[0]):03o}", escaped) + "'")

    def quote(self, text: str) -> None:
        if self._quoted:
            # Bash 5.2 takes `$(` for a substitution in the quoted pattern of a quoted expansion, and a double
            # quote for the last one when it looks for braces.
            text = re.sub(r"""['"$]""", r"'\\\g<0>'", text)
        else:
            text = text.replace("'", self._apostrophe)
        text = EDITED.sub(r"\1''\2", text)
        self.write(f"'{text}'")

    @contextmanager
    def array(self) -> Iterator[None]:
        """Print the elements of an array."""
        outside, self._apostrophe = self._apostrophe, _IN_ARRAY
        yield
        self._apostrophe = outside

    def _check_tilde(self, before: Piece | None, after: Piece | None, place: Place, word: Word) -> None:
        if before is None:
            begins = place.tilde
        else:
            text = before.text if isinstance(before, Literal) else ""
            # In an argument like an assignment, where Bash does with the rest what it does with others.
            first = word.pieces[0].text if isinstance(word.pieces[0], Literal) else ""
            assigned = place.assigns and not self._posix and word.single and _ASSIGNMENT.match(first)
            name = before is word.pieces[0] and assigned and _ASSIGNMENT.fullmatch(text)
            begins = bool(name) or ((place.colons or bool(assigned)) and text.endswith(":"))
        ends = "/:" if place.colons or place.assigns else "/"
        if not begins or not (after is None or (isinstance(after, Literal) and after.text[:1] in ends)):
            raise refusal("a `~` in the middle of a word")

    def _tilde(self, user: str) -> None:
        if not _USER.fullmatch(user):
            raise refusal("the name of a user")
        if user in {"+", "-"}:
            self.bash_only(f"`~{user}`")
        self.write(f"~{user}")

    def piece(self, piece: Piece, place: Place) -> None:
        match piece:
            case Pattern(text) if place.pattern is not None and place.pattern.fullmatch(text):
                if "[^" in text:
                    self.bash_only("`[^…]`")
                self.write(text)
            case Brace() | BraceRange() if place.braces:
                self.bash_only("`{…}`")
                self._brace(piece)
            case ProcessSubstitution(direction, script) if place.processes and direction in {"<", ">"}:
                self.bash_only(f"`{direction}(…)`")
                self.write(direction)
                self._substitution(script)
            case Parameter(quoted=True) | Substitution(quoted=True) | Arithmetic(quoted=True):
                outside, self._quoted = self._quoted, True
                self.write('"')
                self.expansion(piece)
                self.write('"')
                self._quoted = outside
            case Parameter() if place.unquoted:
                if self._quoted and not _plain(piece):
                    raise refusal("an expansion in an expansion")
                self.expansion(piece)
            case Substitution() | Arithmetic() if place.unquoted:
                self.expansion(piece)
            case _:
                raise refusal("a word")

    def _brace(self, piece: Brace | BraceRange) -> None:
        if isinstance(piece, BraceRange):
            if not _RANGE.fullmatch(f"{piece.first}\n{piece.last}\n{piece.step}"):
                raise refusal("a range in braces")
            self.write(f"{{{piece.first}..{piece.last}{piece.step and '..'}{piece.step}}}")
            return
        if len(piece.alternatives) < 2:
            raise refusal("braces")
        self.write("{")
        for index, word in enumerate(piece.alternatives):
            self.write("," if index else "")
            if any(isinstance(part, Pattern) and "," in part.text for part in word.pieces):
                raise refusal("a comma of a pattern in braces")
            if word.text != "":
                self.word(word, ALTERNATIVE)
        self.write("}")

    # Expansions, without double quotes around them.

    def expansion(self, piece: Parameter | Substitution | Arithmetic) -> None:
        match piece:
            case Substitution(script):
                self.write("$")
                self._substitution(script)
            case Arithmetic(tokens):
                self.write("$((")
                self.tokens(tokens)
                self.write("))")
            case Parameter():
                self.write("${")
                self._parameter(piece)
                self.write("}")

    def _substitution(self, script: Script) -> None:
        outside = self._nested, self._quoted, self._braced
        self._nested, self._quoted, self._braced = True, False, False
        commands = script.statements[0].first.commands if script.statements else ()
        self.write("( " if commands and isinstance(commands[0], Subshell | ArithmeticCommand) else "(")
        self.script(script)
        self.close()
        self._nested, self._quoted, self._braced = outside

    def _parameter(self, piece: Parameter) -> None:
        name, subscript, operator = piece.name, piece.subscript, piece.operator
        form = _VARIABLE if operator else NAME if subscript else _PARAMETER
        if not form.fullmatch(name):
            raise refusal("the name of a variable")
        self.write(_PREFIXES.get(operator, "") + name)
        if subscript:
            self.subscript(subscript, array=True)
        self._check_operator(piece)
        if operator == "slice":
            self._slice(piece.slice)
        elif operator not in _PREFIXES:
            self.write(operator)
        if piece.argument is not None:
            self._argument_of(piece, piece.argument)
        if piece.replacement is not None:
            self.write("/")
            if piece.replacement.text != "":
                self.word(piece.replacement, REPLACEMENT)

    def _check_operator(self, piece: Parameter) -> None:
        operator, everything = piece.operator, piece.subscript in {"@", "*"}
        has = (piece.argument is not None, piece.replacement is not None, len(piece.slice))
        fits = {
            "length": not (self._posix and piece.name in {"@", "*"}),
            "keys": everything,
            "indirect": not everything and piece.name not in {"@", "*"},
        }
        if operator in _REPLACES:
            known = has in {(True, False, 0), (True, True, 0)}
        elif operator in _CASES:
            known = has in {(False, False, 0), (True, False, 0)}
        elif operator == "slice":
            known = has in {(False, False, 1), (False, False, 2)}
        else:
            argument = operator in _DEFAULTS | _TRIMS
            known = has == (argument, False, 0) and (
                argument or operator in _TRANSFORMATIONS or operator == "" or fits.get(operator, False)
            )
        if not known:
            raise refusal("an expansion")
        if operator not in {"", "length"} | _DEFAULTS | _TRIMS:
            self.bash_only("an expansion of this kind")

    def _argument_of(self, piece: Parameter, argument: Word) -> None:
        operator = piece.operator
        if operator not in _DEFAULTS:
            if operator in _REPLACES and any(
                isinstance(part, Pattern) and "/" in part.text for part in argument.pieces
            ):
                raise refusal("a slash in a pattern")
            # Behind the second sign of an operator a `~` means itself.
            self.word(argument, TRIM if operator in _TRIMS or operator == "/" else SEARCH)
        elif argument.text == "":
            return
        elif piece.quoted:
            self._quoted_argument(argument)
        else:
            self.word(argument, DEFAULT)

    def _quoted_argument(self, argument: Word) -> None:
        """Inside of double quotes, where a single quote ends none but may not stand alone."""
        for before, piece in zip((None, *argument.pieces), argument.pieces, strict=False):
            match piece:
                case Literal(text) if text and not isinstance(before, Literal):
                    check_characters(text, controls=False)
                    if self._braced and "'" in text:
                        instead = """put the text in a variable: `d="it's"`, and `"${x:-$d}"`"""
                        raise UnparsableError("a single quote stands in an expansion", instead)
                    escaped = re.sub(r'[\\$`"]', r"\\\g<0>", text)
                    # Bash looks for the end of a process substitution there too.
                    escaped = EDITED.sub(r'\1""\2', re.sub(r"([<>])(?=\()", r'\1""', escaped))
                    self.write(f'"{escaped}"' if "'" in text else escaped.replace("}", r"\}"))
                case Parameter(quoted=True) if self._posix and not _plain(piece):
                    # Bash by the rules of POSIX loses the quotes in it.
                    raise UnparsableError("an expansion stands in an expansion", "put it in a variable first")
                case Parameter(quoted=True) | Substitution(quoted=True) | Arithmetic(quoted=True):
                    self.expansion(piece)
                case _:
                    raise refusal("an expansion in an expansion")

    def subscript(self, subscript: str, *, array: bool) -> None:
        self.bash_only("a subscript")
        if not _SUBSCRIPT.fullmatch(subscript) or (subscript in {"@", "*"} and not array):
            raise refusal("a subscript")
        self.write(f"[{subscript}]")

    def _slice(self, parts: Sequence[Tokens]) -> None:
        for tokens in parts:
            # Its own colon would end it, and `:-` is another operator.
            if not tokens or {"?", ":"}.intersection(token for token in tokens if isinstance(token, str)):
                raise refusal("a slice")
            self.write(": " if tokens[0] in {"-", "+", "--", "++"} else ":")
            self.tokens(tokens)

    # Arithmetic.

    def tokens(self, tokens: Tokens) -> None:
        check_tokens(tokens, posix=self._posix)
        outside, self._quoted = self._quoted, True
        for blank, token in zip(blanks(tokens), tokens, strict=True):
            if isinstance(token, str):
                self.write(blank + token)
                continue
            if not token.quoted or (isinstance(token, Parameter) and not _plain(token)):
                raise refusal("an expansion in arithmetic")
            if any(isinstance(node, Case) for node in nodes(token)):
                # Bash counts parentheses to know arithmetic from a subshell.
                raise UnparsableError("a `case` stands in arithmetic", "compute it first: `n=$(…)`")
            self.write(blank)
            self.expansion(token)
        self._quoted = outside


def _fitting(pieces: Sequence[Piece], place: Place) -> Place:
    """The place for patterns that go over several pieces."""
    if place.command and begins_like_element(pieces):
        _check_element(pieces)
    if place.pattern is REGEX:
        _check_regex(pieces)
    if place.pattern is not GLOB or all(map(_closed, pieces)):
        return place
    if not _GLOBS.fullmatch("".join(map(_outline, pieces))):
        raise refusal("a pattern")
    return place._replace(bare=NEVER, pattern=_TAKEN)


def _closed(piece: Piece) -> bool:
    return not isinstance(piece, Pattern) or GLOB.fullmatch(piece.text) is not None


def _outline(piece: Piece) -> str:
    if isinstance(piece, Pattern):
        return piece.text
    return "\0" if isinstance(piece, Literal | Parameter | Substitution | Arithmetic) else "\1"


def begins_like_element(pieces: Sequence[Piece]) -> bool:
    """`a[…]` or `[…]`."""
    named = isinstance(pieces[0], Literal) and NAME.fullmatch(pieces[0].text) and len(pieces) > 1
    first = pieces[1] if named else pieces[0]
    return isinstance(first, Pattern) and first.text.startswith("[")


def _check_element(pieces: Sequence[Piece]) -> None:
    """Bash looks for the end of a subscript even behind blanks, and reads an assignment before `=`."""
    opening = pieces[0] if isinstance(pieces[0], Pattern) else pieces[1]
    if not _closed(opening) or any(isinstance(piece, Literal) and "=" in piece.text for piece in pieces):
        raise refusal("a subscript")


def _plain(parameter: Parameter) -> bool:
    """It is printed without quotes, so it reads the same within quotes and outside."""
    words = [word for word in (parameter.argument, parameter.replacement) if word is not None]
    return all(
        isinstance(piece, Pattern) or (isinstance(piece, Literal) and PLAIN.fullmatch(piece.text))
        for word in words
        for piece in word.pieces
    )


def _check_regex(pieces: Sequence[Piece]) -> None:
    depth = 0
    for index, piece in enumerate(pieces):
        if not isinstance(piece, Pattern):
            continue
        if piece.text.endswith("$") and index + 1 < len(pieces):
            raise refusal("a `$` in a regular expression")
        for char in re.sub(BRACKET, "", piece.text):
            depth += (char == "(") - (char == ")")
            if depth < 0:
                raise refusal("a regular expression")
    if depth:
        raise refusal("a regular expression")
