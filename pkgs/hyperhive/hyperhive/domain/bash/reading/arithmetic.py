"""Reads arithmetic: numbers, names, operators and expansions."""

import re
from abc import abstractmethod
from typing import Final

from hyperhive.domain.bash.reading.source import Source, plain, spread
from hyperhive.domain.bash.script import Arithmetic, Parameter, Piece, RefusedError, Substitution, Tokens

_BLANK: Final = re.compile(r"[ \t\n\0]*+")
_OPERATORS: Final = (
    *("<<=", ">>=", "**", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++", "--", "+=", "-=", "*="),
    *("/=", "%=", "&=", "^=", "|=", *"+-*/%<>=!~&^|?:,"),
)
_OPERATOR: Final = re.compile(spread(*_OPERATORS))
_WORD: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_#@\0]*+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]+|[0-9]{1,2}#[0-9A-Za-z]+")
_BASE: Final = re.compile(r"[0-9]{1,2}#")
_BEFORE_NAME: Final = re.compile(r"[ \t\n\0]*+[A-Za-z_]")
_BASH_ONLY: Final = frozenset({"**", "++", "--", ","})


class ArithmeticReader(Source):
    @abstractmethod
    def expansion(self) -> Piece:
        """Read the expansion at this place as in double quotes."""

    def arithmetic(self, ends: str) -> Tokens:
        """Read up to the first character of `ends` outside of parentheses, and stop before it."""
        tokens: list[str | Parameter | Substitution] = []
        parentheses = 0
        operand = False
        while True:
            self.skip(_BLANK)
            char = self.text[self.position]
            if not parentheses and char in ends and (operand or not tokens):
                return tuple(tokens)
            if char in "()":
                parentheses += 1 if char == "(" else -1
                if parentheses < 0 or operand is (char == "("):
                    raise self.no_arithmetic()
                tokens.append(char)
                self.position += 1
            elif found := _OPERATOR.match(self.text, self.position):
                if char == "?" and ":" in ends:
                    raise self.no_arithmetic("compute it first: `n=$((…))`, and write `${name:n}`")
                operand = self._operator(plain(found[0]), found.end(), tokens)
            elif operand:
                raise self.no_arithmetic()
            else:
                tokens += self._operand()
                operand = True

    def _operator(self, operator: str, end: int, tokens: list[str | Parameter | Substitution]) -> bool:
        """Whether a complete operand stands before it still."""
        start, self.position = self.position, end
        if operator in {"++", "--"}:
            if tokens and isinstance(tokens[-1], str) and _NAME.fullmatch(tokens[-1]):
                self.bash_only(operator)
                tokens.append(operator)
                return True
            if not _BEFORE_NAME.match(self.text, end):
                # The second one can be the first of a pair.
                self.position = start + 1
                tokens.append(operator[0])
                return False
        if operator in _BASH_ONLY:
            self.bash_only(operator)
        tokens.append(operator)
        return False

    def _operand(self) -> list[str | Parameter | Substitution]:
        start = self.position
        if self.text[start] == '"':
            self.position += 1
            tokens = [] if self.text[self.position] == '"' else self._operand()
            if len(tokens) != 1 or self.text[self.position] != '"':
                raise self.no_arithmetic(position=start)
            self.position += 1
            return tokens
        if self.text[start] in "$`":
            return self._expanded_operand()
        found = self.skip(_WORD)
        if found is None:
            raise self.no_arithmetic()
        word = plain(found[0])
        if _NAME.fullmatch(word):
            if self.text[self.position] == "[":
                raise self.no_arithmetic(f"write `${{{word}[…]}}`", position=start)
            return [word]
        if _BASE.fullmatch(word) and self.text[self.position] == "$":
            self.bash_only(word)
            return [word, *self._expanded_operand()]
        if not _NUMBER.fullmatch(word):
            raise self.no_arithmetic(position=start)
        if "#" in word:
            self.bash_only(word)
        return [word]

    def _expanded_operand(self) -> list[str | Parameter | Substitution]:
        start = self.position
        piece = self.expansion()
        if isinstance(piece, Parameter | Substitution):
            return [piece]
        if isinstance(piece, Arithmetic):
            return ["(", *piece.tokens, ")"]
        raise self.no_arithmetic(position=start)

    def no_arithmetic(self, instead: str | None = None, *, position: int | None = None) -> RefusedError:
        shown = self.here(position)
        reason = f"the arithmetic at `{shown}` was not understood" if shown else "arithmetic is not closed"
        return RefusedError("arithmetic", reason, instead)
