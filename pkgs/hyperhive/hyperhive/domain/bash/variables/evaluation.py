"""Conditions, arithmetic and expansions: where Bash evaluates text that could run a command.

As arithmetic, and as the name behind `-v`, the text `a[$(command)]` runs the command; a variable evaluated
there has its value evaluated in its turn. `[` reads numbers as numbers only, so it is what to write instead.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from hyperhive.domain.bash.script import (
    Arithmetic,
    Assignment,
    BinaryTest,
    Command,
    Condition,
    DoubleBracket,
    For,
    Group,
    Junction,
    Not,
    Parameter,
    Pattern,
    Piece,
    Pipeline,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    Substitution,
    Tilde,
    Tokens,
    UnaryTest,
    Word,
    literal_word,
)
from hyperhive.domain.bash.variables.assigned import ASSIGNING, expressions, targets
from hyperhive.domain.bash.variables.names import IDENTIFIER, check_name
from hyperhive.domain.bash.variables.scope import Scope

_COMPARING: Final = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge"})
_NAME_TESTS: Final = frozenset({"-v", "-R"})
_INTEGER: Final = re.compile(r"-?[0-9]+")
_VALUE_OPERATORS: Final = frozenset(
    {"", "length", "keys", "indirect", "slice", ":-", "-", ":+", "+", ":?", "?", "#", "##", "%", "%%"}
    | {"/", "//", "/#", "/%", "^", "^^", ",", ",,", "@Q", "@E", "@U", "@u", "@L", "@A", "@a", "@K", "@k"}
)
_CONDITION: Final = "condition"
_ARITHMETIC: Final = "arithmetic"


def check_node(node: object, scope: Scope) -> None:
    """Refuse a node of the tree that may evaluate text, or sets a variable that it may not."""
    match node:
        case Parameter():
            check_parameter(node, scope)
        case DoubleBracket():
            check_condition(node, scope)
        case For(name):
            check_name(name, posix=scope.posix)
    for tokens in expressions(node):
        check_arithmetic(tokens, scope)


def check_arithmetic(tokens: Tokens, scope: Scope) -> None:
    for name in targets(tokens):
        check_name(name, posix=scope.posix)
    for index, token in enumerate(tokens):
        if isinstance(token, str):
            if IDENTIFIER.fullmatch(token) and not scope.evaluates_nothing(token):
                raise _no_number(f"`{token}`")
            continue
        word = Word((token,))
        # The name of a variable, put beside such an operator, would be set.
        around = (*tokens[max(0, index - 1) : index], *tokens[index + 1 : index + 2])
        beside = not ASSIGNING.isdisjoint(around) and not scope.harmless_number(word)
        if beside or not scope.evaluates_nothing(word):
            raise _no_number(_described(token))


def check_parameter(parameter: Parameter, scope: Scope) -> None:
    """Refuse an expansion whose subscript, name or value Bash would evaluate."""
    _check_subscript(parameter.name, parameter.subscript, scope)
    if parameter.operator not in _VALUE_OPERATORS:
        raise RefusedError(
            "expansion", f"`${{{parameter.name}{parameter.operator}}}` evaluates the value of the variable"
        )
    if parameter.operator == "indirect" and not _names_variable(parameter.name, scope):
        raise RefusedError(
            "expansion",
            f"`${{!{parameter.name}}}` evaluates what `{parameter.name}` holds",
            f"the variable itself, or a `case` over what `{parameter.name}` can be",
        )


def check_assignment(assignment: Assignment, scope: Scope) -> None:
    check_name(assignment.name, posix=scope.posix)
    _check_subscript(assignment.name, assignment.subscript, scope)
    for word in assignment.value if isinstance(assignment.value, tuple) else ():
        first = word.pieces[0]
        if isinstance(first, Pattern) and first.text.startswith("["):
            raise RefusedError(
                "assignment",
                "a subscript in a list of values would be evaluated",
                f"one assignment for each, like `{assignment.name}[0]=…`",
            )


def check_condition(command: DoubleBracket, scope: Scope) -> None:
    for condition in _conditions(command.condition):
        match condition:
            case UnaryTest(operator, operand) if operator in _NAME_TESTS and not _is_name(operand):
                raise RefusedError(
                    _CONDITION,
                    f"`{operator}` evaluates the subscript of the name that it is given",
                    'a plain name behind it, or `[ -n "${name+x}" ]`',
                )
            case BinaryTest(left, operator, right) if operator in _COMPARING:
                if not (scope.evaluates_nothing(left) and scope.evaluates_nothing(right)):
                    reason = (
                        f"`[[ … {operator} … ]]` evaluates its operands, and one may be more than a number"
                    )
                    raise RefusedError(_CONDITION, reason, _in_brackets(command.condition, scope))


def check_test(words: Sequence[Word], scope: Scope) -> None:
    """Refuse arguments of `[` or `test` that could come to be `-v NAME`, whose subscript is evaluated.

    Nothing else in them is: `-eq` and `-t` read a number or fail. However Bash groups the words, it takes the
    name for `-v` from the word behind. So where of two neighbours the first is computed, the second has to be
    written out, and then no value of the first leads to anything. Words that may vanish count as not there.
    """
    for word in words:
        if not (word.single or scope.harmless_number(word) or scope.trusted(word)):
            raise RefusedError(
                _CONDITION,
                "an unquoted expansion in a condition can become other words",
                _quoted_test(words) or "each word on its own, in double quotes",
            )
    there = [word for word in words if word.single]
    for word, behind in pairwise(there):
        if _may_name(word, scope) and not _is_harmless_name(behind, scope):
            raise RefusedError(
                _CONDITION,
                "a value in this condition could become `-v`, which evaluates the word behind it",
                'simple tests joined outside of the brackets, like `[ -n "$a" ] && [ "$a" = "$b" ]`',
            )


def _may_name(word: Word, scope: Scope) -> bool:
    """Whether it may be `-v` or `-R`."""
    if word.text is not None:
        return word.text in _NAME_TESTS
    if isinstance(word.pieces[0], Tilde) or scope.harmless_number(word) or scope.trusted(word):
        return False
    return any(test.startswith(word.prefix) for test in _NAME_TESTS)


def _is_harmless_name(word: Word, scope: Scope) -> bool:
    if word.text is not None:
        return "[" not in word.text
    return scope.harmless_number(word) or scope.trusted(word)


def _quoted_test(words: Sequence[Word]) -> Command | None:
    changed = tuple(map(quoted, words))
    if not all(word.single for word in changed):
        return None
    return SimpleCommand((), (literal_word("["), *changed, literal_word("]")))


def quoted(word: Word) -> Word:
    """The word with its expansions in double quotes."""
    return Word(tuple(_quoted(piece) for piece in word.pieces))


def _quoted(piece: Piece) -> Piece:
    if isinstance(piece, Parameter | Substitution | Arithmetic) and not piece.quoted:
        return replace(piece, quoted=True)
    return piece


def _check_subscript(name: str, subscript: str, scope: Scope) -> None:
    if subscript in ("", "@", "*") or _INTEGER.fullmatch(subscript):
        return
    key = subscript.removeprefix("${").removesuffix("}")
    if scope.evaluates_subscripts(name) and not scope.evaluates_nothing(key):
        raise RefusedError(
            _ARITHMETIC,
            f"the subscript `{key}` of `{name}` is evaluated and may be more than a number",
            f"`declare -A {name}` at the beginning if its keys are texts",
        )


def _names_variable(name: str, scope: Scope) -> bool:
    """Whether the value is the plain name of a variable, a position, or what the operator made it."""
    texts = scope.literals(name)
    if texts is not None:
        return all(IDENTIFIER.fullmatch(text) for text in texts)
    return scope.trusted(name) or scope.harmless_number(Word((Parameter(name, quoted=True),)))


def _is_name(word: Word) -> bool:
    return word.text is not None and IDENTIFIER.fullmatch(word.text) is not None


def _conditions(condition: Condition) -> Iterable[Condition]:
    match condition:
        case Not(inner):
            yield from _conditions(inner)
        case Junction(_, left, right):
            yield from _conditions(left)
            yield from _conditions(right)
        case _:
            yield condition


def _in_brackets(condition: Condition, scope: Scope) -> Command:
    """The same condition with its comparisons of numbers in `[ … ]`."""
    match condition:
        case BinaryTest(left, operator, right) if operator in _COMPARING:
            words = (
                literal_word("["),
                quoted(left),
                literal_word(operator),
                quoted(right),
                literal_word("]"),
            )
            return SimpleCommand((), words)
        case Not(inner):
            return _group(Pipeline((_in_brackets(inner, scope),), negated=True))
        case Junction(operator, left, right):
            first, second = _in_brackets(left, scope), _in_brackets(right, scope)
            return _group(Pipeline((first,)), (operator, Pipeline((second,))))
        case _:
            return DoubleBracket(condition)


def _group(first: Pipeline, *rest: tuple[str, Pipeline]) -> Group:
    return Group(Script((Statement(first, rest),)))


def _described(piece: Piece) -> str:
    return f"`${{{piece.name}}}`" if isinstance(piece, Parameter) else "the output of a command"


def _no_number(what: str) -> RefusedError:
    return RefusedError(
        _ARITHMETIC,
        f"arithmetic evaluates {what}, which may be more than a number",
        'a variable that is made a number first: `n=$(printf %d "$x")`; to compare, `[ "$x" -gt 3 ]`',
    )
