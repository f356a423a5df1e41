"""Reads what stands in `[[ … ]]`."""

import re
from typing import Final

from hyperhive.domain.bash.reading.braces import Bare, Item
from hyperhive.domain.bash.reading.source import plain, spread
from hyperhive.domain.bash.reading.words import PATTERN, SINGLE, WordReader, merged
from hyperhive.domain.bash.script import (
    BinaryTest,
    Condition,
    Junction,
    Not,
    NotEmpty,
    Parameter,
    Pattern,
    UnaryTest,
    Word,
)

_UNARY: Final = frozenset("-" + letter for letter in "abcdefghknoprstuvwxzGLNORS")
_BINARY: Final = frozenset(
    ["==", "=", "!=", "=~", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]
)
_JUNCTION: Final = re.compile(spread("&&", "||"))
_LESS: Final = re.compile(r"[<>](?!\0*+\()")
_VARIABLE: Final = "put the expression in a variable: `re='…'; [[ $x =~ $re ]]`"

_REGEX_LITERAL: Final = re.compile(r"[A-Za-z0-9_/:@%,=#!\-\]\x80-\U0010ffff]++")
_REGEX_PATTERN: Final = re.compile(
    r"(?:[.*+?^|{}]|\[[!^]?+\]?+(?:\[:[a-z]++:\]|[A-Za-z0-9_./:@%+,*?!^=-])*+\])++"
)
_REGEX_END: Final = re.compile(r"\$(?=[)| \t\n\3])")
_REGEX_QUOTED: Final = frozenset("\\'\"$`")


def _has_default(item: Item) -> bool:
    """Unquoted, its text would be a part of the expression."""
    return isinstance(item, Parameter) and not item.quoted and item.operator[-1:] in {"-", "+"}


class ConditionReader(WordReader):
    def condition(self) -> Condition:
        """Read up to and over `]]`."""
        depth = self.depth
        condition = self._junction("||")
        self.depth = depth
        if self.bare() != "]]":
            raise self.unparsable("`]]` is missing")
        self.over_bare()
        return condition

    def _junction(self, operator: str) -> Condition:
        left = self._junction("&&") if operator == "||" else self._term()
        while (found := _JUNCTION.match(self.text, self.position)) and plain(found[0]) == operator:
            self.position = found.end()
            # A long chain is as deep as nested parentheses.
            self.deeper()
            right = self._junction("&&") if operator == "||" else self._term()
            left = Junction(operator, left, right)
        return left

    def _term(self) -> Condition:
        self.newlines()
        self.deeper()
        condition = self._parentheses() if self.text[self.position] == "(" else self._test()
        self.depth -= 1
        self.newlines()
        return condition

    def _parentheses(self) -> Condition:
        self.position += 1
        condition = self._junction("||")
        if self.text[self.position] != ")":
            raise self.unparsable("`)` is missing in `[[ … ]]`")
        self.position += 1
        return condition

    def _test(self) -> Condition:
        bare = self.bare()
        if bare == "]]":
            raise self.unparsable("a condition is missing")
        if bare == "!":
            if self.text[self.position + 1] == "(":
                raise self.unparsable("`!(` can mean two things", "put a blank behind the `!`")
            self.over_bare()
            return Not(self._term())
        if bare in _UNARY:
            self.over_bare()
            return UnaryTest(bare, self._compared())
        left = self._compared()
        operator = self._binary_operator()
        if operator == "=~":
            return BinaryTest(left, operator, self._regex())
        if operator in {"==", "=", "!="}:
            return BinaryTest(left, operator, self._ended(self.word(PATTERN)))
        return BinaryTest(left, operator, self._compared()) if operator else NotEmpty(left)

    def _compared(self) -> Word:
        if self.bare() == "]]":
            raise self.unparsable("an operand is missing")
        return self._ended(self.word(SINGLE))

    def _ended(self, word: Word) -> Word:
        if self.text[self.position] == "(":
            raise self.unparsable("an unquoted `(`", "write `[[ $x =~ ^(a|b)$ ]]`")
        self.blanks()
        return word

    def _binary_operator(self) -> str:
        if found := self.skip(_LESS):
            self.blanks()
            return found[0]
        bare = self.bare()
        if bare not in _BINARY:
            return ""
        self.over_bare()
        return bare

    def _regex(self) -> Word:
        start = self.position
        items: list[Item] = []
        parentheses = 0
        while True:
            char = self.text[self.position]
            if found := self.skip(_REGEX_LITERAL):
                items.append(found[0])
            elif (found := self.skip(_REGEX_PATTERN)) or (found := self.skip(_REGEX_END)):
                items.append(Pattern(found[0]))
            elif char == "\0":
                self.position += 1
            elif char == "(" or (char == ")" and parentheses):
                parentheses += 1 if char == "(" else -1
                items.append(Pattern(char))
                self.position += 1
            elif char not in _REGEX_QUOTED or not self._item(PATTERN, items) or _has_default(items[-1]):
                break
        self._check_regex(start, items, parentheses)
        self.blanks()
        return merged(items)

    def _check_regex(self, start: int, items: list[Item], parentheses: int) -> None:
        ended = self.text[self.position] in " \t\n)&|\3"
        if ended and not items:
            raise self.unparsable("a regular expression is missing")
        if not ended or parentheses or _has_default(items[-1]) or Bare("$") in items:
            raise self.unparsable("a regular expression is not simple enough", _VARIABLE, position=start)
