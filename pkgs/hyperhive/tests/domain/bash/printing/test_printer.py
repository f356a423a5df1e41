import re

import pytest

from hyperhive.domain.bash.printing.printer import print_script, shown, shown_command
from hyperhive.domain.bash.printing.word_printer import MAX_PRINTED
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    Arithmetic,
    Assignment,
    Brace,
    BraceRange,
    DoubleBracket,
    Embedded,
    For,
    Function,
    Group,
    Junction,
    Literal,
    NotEmpty,
    Parameter,
    Pattern,
    Piece,
    ProcessSubstitution,
    Redirection,
    RefusedError,
    Script,
    SimpleCommand,
    Substitution,
    Tilde,
    Word,
    literal_word,
)
from tests.domain.bash.parsing import run, script

X = Parameter("x", quoted=True)


def word(*pieces: Piece | str) -> Word:
    return Word(tuple(Literal(piece) if isinstance(piece, str) else piece for piece in pieces))


def command(*words: Word | str, redirections: tuple[Redirection, ...] = ()) -> Script:
    made = tuple(literal_word(one) if isinstance(one, str) else one for one in words)
    return script(SimpleCommand((), made, redirections))


def refusal(tree: Script, *, posix: bool = False) -> str:
    with pytest.raises(RefusedError) as refused:
        print_script(tree, posix=posix)
    return refused.value.rule


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("git   log;git status # why", "git log\ngit status"),
        ("a && b || c &", "a &&\nb ||\nc &"),
        ("a |& b", "a 2>&1 |\nb"),
        ("! (a)", "! (\na\n)"),
        ("if a; then b; elif c; then d; else e; fi", "if a\nthen\nb\nelif c\nthen\nd\nelse\ne\nfi"),
        ("until a; do b; done <f", "until a\ndo\nb\ndone < f"),
        ("for x in 1 2; do a; done", "for x in 1 2\ndo\na\ndone"),
        ("for x; do a; done", "for x\ndo\na\ndone"),
        ("for ((i=0;i<3;i++)); do a; done", "for ((i = 0; i < 3; i++))\ndo\na\ndone"),
        ("case $x in a|b*) c;; *) d;& esac", 'case "${x}" in\na | b*)\nc\n;;\n*)\nd\n;&\nesac'),
        ("function f { a; }", "f () {\na\n}"),
        ("a=1 b='c d' e", "a=1 b='c d' e"),
        ("a=() b=(c 'd e')", "a=() b=(c 'd e')"),
        ("(( i++ + -(j) ))", "((i++ + -(j)))"),
        ("[[ ! ( a || -f b ) && $c =~ ^d$ ]]", '[[ ! ( a || -f b ) && "${c}" =~ ^d$ ]]'),
        ("[ ! -f a ]", "[ ! -f a ]"),
        ("cat <<A <<B >f\n1\nA\n2\nB\n", "cat <<'EOF' <<'EOF' > f\n1\nEOF\n2\nEOF"),
        ("cat <<A\nEOF\nA\n", "cat <<'EOF2'\nEOF\nEOF2"),
        ("cat <<A | b\n1\nA\n", "cat <<'EOF' |\n1\nEOF\nb"),
        ("cat <<A\n$x\nA\n", 'cat <<< "${x}"'),
        ("echo 2 >f 2>&1", "echo 2 > f 2>&1"),
        ("'if' then", "'if' then"),
        ("a '' \"it's\" {b,c} ~/'d e' a=b", "a '' 'it'\\''s' {b,c} ~/'d e' 'a=b'"),
        ('echo $(a) "`b`" <(c)', 'echo $(a) "$(b)" <(c)'),
        ("echo $( (a) )", "echo $( (\na\n) )"),
        ('echo ${x: -3:2} "${y:-a}}" ${z//\\//_}', "echo ${x: -3:2} \"${y:-a}\"'}' ${z//'/'/_}"),
        ("echo $'a\\e'", "echo $'a\\033'"),
        ("time a", "time a"),
    ],
)
def test_lines_are_printed_in_one_form(line: str, printed: str) -> None:
    assert print_script(parse(line)) == printed


@pytest.mark.parametrize(
    "piece",
    [
        Pattern("a b"),
        Pattern("$(a)"),
        Pattern("*\n"),
        Tilde("a/$(b)"),
        Brace((literal_word("a"),)),
        BraceRange("1", "a", ""),
        BraceRange("1", "2", "$(a)"),
        Parameter("x y", quoted=True),
        Parameter("x", quoted=True, subscript="$(a)"),
        Parameter("?", quoted=True, operator=":-", argument=literal_word("a")),
        Parameter("x", quoted=True, operator=":="),
        Parameter("x", quoted=True, operator="@Z"),
        Parameter("x", quoted=True, operator="/", argument=word(Pattern("[/]"))),
        Parameter("x", quoted=True, operator="slice", slice=(("y", "?", "1", ":", "2"),)),
        Arithmetic(("1", ")", "+", "(", "2"), quoted=True),
        Arithmetic(("a[$(b)]",), quoted=True),
        Arithmetic((), quoted=True),
        Arithmetic(("10#", "x"), quoted=True),
        ProcessSubstitution("$", script(run("a"))),
        Substitution(Script(()), quoted=True),
        Literal("a\0b"),
        Literal("\ud800"),
    ],
)
def test_a_piece_of_another_form_is_refused(piece: Piece) -> None:
    assert refusal(command("a", word(piece))) == "unparsable"


@pytest.mark.parametrize(
    "tree",
    [
        Script(()),
        script(SimpleCommand((), ())),
        command(word(Literal("a"), Pattern("["))),
        command("a", word("b", "c")),
        command("a", word("b", "=c")),
        command("a", word("b", Tilde(""))),
        command("a", word(Tilde(""), X)),
        command("a", Word(())),
        command(word(Embedded(script(run("a")), posix=False))),
        script(SimpleCommand((Assignment("a b", "", append=False, value=literal_word("c")),), ())),
        script(SimpleCommand((Assignment("a", "$(b)", append=False, value=literal_word("c")),), ())),
        script(SimpleCommand((Assignment("a", "", append=False, value=()),), (literal_word("b"),))),
        script(Function("a b", Group(script(run("a"))))),
        script(Function("if", Group(script(run("a"))))),
        script(Function("f", run("a"))),
        script(For("a;b", (), script(run("a")))),
        script(DoubleBracket(Junction("|", NotEmpty(literal_word("a")), NotEmpty(literal_word("b"))))),
        command("a", redirections=(Redirection(None, "> b;", literal_word("c")),)),
        command("a", redirections=(Redirection(-1, ">", literal_word("c")),)),
        command("a", redirections=(Redirection(2, ">&", literal_word("c")),)),
        command("a", redirections=(Redirection(None, "<<", literal_word("no newline")),)),
        command("a", redirections=(Redirection(None, "<<", word(X)),)),
    ],
)
def test_a_tree_of_another_form_is_refused(tree: Script) -> None:
    assert refusal(tree) == "unparsable"


def test_text_of_several_lines_behind_a_here_document_is_refused() -> None:
    document, file = (
        Redirection(None, "<<", literal_word("a\n")),
        Redirection(None, ">", literal_word("b\nc")),
    )
    assert print_script(command("cat", redirections=(file, document))) == "cat > 'b\nc' <<'EOF'\na\nEOF"
    with pytest.raises(RefusedError) as refused:
        print_script(command("cat", redirections=(document, file)))
    assert refused.value.instead == "put the here-document last on its line"


def test_a_here_document_in_a_substitution_is_refused() -> None:
    document = command("cat", redirections=(Redirection(None, "<<", literal_word("a\n")),))
    assert refusal(command("echo", word(Substitution(document, quoted=True)))) == "unparsable"


@pytest.mark.parametrize(
    "line", ["[[ a ]]", "a=(b)", "a {b,c}", "a <<< b", "a &> b", "echo ${x/a/b}", "((1))"]
)
def test_what_only_bash_reads_is_not_printed_for_other_shells(line: str) -> None:
    assert refusal(parse(line), posix=True) == "unparsable"


def test_a_script_in_a_word_is_printed_as_its_text() -> None:
    inner = script(run("echo", "it's"), run("b"))
    outer = command("sh", "-c", word(Embedded(inner, posix=True)))
    assert outer != parse(print_script(outer)) == command("sh", "-c", print_script(inner, posix=True))


def test_scripts_in_scripts_are_printed_up_to_a_size() -> None:
    tree = script(run("it's"))
    for _ in range(16):
        tree = command("sh", "-c", word(Embedded(tree, posix=False)))
    assert refusal(tree) == "too_long"
    assert len(print_script(command("a" * (MAX_PRINTED - 1)))) == MAX_PRINTED - 1
    assert refusal(command("a" * (MAX_PRINTED + 1))) == "too_long"


def test_a_tree_that_is_too_deep_is_refused() -> None:
    tree = script(run("a"))
    for _ in range(1000):
        tree = script(Group(tree))
    assert refusal(tree) == "unparsable"


def test_words_are_shown_as_patterns_match_them() -> None:
    line = "a 'b c' \"$x\"/$y ~/d* {e,f\"$z\"} {1..3} <(g h) $(i 'j k') $((1+n))"
    assert [shown(found) for found in parse(line).statements[0].first.commands[0].words] == [
        "a",
        "b c",
        "${x}/${y}",
        "~/d*",
        "{e,f${z}}",
        "{1..3}",
        "<(g h)",
        "$(i 'j k')",
        "$((1 + n))",
    ]
    assert shown(word(Embedded(script(run("a", "b c")), posix=True))) == "a 'b c'"


def test_a_command_is_shown_on_one_line() -> None:
    found = parse("A=1 git commit -m 'two\nlines'").statements[0].first.commands[0]
    assert isinstance(found, SimpleCommand)
    assert shown_command(found.words, found.assignments) == r"A=1 git commit -m 'two\nlines'"
    assert shown_command(found.words, limit=12) == "git commit …"
    assert shown_command((literal_word("a"), word("b", Tilde("")))) == "a b~"


@pytest.mark.parametrize(
    "line",
    [
        "a > nul",
        "a >nul; b",
        "a &> NUL",
        "a >> Nul | b",
        "a '> nul'",
        "a $'>\\u00a0nul\\n'",
        'a "b >nul;"',
        "a {'> nul',nul}",
        'a "$(b > nul)"',
        "cat <<EOF\n> nul\nEOF",
        "cat <<EOF\n>\nnul\n$x\nEOF",
        "[[ a > nul ]]",
        "x='> nul'",
        "a ${x:->'nul '}",
        'a "${x:->nul }"',
        "((a > nul))",
        "(( a >nul ))",
        "a $'> nul\\a'",
    ],
)
def test_claude_code_finds_no_nul_to_edit(line: str) -> None:
    try:
        text = print_script(parse(line))
    except RefusedError:
        return
    assert parse(text) == parse(line)
    # As the CLI has it.
    assert re.search(r"(\d?&?>+[\s\ufeff]*)[Nn][Uu][Ll](?=[\s\ufeff]|$|[|&;)\n])", text) is None
