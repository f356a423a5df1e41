import contextlib
import threading
from collections.abc import Callable
from functools import partial

import pytest

from hyperhive.domain.bash.reading.parser import MAX_BYTES, parse
from hyperhive.domain.bash.script import Literal, RefusedError, nodes
from tests.domain.bash.parsing import command, refusal, run
from tests.domain.bash.test_linear import steps


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("ec\\\nho a &\\\n& b |\\\n| c", "echo a && b || c"),
        ("i\\\nf a; the\\\nn b; f\\\ni", "if a; then b; fi"),
        ("a \\\n\\\nb\\\nc", "a bc"),
        ('a $\\\nx $\\\n{x} "$\\\n(b)" ${\\\nx\\\n:-\\\na}', 'a $x $x "$(b)" ${x:-a}'),
        ("a $(\\\n(1+\\\n1)\\\n)", "a $((1+1))"),
        ("(\\\n(i+\\\n+))", "((i++))"),
        ("a 1\\\n2>\\\n> b <\\\n(c)", "a 12>>b <(c)"),
        ("a 'b\\\nc' \"b\\\nc\"", "a $'b\\\\\\nc' bc"),
        ("a \\\\\nb", "a '\\'; b"),
        ("a \\\\\\\nb", "a '\\b'"),
        ("a #b\\\nc", "a; c"),
        ("a # b \\\\\nc", "a; c"),
        ("a\\\n#b \\\n#c", "a#b"),
        ("x\\\ny=1\\\n2", "xy=12"),
        ("f\\\n() { a; }", "f() { a; }"),
        ("`a\\\nb 'c\\\nd'`", "$(ab cd)"),
    ],
)
def test_joined_lines_are_read_as_bash_reads_them(text: str, same: str) -> None:
    assert parse(text) == parse(same)


@pytest.mark.parametrize(
    ("text", "last"),
    [("a #", "a"), ("a#b", "a#b"), ("a '#' \\# b", "b"), ("(a)#b", "a"), ("a;#b", "a"), ("a ${#b}", "a")],
)
def test_comments_begin_where_a_word_could(text: str, last: str) -> None:
    literals = [node.text for node in nodes(parse(text)) if isinstance(node, Literal)]
    assert literals[-1] == last


def test_control_characters_are_refused() -> None:
    for character in "\0\x03\x07\r\x1b\x7f":
        assert "control character" in refusal(f"a '{character}'").reason
    assert refusal("a \ud800").reason == "the command line is not valid text"


def test_blanks_of_other_scripts_are_ordinary_characters() -> None:
    assert command("a\u00a0b \u2003 \ufeff") == run("a\u00a0b", "\u2003", "\ufeff")


def test_length_has_a_limit() -> None:
    parse("a" * MAX_BYTES)
    assert refusal("a" * (MAX_BYTES + 1)).rule == refusal("é" * (MAX_BYTES // 2 + 1)).rule == "too_long"


NESTS: list[Callable[[str], str]] = [
    lambda text: f"( {text} )",
    lambda text: f"{{ {text}; }}",
    lambda text: f"a $({text})",
    lambda text: f'a "$({text})"',
    lambda text: f"a <({text})",
    lambda text: f"if {text}; then a; fi",
    lambda text: f"case a in b) {text};; esac",
    lambda text: f"f() {{ {text}; }}",
    lambda text: f'x=("${{x:-$({text})}}")',
    lambda text: f"[[ ! ( a == $({text}) ) ]]",
    lambda text: f"a {{b,$({text})}}",
    lambda text: f"a $(( $({text}) ))",
    lambda text: f"a $(b <<A{len(text)}\n$({text})\nA{len(text)}\n)",
]


@pytest.mark.parametrize("nest", NESTS)
def test_nesting_has_a_limit_below_that_of_python(nest: Callable[[str], str]) -> None:
    """Trees can be compared too, which takes the most."""
    levels = [0]
    found: list[str] = []

    def deepen() -> None:
        text = "a"
        try:
            for level in range(100):
                assert parse(text) == parse(text)
                levels.append(level)
                text = nest(text)
        except RefusedError as refused:
            found.append(refused.rule)

    thread = threading.Thread(target=deepen)
    thread.start()
    thread.join()
    assert found == ["too_deep"]
    assert levels[-1] > 5


#: With `⏎` for a newline.
TEXTS = (
    r"""g|¦(¦( ¦$(¦{¦{ ¦"¦'¦`¦${x:-¦"${x:-¦<<a ¦<<a⏎a⏎¦[[ (¦[[ ( ¦((¦$((¦case x in ¦case x in x) ¦\⏎¦[¦"""
    r"""{a,¦a\⏎¦a ¦a;¦a⏎¦a&&¦a&¦! ¦x=1⏎¦$x¦"$x" ¦*¦[a]¦[[ a ¦#¦# ⏎¦#\⏎¦a=~:¦~:¦<<<a ¦2>&1 ¦\¦\\¦"\¦"""
    r"""$'\n'¦${x/a/b}¦a=(¦if a;then ¦f(){ ¦{a,b}¦{a},¦$a{¦{$a,b}¦<(¦[]¦[[:a¦`\`¦[[ a =~ (¦[[ a || ¦x[¦"""
    r"""a[¦${x[¦9>¦a=b ¦{..¦[a-¦[$x¦(a)⏎¦é¦..,{¦{"a",b} ¦$(("¦$((""¦(("1"""
)


@pytest.mark.parametrize("piece", TEXTS.split("¦"))
def test_any_text_is_read_or_refused_in_linear_work(piece: str) -> None:
    piece = piece.replace("⏎", "\n")

    def read(size: int) -> None:
        with contextlib.suppress(RefusedError):
            parse(piece * (size // len(piece.encode())))

    read(MAX_BYTES)
    assert steps(partial(read, 8000)) < 2.2 * steps(partial(read, 4000)) + 500
