import pytest

from hyperhive.domain.bash.script import (
    BinaryTest,
    Condition,
    DoubleBracket,
    Junction,
    Literal,
    Not,
    NotEmpty,
    Parameter,
    Pattern,
    Piece,
    Tilde,
    UnaryTest,
    Word,
    literal_word,
)
from tests.domain.bash.parsing import command, lines, refusal

X = Parameter("x", quoted=False)
QUOTED_X = Parameter("x", quoted=True)
A, B, C, D = (NotEmpty(literal_word(name)) for name in "abcd")


def condition(text: str) -> Condition:
    only = command(f"[[ {text} ]]")
    assert isinstance(only, DoubleBracket)
    return only.condition


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", A),
        ("-f a", UnaryTest("-f", literal_word("a"))),
        ("'-f'", NotEmpty(literal_word("-f"))),
        ("-n $x", UnaryTest("-n", Word((QUOTED_X,)))),
        ("! ! a", Not(Not(A))),
        ("a && b || c && d", Junction("||", Junction("&&", A, B), Junction("&&", C, D))),
        ("a || b || c", Junction("||", Junction("||", A, B), C)),
        ("a && (b && c)", Junction("&&", A, Junction("&&", B, C))),
        ("(a || b)&&!(c)", None),
        ("( a || b ) && ! ( c )", Junction("&&", Junction("||", A, B), Not(C))),
        ("(a)||\n\n(b)&&\\\nc", Junction("||", A, Junction("&&", B, C))),
        ("a <b", BinaryTest(literal_word("a"), "<", literal_word("b"))),
        ("a -nt b", BinaryTest(literal_word("a"), "-nt", literal_word("b"))),
        ("$x -eq *", BinaryTest(Word((QUOTED_X,)), "-eq", literal_word("*"))),
        ("~/a = ~", BinaryTest(Word((Tilde(""), Literal("/a"))), "=", Word((Tilde(""),)))),
        ("{a,b} != '*'*$x\"$x\"", BinaryTest(
            literal_word("{a,b}"), "!=", Word((Literal("*"), Pattern("*"), X, QUOTED_X))
        )),
        ("a == [a-c]?", BinaryTest(literal_word("a"), "==", Word((Pattern("[a-c]?"),)))),
    ],
)  # fmt: skip
def test_conditions_have_the_precedence_of_bash(text: str, expected: Condition | None) -> None:
    if expected is None:
        assert refusal(f"[[ {text} ]]").rule == "unparsable"
    else:
        assert condition(text) == expected


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("^v[0-9]+$", (Pattern("^"), Literal("v"), Pattern("[0-9]+$"))),
        ("^(a|b)$", (Pattern("^("), Literal("a"), Pattern("|"), Literal("b"), Pattern(")$"))),
        ("a|(b$|c)", (Literal("a"), Pattern("|("), Literal("b"), Pattern("$|"), Literal("c"), Pattern(")"))),
        ("a{2,3}", (Literal("a"), Pattern("{"), Literal("2,3"), Pattern("}"))),
        ("[[:alpha:]_.]*", (Pattern("[[:alpha:]_.]*"),)),
        (r"a\.b'.c'\w", (Literal("a.b.cw"),)),
        ('$x."$x"', (X, Pattern("."), QUOTED_X)),
        ("é=#!", (Literal("é=#!"),)),
    ],
)
def test_a_regular_expression_tells_patterns_from_text(text: str, pieces: tuple[Piece, ...]) -> None:
    assert condition(f"a =~ {text}") == BinaryTest(literal_word("a"), "=~", Word(pieces))


@pytest.mark.parametrize(
    "text", lines(r"""
        (a b)
        [^"]
        [a b]
        a$/b
        (a
        a)
        a;b
        a<b
        [a
        ${x:-a}
        ~
    """)
)  # fmt: skip
def test_a_regular_expression_that_is_not_certain_goes_into_a_variable(text: str) -> None:
    refused = refusal(f"[[ $x =~ {text} ]]")
    assert refused.rule == "unparsable"
    if text != "a)":
        assert refused.instead == "put the expression in a variable: `re='…'; [[ $x =~ $re ]]`"


@pytest.mark.parametrize(
    "text",
    ["", "!", "-f", "a ==", "a b", "a -f b", "&& a", "a ||", "( a", "a )", "a; b", "a == @(b|c)", "a(b)"],
)  # fmt: skip
def test_a_broken_condition_is_refused(text: str) -> None:
    assert refusal(f"[[ {text} ]]").rule == "unparsable"


def test_a_long_chain_is_as_deep_as_parentheses() -> None:
    condition(" || ".join("a" * 20))
    assert refusal(f"[[ {' || '.join('a' * 60)} ]]").rule == "too_deep"
    assert refusal(f"[[ {'! ' * 60} a ]]").rule == "too_deep"
