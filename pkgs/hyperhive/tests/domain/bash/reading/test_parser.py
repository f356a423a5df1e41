import pytest

from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    ArithmeticCommand,
    ArithmeticFor,
    Case,
    CaseItem,
    DoubleBracket,
    For,
    Function,
    Group,
    If,
    Literal,
    NotEmpty,
    Parameter,
    Pattern,
    Pipeline,
    Redirection,
    Script,
    SimpleCommand,
    Statement,
    Subshell,
    While,
    Word,
    literal_word,
)
from tests.domain.bash.parsing import A, B, C, command, refusal, run, script, words

BOTH = Redirection(2, ">&", literal_word("1"))

# Lists.


@pytest.mark.parametrize(
    "separator", [";", "\n", " ; ", ";\n\n", " # why\n", "\n# why; not\n\n", " \\\n ; \\\n"]
)
def test_commands_stand_behind_each_other(separator: str) -> None:
    assert parse(f"a{separator}b") == script(run("a"), run("b"))


def test_pipelines_are_joined_and_may_go_on_behind_a_newline() -> None:
    a, b, c, d = (run(name) for name in "abcd")
    statement = Statement(
        Pipeline((a, b), negated=True), (("&&", Pipeline((c,))), ("||", Pipeline((d,)))), background=True
    )
    assert parse("! a | b && c || d &") == Script((statement,))
    assert parse("! a |\nb && # why\n\nc ||\\\n d &\n") == Script((statement,))
    assert parse("! ! ! a|b&&c||d&") == Script((statement,))


def test_a_pipe_of_both_outputs_is_a_redirection() -> None:
    left = SimpleCommand((), words("a"), (Redirection(None, ">", literal_word("x")), BOTH))
    assert parse("a > x |& b").statements[0].first.commands == (left, run("b"))
    assert parse("{ a; } |& b") == parse("{ a; } 2>&1 | b")


@pytest.mark.parametrize(
    "text",
    [
        *("", " \n", "# comment", ";", "a;;", "a ; ; b", "a & ; b", "a\n; b", "| a", "&& a", "a |", "a &&"),
        *(
            "a | ! b",
            "! ",
            "a )",
            "a (",
            "( a",
            "()",
            "{ }",
            "{ a",
            "{ a }",
            "a; }",
            "{a;}",
            "(a) b",
            "{ a; } b",
        ),
        *("{ (a) > x }", "\\", "a \\", "a \x85)", "\ufeff{ a; }"),
    ],
)
def test_text_that_is_no_list_of_commands_is_refused(text: str) -> None:
    assert refusal(text).rule == "unparsable"


@pytest.mark.parametrize(
    "word", ["then", "fi", "do", "done", "elif", "else", "esac", "}", "a; then", "a & done"]
)
def test_a_reserved_word_begins_no_command(word: str) -> None:
    assert "stands where it means nothing" in refusal(f"{word} x").reason


def test_reserved_words_are_known_only_bare_and_first() -> None:
    assert parse("a if then { } ! [[ ]] fi # x") == script(
        run(*["a", "if", "then", "{", "}", "!", "[[", "]]", "fi"])
    )
    assert parse("'if' a; \\fi; \"{\" a }; {a ,}; !a; ]]") == script(
        run("if", "a"), run("fi"), run("{", "a", "}"), run("{a", ",}"), run("!a"), run("]]")
    )


def test_a_reserved_word_needs_no_separator_behind_a_compound_command() -> None:
    assert parse("{ (a) }; if (a) then { b; } fi") == script(
        Group(script(Subshell(A))), If(((script(Subshell(A)), script(Group(B))),), None)
    )


# Compound commands.


def test_groups_and_subshells_have_redirections() -> None:
    redirections = (Redirection(None, ">", literal_word("x")), BOTH)
    assert command("{ a; } > x 2>&1") == Group(A, redirections)
    assert command("(a) >x 2>&1") == Subshell(A, redirections)
    assert command("( (a) )") == Subshell(script(Subshell(A)))


def test_if_has_branches() -> None:
    assert command("if a; then b; fi") == If(((A, B),), None)
    assert command("if a\nthen b\nelif b; then c\nelse a; c; fi") == If(
        ((A, B), (B, C)), script(run("a"), run("c"))
    )


def test_loops_have_a_condition_or_words() -> None:
    assert command("while a; do b; done") == While(until=False, condition=A, body=B)
    assert command("until a; b\ndo c\ndone") == While(
        until=True, condition=script(run("a"), run("b")), body=C
    )
    for text in ("for x in a do; do b; done", "for x\nin a do\ndo b\ndone", "for x in a do;\n\n do b; done"):
        assert command(text) == For("x", words("a", "do"), B)
    for text in ("for x; do b; done", "for x do b; done", "for x\ndo b; done"):
        assert command(text) == For("x", None, B)
    assert command("for x in; do b; done") == For("x", (), B)


def test_arithmetic_commands_and_loops_hold_tokens() -> None:
    assert command("(( i+=1 ))") == ArithmeticCommand(("i", "+=", "1"))
    assert command("((i))") == ArithmeticCommand(("i",))
    body = ArithmeticFor(("i", "=", "0"), ("i", "<", "3"), ("i", "++"), A)
    assert command("for ((i=0; i<3; i++)); do a; done") == body
    assert command("for (( i = 0 ;i<3;i++ ))\ndo a\ndone") == body
    assert command("for ((;;)) do a; done") == ArithmeticFor((), (), (), A)


def test_case_has_patterns_and_ways_to_go_on() -> None:
    subject = Word((Parameter("x", quoted=True),))
    expected = Case(
        subject,
        (
            CaseItem((literal_word("a"), Word((Literal("b"), Pattern("*")))), A, ";;"),
            CaseItem((Word((Pattern("*"),)),), B, ";&"),
            CaseItem((literal_word("c"),), script(run(":")), ";;&"),
            CaseItem((literal_word("esac"),), C, ";;"),
        ),
    )
    assert command("case $x in a | b*) a ;; (*) b ;& c) ;;& (esac) c; esac") == expected
    assert command('case "$x"\nin\n# why\na|"b"*)\n\na\n;;\n*)b;&\n\nc) : ;;&\n\'esac\')c\nesac') == expected
    assert command("case x in esac") == Case(literal_word("x"), ())


def test_functions_are_defined_in_two_ways() -> None:
    for text in ("f() { a; }", "f () { a; }", "f ( )\n{ a; }", "function f { a; }", "function f() { a\n}"):
        assert command(text) == Function("f", Group(A))
    body = Subshell(A, (Redirection(None, ">", literal_word("x")),))
    assert command("git-x.y() (a) > x") == Function("git-x.y", body)
    assert command("f() [[ a ]]") == Function("f", DoubleBracket(NotEmpty(literal_word("a"))))


@pytest.mark.parametrize(
    "text",
    [
        *(
            "if a",
            "if a; then",
            "if a; then b",
            "if; then b; fi",
            "if a; fi",
            "if a; then b; else; fi",
            "while a; done",
        ),
        *("for", "for 1 in a; do b; done", "for x in a b do c; done", "for x in a & do b; done", "for x in"),
        *(
            "for x in a; { b; }",
            "for $x in a; do b; done",
            "for ((a;b)); do c; done",
            "case x",
            "case x in a) b",
        ),
        *("case x in a b) c;; esac", "case x in a) b;; c", "case in esac", "case x in ) a;; esac"),
        *("case esac in esac) a;; esac", "case x in a|) b;; esac", "f() a", "f() g() { a; }", "f(a) { b; }"),
        *(
            "$f() { a; }",
            "if() { a; }",
            "time() { a; }",
            "a b() { c; }",
            "x=1 f() { a; }",
            "function { a; }",
            "f()",
        ),
        *("[[ a", "((a", "((a) )", "( (a)", "((a);(b))", "((a b))", "select x in a; do b; done", "coproc a"),
        *(
            "time { a; }",
            "time (a)",
            "time ! a",
            "time -p if a; then b; fi",
            "time [[ a ]]",
            "time",
            "time -p > x",
        ),
    ],
)
def test_broken_constructs_are_refused(text: str) -> None:
    assert refusal(text).rule in {"unparsable", "arithmetic"}


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("((a); b)", "put a blank between the parentheses: for a subshell, write `( (…) )`"),
        ("echo $((a); b)", "put a blank between the parentheses: for a subshell, write `$( (…) )`"),
        ("((a; b))", "for a subshell, write `( (…) )`"),
        ("((a) )", "put a blank between the parentheses: for a subshell, write `( (…) )`"),
        ("!(a)", "put a blank behind the `!`"),
        ("ls !(*.py)", "write for example `find . -maxdepth 1 ! -name '*.py'`"),
        ("{ a }", "put `;` or a newline before `}`"),
        ("select x in a; do b; done", "write `for name in …`"),
        ("coproc a", "start it with `&`"),
        ("time { a; }", "write `time bash -c '…'`"),
        ("time A=1 b", "write `time env A=1 …`"),
        ("declare -a x=(a b)", "write `x=(…)` as a command of its own behind it"),
        ("x=([1]=a)", "write `name[key]=value`"),
    ],
)
def test_a_refusal_says_what_to_write(text: str, instead: str) -> None:
    assert refusal(text).instead == instead


def test_a_refusal_shows_the_place() -> None:
    assert str(refusal("a; if b; then c; d")) == "`fi` is missing at the end"
    assert str(refusal(f"a; ) {'b' * 50}")) == f"the text was not understood at `) {'b' * 37}…`"
    assert str(refusal("a; ) b\nc")) == "the text was not understood at `) b`"


def test_time_is_an_ordinary_word() -> None:
    assert command("time -p a b") == run("time", "-p", "a", "b")
    assert command("time time a") == run("time", "time", "a")


# Other shells.


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a &> x",
            "a &>> x",
            "a >& x",
            "a |& b",
            "a <<< b",
            "a <(b)",
            "[[ a ]]",
            "((a))",
            "a $'b'",
            "a {b,c}",
        ),
        *(
            "x=(a)",
            "x[0]=a",
            "x+=a",
            "function f { a; }",
            "for ((;;)); do a; done",
            "case a in b) c;& d) e;; esac",
        ),
        *("a ${x/b/c}", "a ${x:1}", "a ${x^}", "a ${x[0]}", "a ${!x}", "a ${x@Q}", "a {1..3}", "a $((2**3))"),
        *(
            "a $((i++))",
            "a $((1,2))",
            "a $((2#1))",
            "a [^b]",
            "a x=~/b",
            "a <<E\n$x\nE",
            "a \"$(b <<'E'\nc\nE\n)\"",
        ),
    ],
)
def test_what_sh_could_read_in_another_way_is_refused_for_it(text: str) -> None:
    parse(text)
    assert "means something else in sh" in refusal(text, posix=True).reason


@pytest.mark.parametrize(
    "text",
    [
        *(
            'x=1 a "$x" ${x:-b} ${#x} ${x%.*} $(b) `c` $((1 + x)) ~/a *.[!c] >&2 2>&1 < x',
            "a HEAD@{1} {} b,c",
        ),
        "if a; then b; fi; while a; do b; done; for x in a; do b; done; case a in b|c) d;; esac; f() { a; }",
        "a <<'E'\n$x\nE",
    ],
)
def test_what_every_shell_reads_is_read_for_sh(text: str) -> None:
    assert parse(text, posix=True) == parse(text)
