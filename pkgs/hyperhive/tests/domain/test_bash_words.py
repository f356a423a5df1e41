import pytest

from hyperhive.domain.bash_refusals import UnparsableError
from hyperhive.domain.bash_words import Word, WordReader, computed_word, literal_word


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
