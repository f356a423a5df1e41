"""Checks the tokens of an arithmetic expression, and says where a blank stands between them."""

import re
from collections.abc import Sequence
from typing import Final

from hyperhive.domain.bash.script import Parameter, Substitution, UnparsableError

Token = str | Parameter | Substitution

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]+|[0-9]{1,2}#[0-9A-Za-z]+")
_BASE: Final = re.compile(r"[0-9]{1,2}#")
_SH_OPERATORS: Final = frozenset({
    "+", "-", "*", "/", "%", "!", "~", "(", ")", "<<", ">>", "<=", ">=", "<", ">", "==", "!=", "&", "^", "|",
    "&&", "||", "?", ":", "=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "^=", "|=",
})  # fmt: skip
_OPERATORS: Final = _SH_OPERATORS | {"++", "--", "**", ",", "[", "]"}
_SUBSCRIPT: Final = "["
_STEPS: Final = frozenset({"++", "--"})
_SIGNS: Final = frozenset({"+", "-", "!", "~"})
_PAIRS: Final = {")": "(", "]": "["}


def check_tokens(tokens: Sequence[Token], *, posix: bool) -> None:
    """Every token has a known form, parentheses and brackets pair, and a base stands before its expansion."""
    operators = _SH_OPERATORS if posix else _OPERATORS
    opened: list[str] = []
    before: Token = ""
    for token in tokens:
        if isinstance(token, str):
            if _is(_BASE, before) or (posix and "#" in token):
                raise _refusal()
            if token in {"(", "["}:
                opened.append(token)
            known = token in operators or any(_is(form, token) for form in (_NAME, _NUMBER, _BASE))
            closes = token not in _PAIRS or (opened and opened.pop() == _PAIRS[token])
            if not known or not closes or _misplaced(token, before):
                raise _refusal()
        before = token
    if opened or not tokens or _is(_BASE, before):
        raise _refusal()


def blanks(tokens: Sequence[Token]) -> list[str]:
    """What stands before each token: nothing or a blank."""
    found = [" " if tokens[0] == "(" else ""]
    value = False  # what has a value ends here
    prefix = False  # the token before belongs to the next one
    for index, token in enumerate(tokens):
        postfix = token in _STEPS and value
        if index:
            touches = prefix or tokens[index - 1] in {"(", "["} or token in {")", "]", "["} or postfix
            found.append("" if touches else " ")
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        sign = token in _SIGNS and not value and not (isinstance(following, str) and following[:1] in "+-")
        prefix = sign or _is(_BASE, token) or (token in _STEPS and not value and _is(_NAME, following))
        value = postfix or token in _PAIRS or not (isinstance(token, str) and token in _OPERATORS)
    return found


def _misplaced(token: str, before: Token) -> bool:
    """A subscript stands behind a name only."""
    return token == _SUBSCRIPT and not _is(_NAME, before)


def _is(form: re.Pattern[str], token: Token) -> bool:
    return isinstance(token, str) and form.fullmatch(token) is not None


def _refusal() -> UnparsableError:
    return UnparsableError("arithmetic cannot be printed with certainty")
