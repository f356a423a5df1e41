import pytest

from hyperhive.domain.bash.script import RefusedError, UnparsableError, Word, computed_word, literal_word
from hyperhive.domain.bash.words import ExpansionReader, Quoting, Reading, WordReader


def read(text: str) -> Word:
    source = text.encode().decode("latin-1")
    return WordReader(source, posix=False).word(0, len(source), {})[0]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("git", "git"),
        ("'git'", "git"),
        ('g"i"t', "git"),
        (r"g\it", "git"),
        ("g\\\nit", "git"),
        (r"'a'\''b'", "a'b"),
        (r'"a\"\$\`\\\b"', 'a"$`\\\\b'),
        ("a#b", "a#b"),
        ("HEAD@{1}", "HEAD@{1}"),
        ("'$x'", "$x"),
        ("é", "é"),
        ("''", ""),
    ],
)
def test_quotes_and_escapes_are_removed(written: str, value: str) -> None:
    assert read(written) == literal_word(value)


def test_computed_words_say_what_can_become_of_them() -> None:
    assert [read(text) for text in ("a$x", 'a"$x"', '"$@"', "*.py", "~/x", "{a,b}", "a{1..3}")] == [
        Word(None, "a$x", "a", splits=True),
        Word(None, "a$x", "a"),
        Word(None, "$@", "", splits=True),
        Word(None, "*.py", "", globs=True),
        Word(None, "~/x", ""),
        Word(None, "{a,b}", "", splits=True),
        Word(None, "a{1..3}", "", splits=True),
    ]
    assert [word.single for word in (read('"$x"'), read("$x"), computed_word("{}"))] == [True, False, False]


@pytest.mark.parametrize(
    "text", ["a b", "a;b", "#a", "'a", '"a', "a\\", "a(b)", '$"a"', "$'\\u00e9'", "a>b", "a\u00a0b c"]
)
def test_what_bash_would_not_read_as_one_word_is_refused(text: str) -> None:
    with pytest.raises(UnparsableError):
        read(text)


def test_words_that_touch_are_refused() -> None:
    reader = WordReader("ab 2>x", posix=False)
    for start, end in ((0, 1), (1, 2), (3, 4)):
        with pytest.raises(UnparsableError):
            reader.word(start, end, {})


def test_next_word_ends_at_the_first_metacharacter() -> None:
    assert WordReader("a'b c'd)", posix=False).next_word(0, 8, {})[:2] == (7, literal_word("ab cd"))
    with pytest.raises(UnparsableError):
        WordReader("&", posix=False).next_word(0, 1, {})


def length(text: str, quoting: Quoting = Quoting.DOUBLE) -> int:
    """Return how many characters the expansion at the beginning takes."""
    return ExpansionReader(text, posix=False).take(0, len(text), {}, Reading(), quoting)


@pytest.mark.parametrize(
    "expansion",
    [
        "$x",
        "$1",
        "$?",
        "$@",
        "${x}",
        "${#x}",
        "${x:-a b}",
        "${x#refs/}",
        "${x%.*}",
        "${x//a/b}",
        "${x:1:2}",
        "${x^^}",
        "${a[0]}",
        "${a[@]}",
        "${x:-$y}",
        "$((1 + (2 * 3)))",
        "$(( $# + 1 ))",
        "`git log`",
    ],
)
def test_simple_expansion_is_taken_whole(expansion: str) -> None:
    assert length(expansion + " tail") == len(expansion)


@pytest.mark.parametrize(
    "expansion",
    [
        "${x:=a}",
        "${x=a}",
        "${!x}",
        "${x@P}",
        "${a[i]}",
        "${x:y}",
        "${ id; }",
        "${|id; }",
        "${x:-$(id)}",
        "${x:-`id`}",
        "$((x))",
        "$((a[0]))",
        "$((1",
        "$[1]",
        "`a \\`b\\``",
        "`a # b`",
        "`a",
        "$(id)",
    ],
)
def test_expansion_that_assigns_evaluates_or_hides_something_is_refused(expansion: str) -> None:
    with pytest.raises(RefusedError):
        length(expansion)


def test_dollar_alone_is_literal() -> None:
    reading = Reading()
    end = ExpansionReader("$ x", posix=False).take(0, 3, {}, reading, Quoting.DOUBLE)
    assert (end, reading) == (1, Reading(shown=["$"]))


def test_ansi_c_quotes_are_decoded() -> None:
    reading = Reading()
    ExpansionReader(r"$'a\n\x41\101\''", posix=False).take(0, 16, {}, reading, Quoting.NONE)
    assert ("".join(reading.shown), reading.computed) == ("a\nAA'", False)
