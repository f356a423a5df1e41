import pytest

from hyperhive.domain.bash.script import (
    Arithmetic,
    Literal,
    Parameter,
    Pattern,
    Piece,
    Substitution,
    Tokens,
    Word,
    literal_word,
)
from tests.domain.bash.parsing import A, B, lines, pieces, refusal

X = Parameter("x", quoted=False)
QUOTED_X = Parameter("x", quoted=True)
EMPTY = literal_word("")


def word(*parts: Piece | str) -> Word:
    return Word(tuple(Literal(part) if isinstance(part, str) else part for part in parts))


def unquoted(text: str) -> Piece:
    (piece,) = pieces(text)
    return piece


def parameter(operator: str, argument: Word | None = None, replacement: Word | None = None) -> Parameter:
    return Parameter("x", False, "", operator, argument, replacement)


@pytest.mark.parametrize("name", ["x", "_a1", "1", "10", *"@*#?$!-0"])
def test_a_parameter_has_a_name(name: str) -> None:
    assert unquoted(f"${{{name}}}") == Parameter(name, quoted=False)
    assert pieces(f'"${{{name}}}"') == (Parameter(name, quoted=True),)
    if len(name) == 1 or not name.isdecimal():
        assert unquoted(f"${name}") == Parameter(name, quoted=False)


def test_a_position_without_braces_has_one_digit() -> None:
    assert pieces("$10") == (Parameter("1", quoted=False), Literal("0"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${#x}", Parameter("x", False, operator="length")),
        ("${#x[@]}", Parameter("x", False, "@", "length")),
        ("${#@}", Parameter("@", False, operator="length")),
        ("${!x}", Parameter("x", False, operator="indirect")),
        ("${!x[@]}", Parameter("x", False, "@", "keys")),
        ("${!x[*]}", Parameter("x", False, "*", "keys")),
        ("${x[0]}", Parameter("x", False, "0")),
        ("${x[-1]}", Parameter("x", False, "-1")),
        ("${x[i]}", Parameter("x", False, "i")),
        ("${x[$i]}", Parameter("x", False, "${i}")),
        ('${x["${i}"]}', Parameter("x", False, "${i}")),
        ("${x['key']}", Parameter("x", False, "key")),
        ("${x[@]}", Parameter("x", False, "@")),
        ("${x:-a}", parameter(":-", literal_word("a"))),
        ("${x-}", parameter("-", EMPTY)),
        ("${x:+$x*}", parameter(":+", word(X, Pattern("*")))),
        ("${x+'a b'\"$x\"}", parameter("+", word("a b", QUOTED_X))),
        ("${x:?a b}", parameter(":?", literal_word("a b"))),
        ("${x?}", parameter("?", EMPTY)),
        ("${x:-a;b&(c)>d}", parameter(":-", literal_word("a;b&(c)>d"))),
        ("${x:-~/a}", parameter(":-", word(Parameter("HOME", quoted=True), "/a"))),
        ("${x:-{a,b}", parameter(":-", literal_word("{a,b"))),
        ("${x:-${x:-a}}", parameter(":-", word(parameter(":-", literal_word("a"))))),
        ("${x:-$(a)}", parameter(":-", word(Substitution(A, quoted=False)))),
        ("${x#*/}", parameter("#", word(Pattern("*"), "/"))),
        ("${x##'*'}", parameter("##", literal_word("*"))),
        ("${x%.*}", parameter("%", word(".", Pattern("*")))),
        ('${x%%$x"$x"}', parameter("%%", word(X, QUOTED_X))),
        ("${x%% }", parameter("%%", literal_word(" "))),
        ("${x/a/b}", parameter("/", literal_word("a"), literal_word("b"))),
        ("${x//[a-c]/ }", parameter("//", word(Pattern("[a-c]")), literal_word(" "))),
        ("${x/#a/}", parameter("/#", literal_word("a"), EMPTY)),
        ("${x/%a}", parameter("/%", literal_word("a"), EMPTY)),
        (r"${x/\//\&/_}", parameter("/", literal_word("/"), literal_word("&/_"))),
        ("${x/'/'/\"&\"*}", parameter("/", literal_word("/"), literal_word("&*"))),
        ("${x/a/<&&>'&'}", parameter("/", literal_word("a"), word("<", Pattern("&&"), ">&"))),
        ("${x/$x/~}", parameter("/", word(X), word(Parameter("HOME", quoted=True)))),
        ("${x^}", parameter("^")),
        ("${x^^[a-c]}", parameter("^^", word(Pattern("[a-c]")))),
        ("${x,}", parameter(",")),
        ("${x,,}", parameter(",,")),
        ("${x@Q}", parameter("@Q")),
        ("${x:1}", Parameter("x", False, operator="slice", slice=(("1",),))),
        ("${x: -1:2}", Parameter("x", False, operator="slice", slice=(("-", "1"), ("2",)))),
        ("${x:(1):$x}", Parameter("x", False, operator="slice", slice=(("(", "1", ")"), (QUOTED_X,)))),
        ("${x::2}", Parameter("x", False, operator="slice", slice=((), ("2",)))),
        ("${@:2}", Parameter("@", False, operator="slice", slice=(("2",),))),
        ("${x[@]:1:2}", Parameter("x", False, "@", "slice", slice=(("1",), ("2",)))),
    ],
)  # fmt: skip
def test_every_form_without_side_effects_is_read(text: str, expected: Parameter) -> None:
    assert unquoted(text) == expected


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ('"${x:-a b}"', literal_word("a b")),
        ('"${x:-"a b"}"', literal_word("a b")),
        ('"${x:-a "b}"c}"', literal_word("a b}c")),
        ('"${x:-"it\'s"}"', literal_word("it's")),
        (r'"${x:-\}\"\$\`\\\a}"', literal_word('}"$`\\\\a')),
        ('"${x:-~*{a,b}}"', None),
        ('"${x:-~*[a]}"', literal_word("~*[a]")),
        ('"${x:-$x"$x"}"', word(QUOTED_X, QUOTED_X)),
        ('"${x:-$(a)`b`}"', word(Substitution(A, quoted=True), Substitution(B, quoted=True))),
    ],
)
def test_a_default_in_double_quotes_is_quoted_text(text: str, argument: Word | None) -> None:
    found = pieces(text)
    if argument is None:
        assert found == (Parameter("x", True, "", ":-", literal_word("~*{a,b")), Literal("}"))
    else:
        assert found == (Parameter("x", True, "", ":-", argument),)


def test_a_pattern_in_double_quotes_is_read_as_outside_of_them() -> None:
    assert pieces('"${x#\'a\'*"$x"$x}"') == (
        Parameter("x", True, "", "#", word("a", Pattern("*"), QUOTED_X, X)),
    )
    assert pieces("\"${x//$'\\n'/, }\"") == (
        Parameter("x", True, "", "//", literal_word("\n"), literal_word(", ")),
    )


@pytest.mark.parametrize(
    "text", lines(r"""
        ${x:=a}
        ${x=a}
        "${x:=a}"
        ${x@P}
        ${x@}
        ${x@QQ}
        ${x~}
        ${x[$(a)]}
        ${x[i+1]}
        ${x[a b]}
        ${x[]}
        ${x[$1]}
        ${#x:-a}
        ${#x[$(a)]}
        ${!x:-a}
        ${!x*}
        ${!x@}
        ${!x[0]}
        ${!1}
        ${01}
        ${x y}
        ${x.y}
        ${é}
        ${}
        ${'x'}
        ${x/}
        ${x//}
        ${x:}
    """)
)  # fmt: skip
def test_a_form_that_does_something_is_refused(text: str) -> None:
    assert refusal(f"a {text}").rule == "expansion"


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("${x:-a b}", "put it in double quotes"),
        ("\"${x:-'a'}\"", "use double quotes there"),
        ("${x:-~root}", "write out the directory"),
        ("${ a; }", "write `$(…)`"),
        ("${| a; }", "write `$(…)`"),
        ("${x:=a}", "write `${x:-…}`, or an assignment of its own"),
        ("${x[i+1]}", "compute the subscript first: `i=$((…))`, and write `${name[i]}`"),
        ("$[1]", "write `$((…))`"),
        ('"$[1]"', "write `$((…))`"),
        ("${x:a?1:2}", "compute it first: `n=$((…))`, and write `${name:n}`"),
        ("$((x[1]))", "write `${x[…]}`"),
    ],
)
def test_a_refused_expansion_says_what_to_write(text: str, instead: str) -> None:
    assert refusal(f"a {text}").instead == instead


# Arithmetic.


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1+2", ("1", "+", "2")),
        (" ( 1 + x )\n* 3 ", ("(", "1", "+", "x", ")", "*", "3")),
        ("x<<=2", ("x", "<<=", "2")),
        ("a<b&&c||!d", ("a", "<", "b", "&&", "c", "||", "!", "d")),
        ("a?b:c,d", ("a", "?", "b", ":", "c", ",", "d")),
        ("010+0x1F+2#101", ("010", "+", "0x1F", "+", "2#101")),
        ("i++ + ++i", ("i", "++", "+", "++", "i")),
        ("i+++j", ("i", "++", "+", "j")),
        ("--5", ("-", "-", "5")),
        ("---i", ("-", "--", "i")),
        ("1 - -2", ("1", "-", "-", "2")),
        ("2**3", ("2", "**", "3")),
        ("$x+${x}", (QUOTED_X, "+", QUOTED_X)),
        ('"$x"*"2"', (QUOTED_X, "*", "2")),
        ("10#$x", ("10#", QUOTED_X)),
        ("${#x}", (Parameter("x", True, operator="length"),)),
        ("${x:-0}", (Parameter("x", True, "", ":-", literal_word("0")),)),
        ("$(a)-`b`", (Substitution(A, quoted=True), "-", Substitution(B, quoted=True))),
        ("$((1+2))*3", ("(", "1", "+", "2", ")", "*", "3")),
    ],
)
def test_arithmetic_is_read_as_tokens(text: str, tokens: Tokens) -> None:
    assert pieces(f"$(({text}))") == (Arithmetic(tokens, quoted=False),)


@pytest.mark.parametrize(
    "text",
    ["x[0]", "1 2", "$x$x", "1$x", "x y", "'1'", "1;2", "a.b", "1+", "()", "f(1)", "08x", "1 #a", "$", "@"],
)  # fmt: skip
def test_what_is_no_arithmetic_is_refused(text: str) -> None:
    assert refusal(f"a $(({text}))").rule == "arithmetic"
