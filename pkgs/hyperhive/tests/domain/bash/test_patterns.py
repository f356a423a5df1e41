import pytest

from hyperhive.domain.bash.patterns import compile_pattern, compile_patterns, exported_assignment, listed
from hyperhive.domain.bash.script import (
    Assignment,
    Literal,
    Parameter,
    Tilde,
    Word,
    literal_word,
)

COMPUTED = Word((Parameter("x", quoted=True),))


def covers(pattern: str, *texts: str, in_place: bool = True) -> bool:
    words = [literal_word(text) for text in texts]
    return compile_patterns((pattern,)).command(words, in_place=in_place) is not None


def given(**values: str | Word) -> list[Assignment]:
    return [
        Assignment(name, "", append=False, value=literal_word(value) if isinstance(value, str) else value)
        for name, value in values.items()
    ]


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
    patterns = compile_patterns(("git *", "git log ${x}"))
    computed = [literal_word("git"), literal_word("log"), COMPUTED]
    found = [
        patterns.command(computed),
        patterns.command([literal_word(text) for text in ("git", "log", "${x}")]),
    ]
    assert [pattern and pattern.source for pattern in found] == ["git *", "git log ${x}"]


def test_what_the_shell_computes_is_covered_by_a_wildcard_alone() -> None:
    words = [literal_word("npm"), literal_word("run"), COMPUTED, literal_word("x")]
    assert compile_patterns(("npm run ${x} *",)).command(words) is None
    assert compile_patterns(("npm run * x",)).command(words) is not None
    marks = [literal_word("npm"), literal_word("\x02"), literal_word("\x03/x")]
    assert compile_patterns(("npm ~/x *", "npm ~/x")).command([marks[0], marks[2]]) is None


def test_home_in_a_pattern_is_home_and_no_file_of_that_name() -> None:
    home = Word((Tilde(""), Literal("/x.sh")))
    elsewhere = Word((Tilde("+"), Literal("/x.sh")))
    patterns = compile_patterns(("bash ~/x.sh",))
    found = [
        patterns.command([literal_word("bash"), word]) is not None
        for word in (home, elsewhere, literal_word("~/x.sh"))
    ]
    assert found == [True, False, False]


def test_variables_in_front_are_named_by_one_pattern_all_of_them() -> None:
    patterns = compile_patterns(("npm *", "CI=1 npm run *", "A=* B=x npm *", "PYTHONPATH=~/src pytest"))
    npm = [literal_word("npm"), literal_word("run"), literal_word("x")]

    def covered(assignments: list[Assignment]) -> str | None:
        found = patterns.command(npm, assignments)
        return None if found is None else found.source

    assert covered([]) == "npm *"
    assert covered(given(CI="1")) == "CI=1 npm run *"
    assert covered(given(A="any", B="x")) == "A=* B=x npm *"
    assert covered(given(A=COMPUTED, B="x")) == "A=* B=x npm *"
    refused = [
        given(CI="2"),
        given(CI=COMPUTED),
        given(CI="1", A="x"),
        given(A="any"),
        [*given(CI="1"), *given(CI="1")],
        [Assignment("CI", "", append=True, value=literal_word("1"))],
        [Assignment("CI", "0", append=False, value=literal_word("1"))],
        [Assignment("CI", "", append=False, value=(literal_word("1"),))],
    ]
    assert [covered(assignments) for assignments in refused] == [None] * len(refused)
    home = given(PYTHONPATH=Word((Tilde(""), Literal("/src"))))
    assert patterns.command([literal_word("pytest")], home) is not None
    assert patterns.command([literal_word("pytest")], given(PYTHONPATH="~/src")) is None


def test_export_sets_what_its_pattern_names_and_nothing_else() -> None:
    assert covers("export PYTHONPATH=*", "export", "PYTHONPATH=src")
    for words in (
        ["PYTHONPATH=src", "LD_PRELOAD=x"],
        ["PYTHONPATH"],
        ["-f", "PYTHONPATH=src"],
        ["PYTHONPATH+=src"],
        ["HOME=src"],
        [],
    ):
        assert not covers("export PYTHONPATH=*", "export", *words)
    assert not covers("export *", "export", "PYTHONPATH=src")
    word = Word((Literal("A=b"), *COMPUTED.pieces))
    assert exported_assignment(word) == Assignment(
        "A", "", append=False, value=Word((Literal("b"), *COMPUTED.pieces))
    )
    assert exported_assignment(COMPUTED) is None


def test_relative_program_needs_to_start_in_the_state_directory() -> None:
    assert covers("./gradlew *", "./gradlew", "build")
    for pattern, program in (("./gradlew *", "./gradlew"), ("scripts/*", "scripts/x"), ("*/x", "a/x")):
        assert not covers(pattern, program, in_place=False)
    for pattern, program in (("/opt/x *", "/opt/x"), ("git *", "git"), ("*", "./any")):
        assert covers(pattern, program, in_place=False)


def test_pattern_knows_the_programs_it_is_about() -> None:
    patterns = compile_patterns(("git *", "CI=1 npm run x", "pip*", "*", "> out"))
    names = ["git", "gitk", "npm", "pip3", "CI", "whoami", "out"]
    assert [name for name in names if patterns.names_program(name)] == ["git", "npm", "pip3"]


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
    assert patterns.output(COMPUTED) is None
    anything = compile_patterns(("> *",))
    assert anything.output(COMPUTED) is not None
    assert anything.output(literal_word("a/../b")) is not None


def test_relative_output_pattern_holds_below_the_state_directory() -> None:
    patterns = compile_patterns(("> out/*", "> *.log", "> /agents/a/state/notes"))

    def covered(path: str, *, in_place: bool = True) -> bool:
        target = literal_word(path)
        return patterns.output(target, directory="/agents/a/state", in_place=in_place) is not None

    assert covered("out/x")
    assert covered("/agents/a/state/out/x")
    assert covered("/agents/a/state/out/x", in_place=False)
    assert covered("notes")
    assert covered("sub/x.log", in_place=False)
    assert not covered("out/x", in_place=False)
    assert not covered("notes", in_place=False)
    assert not covered("/agents/b/state/out/x")


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
        ("A=1", "names no command"),
        ("A=1 B=*", "names no command"),
        ("A+=1 git *", "plain NAME=VALUE"),
        ("A[0]=1 git *", "plain NAME=VALUE"),
        ("PATH=* git *", "sets PATH, which decides what the shell runs"),
        ("LD_PRELOAD=/x git *", "sets LD_PRELOAD"),
        ("CI=1 BASH_ENV=x npm *", "sets BASH_ENV"),
        ("export IFS=,", "sets IFS"),
        ("export HOME=/x", "must not set HOME in the shell"),
        ("export LC_ALL=*", "must name one value for LC_ALL"),
        ("A=1 export B=2", "without variables in front"),
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
