import pytest

from hyperhive.domain.bash.script import (
    Arithmetic,
    Brace,
    BraceRange,
    Literal,
    Parameter,
    Pattern,
    Piece,
    ProcessSubstitution,
    Substitution,
    Tilde,
    Word,
    literal_word,
)
from tests.domain.bash.parsing import A, B, lines, pieces, refusal, words

X = Parameter("x", quoted=False)
QUOTED_X = Parameter("x", quoted=True)
STAR = Pattern("*")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("git", "git"),
        ("'git'", "git"),
        ('g"i"t', "git"),
        (r"g\it", "git"),
        (r"'a'\''b'", "a'b"),
        (r'"a\"\$\`\\\b"', 'a"$`\\\\b'),
        ("a#b", "a#b"),
        ("HEAD@{1}", "HEAD@{1}"),
        ("'$x'", "$x"),
        ("é\u00a0b", "é\u00a0b"),
        ("''", ""),
        ('""', ""),
        ("''\"\"", ""),
        ("'a\nb'", "a\nb"),
        ("a\\ b\\;\\\"\\'\\$x", "a b;\"'$x"),
        ("$ ", "$"),
        ("a$", "a$"),
        ('"$"', "$"),
        ("\"a$'b'\"", "a$'b'"),
        ("$=$é$%", "$=$é$%"),
        ("a=b", "a=b"),
        ("=", "="),
        ("!a!", "!a!"),
        ("a\\~", "a~"),
        ("~'x'", "~x"),
        ("a~", "a~"),
        ("--a=~", "--a=~"),
        ("]", "]"),
        ("[", "["),
        ("a[b", "a[b"),
        ("'[a]'*'?'", None),
        ("{", "{"),
        ("{}", "{}"),
        ("{a}", "{a}"),
        ("{a,b", "{a,b"),
        ("a,b}", "a,b}"),
        ("\\{a,b}", "{a,b}"),
        ("{'a,b'}", "{a,b}"),
        ("{a\\,b}", "{a,b}"),
        ("{1..a}", "{1..a}"),
        ("{..}", "{..}"),
        ("a@{u}..b@{1}", "a@{u}..b@{1}"),
        ("{a},{b}", "{a},{b}"),
    ],
)
def test_quotes_are_removed(written: str, value: str | None) -> None:
    assert Word(pieces(written)).text == value


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r"$'a\tb\n'", "a\tb\n"),
        (r"$'\x41\101\0101\'\\\"'", "AA\x081'\\\""),
        (r"$'caf\u00e9 \U0001F600 \xc3\xa9'", "café 😀 é"),
        (r"$'\e[1m\E\a'", "\x1b[1m\x1b\a"),
        (r"$'a\qb'x", "a\\qbx"),
        ("$'a\nb'", "a\nb"),
    ],
)
def test_ansi_quotes_are_decoded(written: str, value: str) -> None:
    assert pieces(written) == (Literal(value),)


@pytest.mark.parametrize(
    "written", lines(r"""
        $'\x00'
        $'\0'
        $'\x80'
        $'\ud800'
        $'\U99999999'
        $'\xg'
        $'\u'
        $'\cA'
        $'a
        $"a"
        'a
        "a
        "a$(b"
        a"b'
    """)
)  # fmt: skip
def test_quotes_that_are_not_certain_are_refused(written: str) -> None:
    assert refusal(f"a {written}").rule == "unparsable"


def test_expansions_say_whether_they_are_quoted() -> None:
    assert pieces("a$x'b'\"c$x d\"$x") == (Literal("a"), X, Literal("bc"), QUOTED_X, Literal(" d"), X)
    assert pieces('"$(a)`b`$((1))"') == (
        Substitution(A, quoted=True),
        Substitution(B, quoted=True),
        Arithmetic(("1",), quoted=True),
    )
    assert pieces("$(a)`b`$((1))") == (
        Substitution(A, quoted=False),
        Substitution(B, quoted=False),
        Arithmetic(("1",), quoted=False),
    )
    assert pieces("--a=<(a)>(b)") == (
        Literal("--a="),
        ProcessSubstitution("<", A),
        ProcessSubstitution(">", B),
    )


@pytest.mark.parametrize("written", ['""$x', "$x''", '"$@"""', "''$(a)''", '""$x$y', 'b{"",a}'])
def test_an_empty_quote_that_keeps_a_word_is_refused(written: str) -> None:
    assert refusal(f"a {written}").rule == "unparsable"


def test_empty_quotes_elsewhere_are_nothing() -> None:
    assert pieces("''a\"\"") == (Literal("a"),)
    assert pieces('""*') == (STAR,)
    assert pieces('"$x"""') == (QUOTED_X,)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("*.py", (STAR, Literal(".py"))),
        ("**/?x", (Pattern("**"), Literal("/"), Pattern("?"), Literal("x"))),
        ("a\\*b'*'c", (Literal("a*b*c"),)),
        ("[a-z]*[!0-9]", (Pattern("[a-z]*[!0-9]"),)),
        ("[]a][!]a][^a]", (Pattern("[]a][!]a][^a]"),)),
        ("[[:alpha:]_][:a:]", (Pattern("[[:alpha:]_][:a:]"),)),
        ("['a'b]", (Pattern("[ab]"),)),
        ("-[$x-z]a", (Literal("-"), Pattern("["), X, Pattern("-z]"), Literal("a"))),
        ('*["$x"]', (Pattern("*["), QUOTED_X, Pattern("]"))),
        ("[]", (Literal("[]"),)),
        ("[a']'", (Literal("[a]"),)),
        ("a[$x", (Literal("a["), X)),
        ("[a[b]", (Pattern("[a[b]"),)),
    ],
)
def test_wildcards_are_patterns(written: str, expected: tuple[Piece, ...]) -> None:
    assert pieces(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("-[é]", (Literal("-"), Pattern("["), Literal("é"), Pattern("]"))),
        ("-[a' '']']", (Literal("-"), Pattern("[a"), Literal(" ]"), Pattern("]"))),
        ("-[a'-'z]", (Literal("-"), Pattern("[a"), Literal("-"), Pattern("z]"))),
        ("-['!'a]*", (Literal("-"), Pattern("["), Literal("!"), Pattern("a]*"))),
    ],
)
def test_what_is_only_itself_in_a_bracket_is_literal(written: str, expected: tuple[Piece, ...]) -> None:
    assert pieces(written) == expected


@pytest.mark.parametrize("written", ["[{a,b}]", "[<(a)]", "{a[,]b}", "[é]"])
def test_an_unusual_bracket_is_refused(written: str) -> None:
    assert refusal(f"a {written}").rule == "unparsable"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("~", (Tilde(""),)),
        ("~/a", (Tilde(""), Literal("/a"))),
        ("~root/'b c'", (Tilde("root"), Literal("/b c"))),
        ("~+", (Tilde("+"),)),
        ("a=~/b:~c", (Literal("a="), Tilde(""), Literal("/b:"), Tilde("c"))),
        ("a+=b:~", (Literal("a+=b:"), Tilde(""))),
        ("~$x", (Literal("~"), X)),
        ("a=b=~", (Literal("a=b=~"),)),
        ("'a'=~", (Literal("a=~"),)),
        ("~/{a,b}", (Tilde(""), Literal("/"), Brace(words("a", "b")))),
    ],
)
def test_tildes_stand_at_the_beginning(written: str, expected: tuple[Piece, ...]) -> None:
    assert pieces(written) == expected


@pytest.mark.parametrize("written", ["~Bob", "~1", "~{a,b}", "{~,a}", "{a,~/b}", "{a,}~", "~a+b"])
def test_a_tilde_that_is_not_certain_is_refused(written: str) -> None:
    assert refusal(f"a {written}").rule == "unparsable"


def alternatives(*texts: str) -> Brace:
    return Brace(words(*texts))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{a,b}", (alternatives("a", "b"),)),
        ("x{,'b c'}y", (Literal("x"), alternatives("", "b c"), Literal("y"))),
        ("{a,{b,c}}", (Brace((literal_word("a"), Word((alternatives("b", "c"),)))),)),
        ("{a,b}{c,d}", (alternatives("a", "b"), alternatives("c", "d"))),
        ("{a{b,c}}", (Literal("{a"), alternatives("b", "c"), Literal("}"))),
        ("{{a,b}", (Literal("{"), alternatives("a", "b"))),
        ("{a,b}}", (alternatives("a", "b"), Literal("}"))),
        ("{{a},b}", (alternatives("{a}", "b"),)),
        ("a@{0}:{b,c}", (Literal("a@{0}:"), alternatives("b", "c"))),
        ("{$x,*}.a", (Brace((Word((X,)), Word((STAR,)))), Literal(".a"))),
        ('{"$x",b}c', (Brace((Word((QUOTED_X,)), literal_word("b"))), Literal("c"))),
        ("${x}{a,b}", (X, alternatives("a", "b"))),
        ("{${x},b}c", (Brace((Word((X,)), literal_word("b"))), Literal("c"))),
        ("{$(a),b}", (Brace((Word((Substitution(A, quoted=False),)), literal_word("b"))),)),
        ("{1..3}", (BraceRange("1", "3", ""),)),
        ("a{-1..03..2}", (Literal("a"), BraceRange("-1", "03", "2"))),
        ("{a..e..-2}{x,y}", (BraceRange("a", "e", "-2"), alternatives("x", "y"))),
        ("{{1..2},b}", (Brace((Word((BraceRange("1", "2", ""),)), literal_word("b"))),)),
    ],
)
def test_braces_are_read_before_anything_else(written: str, expected: tuple[Piece, ...]) -> None:
    assert pieces(written) == expected


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("$x{a,b}", "write `${x}`"),
        ("{a,$x}b", "write `${x}`"),
        ("{$x,a}{b,c}", "write `${x}`"),
        ("${x}$y{1..2}", "write `${y}`"),
        ("{$,a}", "put it in quotes"),
        ("$(a", None),
        ("${", None),
        ("{1..$x}", 'write `$(seq 1 "$n")`'),
        ("{a},b}", "put them in quotes"),
        ("{" * 30 + "a," + "b}" * 30, None),
    ],
)
def test_braces_that_take_something_else_apart_are_refused(written: str, instead: str | None) -> None:
    refused = refusal(f"a {written}")
    assert (refused.rule in {"unparsable", "too_deep", "expansion"}, refused.instead) == (True, instead)


def test_backticks_are_read_as_what_they_hold() -> None:
    assert pieces(r"`a \`b\``") == pieces("$(a $(b))")
    assert pieces(r"`a \\\`b\\\`\\$x`") == pieces(r"$(a \`b\`\$x)")
    assert pieces("`a \"b\" 'c' \\$x # c`") == pieces("$(a \"b\" 'c' $x)")
    assert pieces(r'"`a \"b\"`"') == pieces('"$(a "b")"')
    assert pieces(r"`a \"b\"`") == pieces(r"$(a \"b\")")
    for text in ("`a", "``", "` `", "`a; )`", "`a 'b`'"):
        assert refusal(f"a {text}").rule == "unparsable"
