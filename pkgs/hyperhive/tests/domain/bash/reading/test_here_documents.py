"""Redirections and the bodies of here-documents."""

import pytest

from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    Literal,
    Parameter,
    Pattern,
    Redirection,
    SimpleCommand,
    Substitution,
    Tilde,
    Word,
    literal_word,
    nodes,
)
from tests.domain.bash.parsing import A, command, lines, refusal, run, script, words

X = Parameter("x", quoted=True)


def redirections(text: str) -> tuple[Redirection, ...]:
    """Those of the first command."""
    first = next(node for node in nodes(parse(text)) if isinstance(node, SimpleCommand))
    return first.redirections


def to(operator: str, target: str | Word, descriptor: int | None = None) -> Redirection:
    return Redirection(descriptor, operator, literal_word(target) if isinstance(target, str) else target)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > b", to(">", "b")),
        ("a 1>b", to(">", "b")),
        ("a 0<b", to("<", "b")),
        ("a 2>>b", to(">>", "b", 2)),
        ("a >| b", to(">|", "b")),
        ("a <> b", to("<>", "b")),
        ("a 1<>b", to("<>", "b", 1)),
        ("a &> b", to("&>", "b")),
        ("a &>> b", to("&>>", "b")),
        ("a >& b", to(">&", "b")),
        ("a >&2", to(">&", "2")),
        ("a 2>&1", to(">&", "1", 2)),
        ("a 2>&-", to(">&", "-", 2)),
        ("a <&3", to("<&", "3")),
        ('a >&"$x"', to(">&", Word((X,)))),
        ("a 10<&-", to("<&", "-", 10)),
        ("a <<< 'b c'", to("<<<", "b c")),
        ("a<<<$x*", to("<<<", Word((X, Literal("*"))))),
        ("a > ~/b", to(">", Word((Tilde(""), Literal("/b"))))),
        ("a > $x*", to(">", Word((Parameter("x", quoted=False), Pattern("*"))))),
    ],
)
def test_redirections_are_read(text: str, expected: Redirection) -> None:
    assert redirections(text) == (expected,)


def test_redirections_stand_anywhere() -> None:
    expected = SimpleCommand((), words("a", "b2", "3"), (to("<", "c"), to(">", "d"), to(">&", "1", 2)))
    assert command("<c a b2>d 3 2>&1") == expected
    assert command("> b") == SimpleCommand((), (), (to(">", "b"),))
    assert command("a 'b'>c") == SimpleCommand((), words("a", "b"), (to(">", "c"),))
    assert command("a '2'>c") == SimpleCommand((), words("a", "2"), (to(">", "c"),))


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("a {fd}> b", "write a number, as in `3>`"),
        ("a 3>&1-", "duplicate it and close it: `>&1 1>&-`"),
        ("a 2>& b", "write `> file 2>&1`"),
        ("a <& b", "write `> file 2>&1`"),
        ("a > {b,c}", "put them in quotes"),
        ("a >", None),
        ("a >\nb", None),
        ("a > > b", None),
        ("a 1000> b", None),
        ("a <<$x\nb\n$x", "write `<<'EOF'`"),
        ("a <<\nb", "write `<<'EOF'`"),
        ("a <<'B\nC'\nb\nB\nC", "write `<<'EOF'`"),
    ],
)
def test_an_unusual_redirection_is_refused(text: str, instead: str | None) -> None:
    refused = refusal(text)
    assert (refused.rule, refused.instead) == ("unparsable", instead)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("a <<E\nb\nc\nE", "b\nc\n"),
        ("a <<E\nE\n", ""),
        ("a <<E\n\nE", "\n"),
        ("a << 'E'\n$x `b` \\$ \\\nE", "$x `b` \\$ \\\n"),
        ('a <<"E"\n$x\\\nE', "$x\\\n"),
        ("a <<\\E\n$x\nE", "$x\n"),
        ("a <<E'F G'\nb\nEF G\n", "b\n"),
        ("a <<''\nb\n\n", "b\n"),
        ("a <<E\n\\$x \\`b\\` \\\\ \\a \"q\" 'q'\nE", "$x `b` \\ \\a \"q\" 'q'\n"),
        ("a <<E\nb\\\nc\n E\nE \nEE\nE", "bc\n E\nE \nEE\n"),
        ("a <<-E\n\tb\n\t\tc\\\n\td\n\tE\n", "b\nc\td\n"),
        ("a <<-'E'\n\tb\n  E\n\t\tE\n", "b\n  E\n"),
        ("a <<E # why\nb\nE", "b\n"),
        ("a <<E 'c\nd'\nb\nE", "b\n"),
    ],
)
def test_a_body_in_which_nothing_expands_is_text(text: str, body: str) -> None:
    assert redirections(text) == (to("<<", body),)


def test_bodies_follow_the_line_of_their_commands() -> None:
    expected = script(
        SimpleCommand((), words("a"), (to("<<", "1\n"), to("<<", "2\n", 3), to(">", "x"))),
        SimpleCommand((), words("b"), (to("<<", "3\n"),)),
        run("c"),
    )
    assert parse("a <<A 3<<B >x; b <<C\n1\nA\n2\nB\n3\nC\nc") == expected
    assert parse("a <<E | (\n1\nE\nb)") == parse("a <<'E' |\n1\nE\n( b )")
    assert redirections("if a <<E\nthen\nE\nthen b; fi") == (to("<<", "then\n"),)
    assert parse("a <<E $(b\nc)\nd\nE") == parse("a <<E $(b; c)\nd\nE")


def test_a_body_with_an_expansion_is_a_string() -> None:
    assert redirections("a <<E\nb $x\n$(a)c\nE") == (
        to("<<<", Word((Literal("b "), X, Literal("\n"), Substitution(A, quoted=True), Literal("c")))),
    )
    assert redirections("a 3<<E\n$x\nE") == (to("<<<", Word((X,)), 3),)
    assert redirections('a <<E\n${x:-"b c"}"\nE') == (
        to("<<<", Word((Parameter("x", True, "", ":-", literal_word("b c")), Literal('"')))),
    )


def test_a_body_inside_of_a_substitution_is_a_string() -> None:
    for text in ("$(b <<E\nc\n\nE\n)", "\"$(b <<'E'\nc\n\nE\n)\"", "<(b <<E\nc\n\nE\n)", "`b <<E\nc\n\nE\n`"):
        inner = [node for node in nodes(parse(f"a {text}")) if isinstance(node, Redirection)]
        assert inner == [to("<<<", "c\n")]
    assert parse("a $(b <<E\nE\n)") == parse("a $(b < /dev/null)")
    assert parse("a <<E\n$(b <<F\nc\nF\n)\nE") == parse("a <<E\n$(b <<< c)\nE")


@pytest.mark.parametrize(
    "text", lines("""
        a <<E⏎b
        a <<E
        a <<E⏎b⏎E c
        a <<E⏎b⏎E\\
        a <<E⏎b⏎ E
        a <<A <<B⏎b⏎A
        a <<A; b <<B⏎b⏎B⏎A
        a <<E⏎b⏎E\\⏎⏎c⏎E
        a $(b <<E⏎c⏎E)⏎E⏎)
        a $(b <<E⏎c⏎EF⏎E⏎)
        a $(b <<E)⏎c⏎E
        a <<E⏎`b \\"c\\"`⏎E
        a <<E⏎${x:=b}⏎E
        a <<E⏎${x:-it's}⏎E
        a <<E⏎$(b⏎E⏎)
        a <<E x=(b⏎c⏎E⏎)
    """)
)  # fmt: skip
def test_a_here_document_that_is_not_certain_is_refused(text: str) -> None:
    assert refusal(text).rule in {"unparsable", "expansion"}


def test_a_body_that_expands_is_refused_for_sh() -> None:
    assert refusal("a <<E\n$x\nE", posix=True).instead == "quote the delimiter: `<<'E'`"
