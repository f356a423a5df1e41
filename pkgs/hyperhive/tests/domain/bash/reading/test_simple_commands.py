import pytest

from hyperhive.domain.bash.script import (
    Assignment,
    Literal,
    Parameter,
    Pattern,
    Redirection,
    SimpleCommand,
    Substitution,
    Tilde,
    Word,
    literal_word,
)
from tests.domain.bash.parsing import A, B, command, refusal, run, words


def test_assignments_stand_before_words() -> None:
    assert command("A= B+=2 c D=3 > x") == SimpleCommand(
        (Assignment("A", "", False, literal_word("")), Assignment("B", "", True, literal_word("2"))),
        words("c", "D=3"),
        (Redirection(None, ">", literal_word("x")),),
    )
    assert command("'A'=1 b") == command("A\\=1 b") == run("A=1", "b")


def value(text: str) -> Word | tuple[Word, ...]:
    only = command(f"x={text}")
    assert isinstance(only, SimpleCommand)
    (assignment,) = only.assignments
    return assignment.value


def test_a_value_neither_splits_nor_globs() -> None:
    x = Parameter("x", quoted=True)
    assert value("$x") == value('"$x"') == Word((x,))
    assert value("*{a,b}[c]") == literal_word("*{a,b}[c]")
    assert value("$(a)`b`") == Word((Substitution(A, quoted=True), Substitution(B, quoted=True)))
    assert value("~/a:~b:'~'$x:~") == Word(
        (Tilde(""), Literal("/a:"), Tilde("b"), Literal(":~"), x, Literal(":"), Tilde(""))
    )


def test_arrays_hold_words() -> None:
    x = Word((Parameter("x", quoted=False),))
    assert value("(a 'b c' $x *)") == (*words("a", "b c"), x, Word((Pattern("*"),)))
    assert value("(\na # b\n\nc)") == words("a", "c")
    assert value("()") == ()
    assert command("x+=(a)") == SimpleCommand((Assignment("x", "", True, words("a")),), ())


@pytest.mark.parametrize(
    ("text", "subscript"),
    [
        ("x[0]", "0"),
        ("x[-1]", "-1"),
        ("x[i]", "i"),
        ("x['i']", "i"),
        ('x["i"]', "i"),
        ("x[$i]", "${i}"),
        ("x[${i}]", "${i}"),
        ('x["$i"]', "${i}"),
    ],
)
def test_an_element_of_an_array_is_assigned(text: str, subscript: str) -> None:
    assert command(f"{text}+=v") == SimpleCommand((Assignment("x", subscript, True, literal_word("v")),), ())


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("x[$(a)]=b", "expansion"),
        ("x[i+1]=b", "expansion"),
        ("x[@]=b", "expansion"),
        ("x[a b]=c", "expansion"),
        ("x[0]", "unparsable"),
        ("x[0] a", "unparsable"),
        ("x[0]=(a)", "unparsable"),
        ("x=(a) b", "unparsable"),
        ("x=(a)b", "unparsable"),
        ("x=(a", "unparsable"),
        ("x=(a;b)", "unparsable"),
        ("x=([$(a)]=b)", "unparsable"),
        ("env x=(a)", "unparsable"),
        ("declare x[0]=a", "unparsable"),
        ("export x={a,b}", "unparsable"),
    ],
)
def test_an_assignment_that_is_not_certain_is_refused(text: str, rule: str) -> None:
    assert refusal(text).rule == rule


def test_arguments_of_declarations_are_read_as_assignments() -> None:
    x = Parameter("x", quoted=True)
    for name in ("export", "local", "declare", "readonly", "typeset", "command export", "builtin local"):
        expected = (*words(*name.split()), Word((Literal("a="), x)), Word((Literal("b=*"),)))
        assert command(f"{name} a=$x b=*") == SimpleCommand((), expected)
    assert command("export P+=~/a:$x") == SimpleCommand(
        (), (*words("export"), Word((Literal("P+="), Tilde(""), Literal("/a:"), x)))
    )
    assert command("env a=$x") == SimpleCommand(
        (), (*words("env"), Word((Literal("a="), Parameter("x", quoted=False))))
    )
