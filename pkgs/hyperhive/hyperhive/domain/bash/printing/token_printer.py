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
_OPERATORS: Final = _SH_OPERATORS | {"++", "--", "**", ","}
_STEPS: Final = frozenset({"++", "--"})
_SIGNS: Final = frozenset({"+", "-", "!", "~"})
_OPENING: Final = frozenset("(")
_CLOSING: Final = frozenset(")")


def check_tokens(tokens: Sequence[Token], *, posix: bool) -> None:
    """Every token has a known form, parentheses pair, and a base stands before its expansion."""
    operators = _SH_OPERATORS if posix else _OPERATORS
    depth = 0
    before: Token = ""
    for token in tokens:
        if isinstance(token, str):
            known = token in operators or _is(_NAME, token) or _is(_NUMBER, token) or _is(_BASE, token)
            if not known or _is(_BASE, before) or (posix and "#" in token):
                raise _refusal()
            depth += (token in _OPENING) - (token in _CLOSING)
        before = token
        if depth < 0:
            raise _refusal()
    if depth or not tokens or _is(_BASE, before):
        raise _refusal()


def blanks(tokens: Sequence[Token]) -> list[str]:
    """What stands before each token: nothing or a blank."""
    found = [" " if tokens[0] == "(" else ""]
    value = False  # what has a value ends here
    touches = False  # the token before belongs to the next one
    for token, following in zip(tokens, (*tokens[1:], ")"), strict=True):
        closing = token in _CLOSING
        postfix = token in _STEPS and value
        named = _is(_NAME, following)
        operand = named or _is(_NUMBER, following) or not isinstance(following, str) or following == "("
        prefix = not value and ((token in _SIGNS and operand) or (token in _STEPS and named))
        value = postfix or closing or not (isinstance(token, str) and token in _OPERATORS)
        touches = prefix or token in _OPENING or _is(_BASE, token)
        ends = following == ")" or (value and not postfix and following in _STEPS)
        found.append("" if touches or ends else " ")
    return found[:-1]


def _is(form: re.Pattern[str], token: Token) -> bool:
    return isinstance(token, str) and form.fullmatch(token) is not None


def _refusal() -> UnparsableError:
    return UnparsableError("arithmetic cannot be printed with certainty")
