"""What the walk over a tree adds to single rules: directories, functions, environments, what to write."""

import pytest

from hyperhive.domain.bash import Verdict, judge

HOME = "/agents/ada/state"
PATTERNS = ["git *", "cd *", "./gradlew *", "bash *", "sh *", "echo *", "env *", "> out/*"]


def told(line: str, patterns: list[str] | None = None, *, cwd: str | None = None) -> Verdict:
    return judge(line, PATTERNS if patterns is None else patterns, directory=HOME, cwd=cwd)


def test_relative_program_runs_where_its_pattern_was_written_for() -> None:
    assert told("./gradlew x", cwd=HOME).allowed
    assert told(f"cd {HOME} && ./gradlew x", cwd="/tmp").allowed
    assert told(f"n=1; cd {HOME} && ./gradlew x").allowed
    assert told(f"{HOME}/gradlew x", cwd="/tmp").allowed
    for line in (
        "./gradlew x",
        f"cd {HOME}; ./gradlew x",
        f"cd {HOME} && git x || ./gradlew x",
        f"cd {HOME} & ./gradlew x",
        f"! cd {HOME} && ./gradlew x",
        f"cd {HOME} > out/x && ./gradlew x",
    ):
        assert told(line, cwd="/tmp").rule == "directory", line


def test_what_left_the_state_directory_is_written_with_its_path_from_the_root() -> None:
    found = [told("cd x && ./gradlew y"), told("cd x && echo y > out/z"), told("./gradlew y", cwd="/tmp")]
    assert [verdict.instead for verdict in found] == [
        f"cd x && {HOME}/gradlew y",
        f"`> {HOME}/out/z`",
        f"{HOME}/gradlew y",
    ]
    assert told(f"cd x && echo y > {HOME}/out/z").allowed


def test_program_of_a_pattern_is_not_one_of_the_same_name_in_the_state_directory() -> None:
    assert told(f"{HOME}/git log").rule == "no_pattern"


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("/usr/bin/git log | git x", "git log | git x"),
        ('for x in a; do /bin/git log "$x"; done', 'for x in a; do git log "${x}"; done'),
        ("bash -c '/usr/bin/git log; git x'", "bash -c $'git log\\ngit x'"),
        ("n=$(cat <<< 1); if [[ $n -gt 3 ]]; then git log; fi", None),
        (
            "n=$(git x); if [[ $n -gt 3 ]]; then git log; fi",
            'n="$(git x)"; if [ "${n}" -gt 3 ]; then git log; fi',
        ),
        ("X=1 git log; git x", "git log; git x"),
    ],
)
def test_refused_line_is_written_anew_and_is_allowed_then(line: str, instead: str | None) -> None:
    verdict = told(line)
    assert not verdict.allowed
    assert verdict.instead is not None
    if instead is not None and "$'" not in instead:
        assert verdict.instead == instead
    assert told(verdict.instead).allowed
    assert verdict.reason.endswith(f"; write `{verdict.instead}` instead.")


def test_only_the_part_is_told_where_the_rest_of_the_line_is_refused_too() -> None:
    verdict = told("/usr/bin/git log; whoami")
    assert (verdict.instead, verdict.rule) == ("git log", "no_pattern")
    assert verdict.reason.endswith("; write `git log` in its place.")


def test_variable_in_front_of_what_keeps_it_is_refused() -> None:
    for line in (
        "sh -c 'PATH=. export -n x; git log'",
        "PATH=. export -n x; git log",
        "PATH=. exec 3>&1; git log",
        "sh -c 'PATH=. :; git log'",
        "PATH=. eval 'git log'",
        "f() { git log; }; PATH=. f",
    ):
        assert not told(line, ["git *", "sh *", "eval *", "exec *", "*"]).allowed, line


def test_exported_variable_of_the_line_is_not_set_by_a_script_of_another_shell() -> None:
    patterns = ["git *", "sh *", "bash *", "export x=1", "x=1 sh *"]
    assert told("export x=1; bash -c 'x=2; git log'", patterns).allowed
    assert not told("export x=1; sh -c 'x=2; git log'", patterns).allowed
    assert not told("x=1 sh -c 'x=2; git log'", patterns).allowed
    assert told("export x=1; sh -c 'y=2; git log'", patterns).allowed


def test_script_of_another_bash_keeps_its_own_variables() -> None:
    verdict = told("x=1; bash -c 'y=2; git log \"$y\"'")
    assert verdict.runs == "export -n x\nx=1\nbash -c 'export -n y\ny=2\ngit log \"${y}\"'"
    assert told(verdict.runs).runs == verdict.runs


def test_whole_command_of_the_operator_is_not_looked_into() -> None:
    patterns = ["bash -c 'whoami; id'", "eval 'x=1'", "git *", "find *"]
    assert told("bash -c 'whoami; id'", patterns).runs == "bash -c 'whoami; id'"
    assert told("eval 'x=1'; git log", patterns).allowed
    assert told("find $X", patterns).allowed
    assert not told("eval 'x=1'; find $x", patterns).allowed


def test_function_is_not_taken_for_certain_behind_a_text_that_nobody_read() -> None:
    patterns = ["eval 'x'", "echo *"]
    assert told("f() { echo; }; f", patterns).allowed
    assert not told("f() { echo; }; eval 'x'; f", patterns).allowed


def test_command_is_listed_once_with_its_verdict() -> None:
    verdict = told("env git log; flock x git log", ["env *", "git *", "flock *"])
    assert [(command.text, command.allowed) for command in verdict.commands] == [
        ("env git log", True),
        ("git log", True),
        ("flock x git log", False),
        ("git log", True),
    ]


def test_file_named_by_a_variable_is_printed_harmless() -> None:
    assert told('git log < "$1"').runs == "git log < \"${1/#'/dev/'//./dev/}\""
    assert told("sh -c 'git log < \"$1\"' x").rule == "redirection"
    assert told("sh -c 'git log < \"./$1\"' x").allowed
