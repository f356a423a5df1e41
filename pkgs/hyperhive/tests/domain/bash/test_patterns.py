import pytest

from hyperhive.domain.bash.patterns import compile_pattern, compile_patterns, listed
from hyperhive.domain.bash.script import Word, literal_word


def covers(pattern: str, *texts: str) -> bool:
    return compile_patterns((pattern,)).command([literal_word(text) for text in texts]) is not None


@pytest.mark.parametrize(
    ("pattern", "command"),
    [
        ("git *", "git"),
        ("git *", "git log"),
        ("git:*", "git"),
        ("git:*", "git log"),
        ("git*", "gitk --all"),
        ("git  *", "git log"),
        ("npm run test:*", "npm run test --watch"),
        ("git * main", "git push origin main"),
        ("* --version", "node --version"),
        ("git log *--stat*", "git log -3 --stat=80"),
        ("*", "anything at/all"),
        ("*", "/usr/bin/id -u"),
        ("./scripts/*", "./scripts/a b"),
        ("ls \\*", "ls *"),
    ],
)
def test_pattern_covers_a_command(pattern: str, command: str) -> None:
    assert covers(pattern, *command.split())


@pytest.mark.parametrize(
    ("pattern", "command"),
    [
        ("git *", "gitk"),
        ("git *", "Git log"),
        ("git *", "/usr/bin/git log"),
        ("git:*", "gitk"),
        ("git", "git log"),
        ("git status", "git status -s"),
        ("git * main", "git main"),
        ("git * *", "git log"),
        ("npm run test:*", "npm run test:unit"),
        ("* --version", "/tmp/x --version"),
        ("./scripts/*", "./scripts/../x"),
        ("ls \\*", "ls a"),
        ("> out", "> out"),
    ],
)
def test_pattern_does_not_cover_a_command(pattern: str, command: str) -> None:
    assert not covers(pattern, *command.split())


def test_blank_inside_a_word_is_no_word_boundary() -> None:
    assert not covers("npm run test *", "npm", "run test", "x")
    assert covers("git commit -m 'a b'", "git", "commit", "-m", "a b")
    assert not covers("git commit -m a b", "git", "commit", "-m", "a b")
    assert covers("git commit -m *", "git", "commit", "-m", "a b\nc")


def test_exact_pattern_needs_a_literal_command_and_comes_first() -> None:
    patterns = compile_patterns(("git *", "git log $x"))
    computed = [literal_word("git"), literal_word("log"), Word(None, "$x", "")]
    found = [
        patterns.command(computed),
        patterns.command([literal_word(text) for text in ("git", "log", "$x")]),
    ]
    assert [pattern and pattern.source for pattern in found] == ["git *", "git log $x"]


def test_output_patterns_match_normalised_paths() -> None:
    patterns = compile_patterns(("> /agents/*/state/*", "> ./notes.md", "git *"))
    paths = [
        "/agents/a/state/x",
        "/agents//a/./state/x",
        "notes.md",
        "./notes.md",
        "/agents/a/x",
        "a/../notes.md",
        "",
    ]
    assert [path for path in paths if patterns.output(literal_word(path))] == paths[:4]
    assert patterns.output(Word(None, "$x", "")) is None
    assert compile_patterns(("> *",)).output(Word(None, "$x", "")) is not None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "must not be empty"),
        ("   ", "must not be empty"),
        ("git\nlog", "one line"),
        ("git\tlog", "one line"),
        ("Bash(git *)", "must not be wrapped"),
        ("git log | head", "one single command"),
        ("git log && ls", "one single command"),
        ("git log; ls", "one single command"),
        ("git log > x", "one single command"),
        ("echo `id`", "one single command"),
        ("A=1 git *", "assignment"),
        ("git 'log", "unclosed quote"),
        (">", "must be `> PATH`"),
        (">> x", "must be `> PATH`"),
        ("> a/../b", "must be `> PATH`"),
        ("a" * 1001, "longer than"),
    ],
)
def test_senseless_pattern_is_refused_with_a_sentence(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compile_pattern(pattern)


def test_long_lists_are_shortened() -> None:
    assert listed(["a", "b"]) == "`a`, `b`"
    assert listed("abcdef", limit=2) == "`a`, `b` and 4 more"
