"""What words mean, said from the tree alone: values, patterns and arithmetic."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product

from hyperhive.domain.bash.script import (
    Arithmetic,
    Brace,
    BraceRange,
    Literal,
    Parameter,
    Pattern,
    Piece,
    Script,
    Substitution,
    Tilde,
    Tokens,
    Word,
)

HOMES = {"": "/home/u", "root": "/root"}
_BLANKS = " \t\n"


class UndefinedError(Exception):
    """The tree means something that this does not know, or that is different each time."""


@dataclass
class Variables:
    values: dict[str, str]
    arrays: dict[str, dict[int, str]] = field(default_factory=dict)
    positions: tuple[str, ...] = ()
    status: int = 0

    def copy(self) -> "Variables":
        arrays = {name: dict(array) for name, array in self.arrays.items()}
        return Variables(dict(self.values), arrays, self.positions, self.status)


# A text whose characters are literal, of a pattern, or of an expansion that splits and matches.
LITERAL, PATTERN, SPLITS = "lps"
Text = list[tuple[str, str]]


def text_of(value: str, kind: str = LITERAL) -> Text:
    return [(char, kind) for char in value]


def value_of(text: Text) -> str:
    return "".join(char for char, _ in text)


class Words:
    """Expands words; `output` runs a substitution, `files` are the names that patterns match."""

    def __init__(
        self, variables: Variables, output: Callable[[Script], str], files: Callable[[], Sequence[str]]
    ) -> None:
        self.variables = variables
        self._output = output
        self._files = files

    # Words.

    def fields(self, words: Sequence[Word]) -> list[str]:
        found: list[str] = []
        for word in words:
            for pieces in braces(word.pieces):
                for text in self._split(pieces):
                    found += self._globbed(text)
        return found

    def single(self, word: Word) -> str:
        return value_of(self.text(word))

    def text(self, word: Word) -> Text:
        """Where the shell does not split."""
        found: Text = []
        for piece in word.pieces:
            for index, part in enumerate(self._piece(piece)):
                found += text_of(" ") if index else []
                found += part
        return found

    def _split(self, pieces: Sequence[Piece]) -> Iterator[Text]:
        current: Text | None = None
        for piece in pieces:
            parts = self._piece(piece)
            quoted = isinstance(piece, Literal | Tilde | Pattern) or piece.quoted  # type: ignore[union-attr] # all others have it
            for index, part in enumerate(parts):
                if index and current is not None:
                    yield current
                    current = None
                if quoted or part:
                    current = current if current is not None or not quoted else []
                for char, kind in part:
                    if kind == SPLITS and char in _BLANKS:
                        if current is not None:
                            yield current
                        current = None
                    else:
                        current = [*(current or []), (char, kind)]
        if current is not None:
            yield current

    def _globbed(self, text: Text) -> list[str]:
        if not any(char in "*?[" and kind != LITERAL for char, kind in text):
            return [value_of(text)]
        if any(char in "/\\" for char, _ in text):
            raise UndefinedError
        matches = re.compile(expression(text), re.DOTALL)
        hidden = text[0][0] == "."
        found = [
            name for name in sorted(self._files()) if (name[0] != "." or hidden) and matches.fullmatch(name)
        ]
        return found or [value_of(text)]

    # Pieces: a text, or several for what is several words.

    def _piece(self, piece: Piece) -> list[Text]:
        match piece:
            case Literal(text):
                return [text_of(text)]
            case Pattern(text):
                return [text_of(text, PATTERN)]
            case Tilde(user):
                return [text_of(HOMES[user])]
            case Substitution(script, quoted):
                return [text_of(self._output(script), LITERAL if quoted else SPLITS)]
            case Arithmetic(tokens, quoted):
                return [text_of(str(self.number(tokens)), LITERAL if quoted else SPLITS)]
            case Parameter():
                return self._parameter(piece)
        raise UndefinedError

    def _parameter(self, piece: Parameter) -> list[Text]:
        kind = LITERAL if piece.quoted else SPLITS
        if piece.operator in {":-", "-", ":+", "+"}:
            value = self._value(piece)
            unset = value is None or (value == "" and piece.operator[0] == ":")
            if unset == (piece.operator[-1] == "-"):
                return [self._default(piece)]
            return [text_of("" if unset or value is None else value, kind)]
        if "@" in (piece.name, piece.subscript) or "*" in (piece.name, piece.subscript):
            values = self._values(piece)
            if piece.operator == "length":
                return [text_of(str(len(values)), kind)]
            if piece.quoted and "*" in (piece.name, piece.subscript):
                return [text_of(" ".join(values))]
            return [text_of(value, kind) for value in values]
        return [text_of(self._operated(piece, self._value(piece) or ""), kind)]

    def _default(self, piece: Parameter) -> Text:
        assert piece.argument is not None
        found = self.text(piece.argument)
        if not piece.quoted and piece.argument.text == "":
            return []
        return text_of(value_of(found)) if piece.quoted else found

    def _values(self, piece: Parameter) -> list[str]:
        if piece.name in "@*":
            values = list(self.variables.positions)
        else:
            array = self.variables.arrays.get(piece.name, {})
            values = [str(key) if piece.operator == "keys" else array[key] for key in sorted(array)]
        if piece.operator not in {"", "length", "keys"}:
            raise UndefinedError
        return values

    def _value(self, piece: Parameter) -> str | None:
        name, variables = piece.name, self.variables
        if name.isdecimal():
            return dict(enumerate(variables.positions, 1)).get(int(name))
        if name in variables.arrays or piece.subscript:
            return variables.arrays.get(name, {}).get(self.index(piece.subscript or "0"))
        known = {**variables.values, "#": str(len(variables.positions)), "?": str(variables.status)}
        return known.get(name)

    def index(self, subscript: str) -> int:
        if subscript.isdecimal():
            return int(subscript)
        value = self.variables.values.get(subscript.strip("${}"), "")
        if not value.isdecimal() or (value[0] == "0" and len(value) > 1):
            raise UndefinedError
        return int(value)

    def _operated(self, piece: Parameter, value: str) -> str:
        operator = piece.operator
        if operator in {"", "length", "slice"}:
            whole = {"": value, "length": str(len(value))}.get(operator)
            return self._slice(piece, value) if whole is None else whole
        if operator[0] in "^,":
            if piece.argument is not None:
                raise UndefinedError
            change = str.upper if operator[0] == "^" else str.lower
            return change(value) if len(operator) == 2 else change(value[:1]) + value[1:]
        assert piece.argument is not None
        matches = re.compile(expression(self.text(piece.argument)), re.DOTALL)
        if operator[0] == "/":
            return self._replaced(piece, value, matches)
        ends = range(len(value) + 1)
        cut = ends if operator in {"#", "%%"} else reversed(ends)
        if operator[0] == "#":
            return next((value[end:] for end in cut if matches.fullmatch(value, 0, end)), value)
        return next((value[:start] for start in cut if matches.fullmatch(value, start)), value)

    def _replaced(self, piece: Parameter, value: str, matches: re.Pattern[str]) -> str:
        assert piece.argument is not None
        assert piece.replacement is not None
        first = piece.argument.pieces[0]
        # The first character of what stands there could be a sign of the operator.
        if not isinstance(first, Literal | Pattern) or first == Literal("") or matches.fullmatch(""):
            raise UndefinedError
        replacement = self.text(piece.replacement)
        done, start = "", 0
        while start < len(value):
            end = _longest(matches, value, start, piece.operator)
            if end is None:
                done += value[start]
                start += 1
                continue
            match = value[start:end]
            done += "".join(match if part == ("&", PATTERN) else part[0] for part in replacement)
            start = end
            if piece.operator != "//":
                break
        return done + value[start:]

    def _slice(self, piece: Parameter, value: str) -> str:
        start, *length = [self.number(tokens) for tokens in piece.slice]
        start = start + len(value) if start < 0 else start
        if not 0 <= start <= len(value):
            return ""
        end = len(value) if not length else start + length[0] if length[0] >= 0 else len(value) + length[0]
        if end < start:
            raise UndefinedError
        return value[start:end]

    # Arithmetic.

    def number(self, tokens: Tokens) -> int:
        """Expansions come first, and what they leave is read with the rest."""
        texts = [
            token if isinstance(token, str) else _plain(value_of(self._piece(token)[0])) for token in tokens
        ]
        reading = _Reading(self.variables, texts)
        value = reading.comma()
        if reading.tokens:
            raise UndefinedError
        return value


def _plain(text: str) -> str:
    if not re.fullmatch(r"0|[1-9][0-9]{0,17}", text):
        raise UndefinedError
    return text


def _shift(number: int, count: int) -> int:
    if not 0 <= count < 63:
        raise UndefinedError
    return number << count


def _unshift(number: int, count: int) -> int:
    if not 0 <= count < 63:
        raise UndefinedError
    return number >> count


def _divided(left: int, right: int) -> int:
    if not right:
        raise UndefinedError
    return abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)


_LEVELS: list[dict[str, Callable[[int, int], int]]] = [
    {"|": int.__or__},
    {"^": int.__xor__},
    {"&": int.__and__},
    {"==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b)},
    {
        "<": lambda a, b: int(a < b),
        ">": lambda a, b: int(a > b),
        "<=": lambda a, b: int(a <= b),
        ">=": lambda a, b: int(a >= b),
    },
    {"<<": _shift, ">>": _unshift},
    {"+": int.__add__, "-": int.__sub__},
    {"*": int.__mul__, "/": _divided, "%": lambda a, b: a - b * _divided(a, b)},
]


class _Reading:
    """Evaluates from left to right; both sides of `&&`, `||` and `?:`, so it refuses steps beside them."""

    def __init__(self, variables: Variables, tokens: list[str]) -> None:
        self.variables = variables
        self.tokens = tokens
        self.steps = any(
            token in {"++", "--"} or (token[-1] == "=" and token not in {"==", "!=", "<=", ">="})
            for token in tokens
        )

    def take(self, *texts: str) -> str | None:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in texts else None

    def comma(self) -> int:
        value = self.assigned()
        while self.take(","):
            value = self.assigned()
        return value

    def assigned(self) -> int:
        if len(self.tokens) > 1 and self.tokens[1] in {"=", "+=", "<<="} and self.tokens[0] == "n":
            self.tokens.pop(0)
            operator = self.tokens.pop(0)
            left = 0 if operator == "=" else self.value("n")
            right = self.assigned()
            value = right if operator == "=" else left + right if operator == "+=" else _shift(left, right)
            return self.store("n", value)
        return self.chosen()

    def chosen(self) -> int:
        condition = self.logical("||", lambda: self.logical("&&", lambda: self.level(0)))
        if not self.take("?"):
            return condition
        self.lazy()
        first = self.comma()
        if not self.take(":"):
            raise UndefinedError
        second = self.assigned()
        return first if condition else second

    def lazy(self) -> None:
        if self.steps:
            raise UndefinedError

    def logical(self, operator: str, below: Callable[[], int]) -> int:
        value = below()
        while self.take(operator):
            self.lazy()
            right = below()
            value = int(bool(value) and bool(right)) if operator == "&&" else int(bool(value) or bool(right))
        return value

    def level(self, number: int) -> int:
        if number == len(_LEVELS):
            return self.power()
        value = self.level(number + 1)
        while operator := self.take(*_LEVELS[number]):
            value = _LEVELS[number][operator](value, self.level(number + 1))
            if abs(value) >= 2**63:
                raise UndefinedError
        return value

    def power(self) -> int:
        value = self.unary()
        if self.take("**"):
            exponent = self.power()
            if not 0 <= exponent < 64 or abs(value) > 2**20:
                raise UndefinedError
            value = value**exponent
            if abs(value) >= 2**63:
                raise UndefinedError
        return value

    def unary(self) -> int:
        if sign := self.take("-", "+", "!", "~"):
            value = self.unary()
            return {"-": -value, "+": value, "!": int(not value), "~": ~value}[sign]
        if step := self.take("++", "--"):
            return self.store(self.name(), self.value("n") + (1 if step == "++" else -1))
        if not self.take("("):
            return self.operand()
        value = self.comma()
        if not self.take(")"):
            raise UndefinedError
        return value

    def name(self) -> str:
        if self.tokens[:1] != ["n"]:
            raise UndefinedError
        self.tokens.pop(0)
        return "n"

    def operand(self) -> int:
        if not self.tokens:
            raise UndefinedError
        token = self.tokens.pop(0)
        if token == "10#":
            return int(self.tokens.pop(0))
        if not token.isidentifier():
            return int(_plain(token))
        value = self.value(token)
        if step := self.take("++", "--"):
            self.store(token, value + (1 if step == "++" else -1))
        return value

    def value(self, name: str) -> int:
        text = self.variables.values.get(name, "")
        return -int(_plain(text[1:])) if text[:1] == "-" else int(_plain(text))

    def store(self, name: str, value: int) -> int:
        if abs(value) >= 2**63:
            raise UndefinedError
        self.variables.values[name] = str(value)
        return value


# Patterns and braces.


def expression(text: Text) -> str:
    """The regular expression of a pattern."""
    found, index = "", 0
    while index < len(text):
        char, kind = text[index]
        if kind == LITERAL or char not in "*?[\\":
            found += re.escape(char)
        elif char == "\\":
            raise UndefinedError
        elif char == "[":
            bracket, index = _bracket(text, index)
            found += bracket
        else:
            found += ".*" if char == "*" else "."
        index += 1
    return found


def _bracket(text: Text, start: int) -> tuple[str, int]:
    """The class of a bracket, and where it ends."""
    if text[start][1] != PATTERN or "/" in value_of(text):
        raise UndefinedError
    index = start + 1
    found = "["
    if text[index] in {("!", PATTERN), ("^", PATTERN)}:
        found, index = "[^", index + 1
    while text[index] != ("]", PATTERN):
        if value_of(text[index : index + 9]) == "[:alpha:]":
            found += "A-Za-zé"
            index += 9
        else:
            char, kind = text[index]
            found += "-" if (char, kind) == ("-", PATTERN) else re.escape(char)
            index += 1
        if index == len(text):
            raise UndefinedError
    return found + "]", index


def _longest(matches: re.Pattern[str], value: str, start: int, operator: str) -> int | None:
    if operator == "/#" and start:
        return None
    ends = [len(value)] if operator == "/%" else range(len(value), start, -1)
    return next((end for end in ends if matches.fullmatch(value, start, end)), None)


def braces(pieces: Sequence[Piece]) -> list[tuple[Piece, ...]]:
    """The words that braces make of one."""
    if pieces == (Literal(""),):
        return [(Literal(""),)]
    choices: list[list[tuple[Piece, ...]]] = []
    for piece in pieces:
        if isinstance(piece, Brace):
            found = [inner for word in piece.alternatives for inner in braces(word.pieces)]
            choices.append([() if inner == (Literal(""),) else inner for inner in found])
        elif isinstance(piece, BraceRange):
            choices.append([(Literal(text),) for text in _range(piece)])
        else:
            choices.append([(piece,)])
    return [tuple(piece for part in parts for piece in part) for parts in product(*choices)]


def _range(piece: BraceRange) -> list[str]:
    if piece.first.isalpha():
        first, last = ord(piece.first), ord(piece.last)
        return [chr(code) for code in _counted(first, last, int(piece.step or 1))]
    padded = any(re.fullmatch(r"-?0[0-9]+", end) for end in (piece.first, piece.last))
    width = max(len(piece.first), len(piece.last)) if padded else 0
    numbers = _counted(int(piece.first), int(piece.last), int(piece.step or 1))
    return [f"{number:0{width}d}" if width else str(number) for number in numbers]


def _counted(first: int, last: int, step: int) -> Sequence[int]:
    step = abs(step) or 1
    return range(first, last + 1, step) if first <= last else range(first, last - 1, -step)
