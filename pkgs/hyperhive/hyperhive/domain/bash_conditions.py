"""Conditions, `[ … ]`, `[[ … ]]` and `test`: refused where evaluating one could run a command.

Bash evaluates the text of arithmetic operands and of `-v` names, and `a[$(command)]` there runs the command.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tree_sitter import Node

from hyperhive.domain.bash_expansions import Reading
from hyperhive.domain.bash_refusals import RefusedError, UnparsableError
from hyperhive.domain.bash_words import Word, WordReader

_UNARY: Final = frozenset(f"-{letter}" for letter in "abcdefghknoprstuwxzGLNOS")
_ARITHMETIC: Final = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_BINARY: Final = _ARITHMETIC | {"=", "==", "!=", "-nt", "-ot", "-ef", "<", ">"}
_NAMES: Final = frozenset({"-v", "-R"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]+")
_NUMERIC: Final = frozenset({"$?", "$#", "$$", "$!"})
_RULE: Final = "condition"


def read_brackets(reader: WordReader, start: int, end: int, nodes: Mapping[int, Node]) -> list[Reading]:
    """Read what stands between `[` and `]`; to the shell it is an ordinary command's arguments.

    Raises:
        RefusedError: An operator that ends a command stands inside, or `check_test` refuses the words.
    """
    words, readings = [], []
    source = reader.source
    _check_ends(source, start, end, "[")
    position = start
    while position < end:
        if source[position] in " \t":
            position += 1
            continue
        position, word, reading = reader.next_word(position, end, nodes)
        words.append(word)
        readings.append(reading)
        if word.shown == "]":
            raise UnparsableError("a `[` condition could not be read")
    check_test(words)
    return readings


def check_test(words: Sequence[Word]) -> None:
    """Refuse arguments of `[` or `test` that could turn into `-v NAME`, whose subscript is evaluated.

    Raises:
        RefusedError: With rule `condition`.
    """
    if any(not word.single and word.shown not in _NUMERIC for word in words):
        raise RefusedError(_RULE, "an unquoted expansion in a condition can become other words; quote it")
    operands = list(words)
    if len(operands) > 1 and operands[0].text == "!":
        operands.pop(0)
    if len(operands) <= 1:
        return
    if len(operands) == 2 and operands[0].text in _UNARY:
        return
    if len(operands) == 3 and operands[1].text in _BINARY:
        return
    if any(word.text is None or word.text in _NAMES for word in operands):
        raise RefusedError(
            _RULE, "a condition is not one of the simple forms that cannot evaluate its operands"
        )


def read_double_brackets(
    reader: WordReader, start: int, end: int, nodes: Mapping[int, Node]
) -> list[Reading]:
    """Read what stands between `[[` and `]]`.

    Raises:
        RefusedError: It could not be read, or an operand is evaluated as arithmetic without being a number.
    """
    source = reader.source
    _check_ends(source, start, end, "[[")
    words: list[Word | str] = []
    readings = []
    position = start
    while position < end:
        if source[position] in " \t":
            position += 1
        elif operator := _operator(source, position):
            words.append(operator)
            position += len(operator)
        else:
            position, word, reading = reader.next_word(position, end, nodes)
            words.append(word)
            readings.append(reading)
    _check_double(words)
    return readings


def _check_ends(source: str, start: int, end: int, bracket: str) -> None:
    """Refuse brackets that are not words of their own."""
    after = source[end + len(bracket) : end + len(bracket) + 1]
    if source[start] not in " \t" or source[end - 1] not in " \t" or after not in ("", *" \t\n;&|)"):
        raise UnparsableError(f"a `{bracket}` condition could not be read")


def _operator(source: str, position: int) -> str:
    """Return the operator of `[[` at this place, or an empty string."""
    if source.startswith(("&&", "||"), position):
        return source[position : position + 2]
    char = source[position]
    if char in "<>" and not source.startswith("(", position + 1):
        return char
    if char == ")" or (char == "(" and source[position - 1] in " \t("):
        return char
    if char in "\n;&|<>(":
        raise UnparsableError(f"an unquoted {char!r} stands inside `[[`")
    return ""


def _check_double(words: Sequence[Word | str]) -> None:
    texts = [word if isinstance(word, str) else word.text for word in words]
    matches = any(isinstance(word, Word) and word.shown == "=~" for word in words)
    if "]]" in texts or (matches and "(" in texts):
        raise UnparsableError("a `[[` condition could not be read")
    if not _NAMES.isdisjoint(texts):
        raise RefusedError(_RULE, "`-v` and `-R` evaluate the subscript of the name they are given")
    for index, text in enumerate(texts):
        if text in _ARITHMETIC:
            around = (*words[max(0, index - 1) : index], *words[index + 1 : index + 2])
            if not all(isinstance(word, Word) and _is_number(word) for word in around):
                reason = f"`[[ … {text} … ]]` evaluates its operands as arithmetic; use `[ … {text} … ]`"
                raise RefusedError(_RULE, reason)


def _is_number(word: Word) -> bool:
    return word.shown in _NUMERIC or (word.text is not None and _NUMBER.fullmatch(word.text) is not None)
