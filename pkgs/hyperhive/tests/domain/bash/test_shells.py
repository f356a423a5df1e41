import pytest

from tests.domain.bash.oracle import uncovered
from tests.domain.bash.shells import Call, Outcome, Shell, shells


@pytest.fixture(params=shells())
def shell(request: pytest.FixtureRequest) -> Shell:
    return Shell(shells()[request.param])


def test_outcome_tells_what_started_where_with_which_variables_and_what_it_read(shell: Shell) -> None:
    assert shell.run("cd src; CI=1 git apply - 'a b' <<< x -; exit 3") == Outcome(
        status=3,
        output="git apply - a b -\na[$(touch MARKER)]\n",
        errors="",
        calls=(Call(("git", "apply", "-", "a b", "-"), "work/src", frozenset({"CI='1'"}), "x\n"),),
        changed=(),
        effects="",
    )


def test_wrappers_start_what_they_are_given(shell: Shell) -> None:
    calls = shell.run("printf '%s\\0' a 'b c' | xargs -0 -n1 env bash -c 'git \"$0\"'").calls
    assert [call.argv for call in calls if call.argv[0] == "git"] == [("git", "a"), ("git", "b c")]


def test_every_run_finds_the_same_files(shell: Shell) -> None:
    assert shell.run("echo x > MARKER; echo y > ../m/y; : > keepme").changed == (
        "m/y",
        "work/MARKER",
        "work/keepme",
    )
    assert shell.run("test ! -e MARKER; echo $?").output == "0\n"


def test_script_that_does_not_end_is_ended() -> None:
    assert Shell(shells()["bash"], seconds=0.2).run("while :; do :; done").status is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("touch MARKER", "ran touch MARKER in work"),
        ("git log; unheard of", "looked for unheard"),
        ("npm run build", "ran npm run build in work"),
        ("npm --version x", "ran npm --version x in work"),
        ("5/git", "ran 5/git in work"),
        ("cd src; git log", "ran git in work/src"),
        ("X=6 git log", "ran git with X='6'"),
        ("export PYTHONPATH=x; git log", "ran git with PYTHONPATH='x'"),
        ("echo > MARKER", "wrote work/MARKER"),
        ("echo > out/../MARKER", "wrote work/MARKER"),
        ("rm keepme", "ran rm keepme in work"),
        ("hash -p 5/git git; git log", "ran ./5/git log in work"),
        ("IFS=x", "left"),
    ],
)
def test_what_no_pattern_speaks_of_is_seen(shell: Shell, line: str, problem: str) -> None:
    found = uncovered(shell.run(line), ["git *", "npm --version", "> out/*"])
    assert len(found) == 1
    assert found[0].startswith(problem)


@pytest.mark.parametrize(
    "line",
    [
        "git log 'a b'",
        "CI=1 npm run x",
        "echo > out/x",
        "npm --version",
        "scripts/build.sh x",
        "X=6; : $((1 + 1))",
    ],
)
def test_what_a_pattern_speaks_of_is_allowed(shell: Shell, line: str) -> None:
    patterns = ["git *", "CI=1 npm run *", "npm --version", "scripts/*", "> out/*"]
    assert uncovered(shell.run(line), patterns) == []


def test_newer_bash_is_there() -> None:
    if len(shells()) == 1:
        pytest.skip(
            "only the Bash of this machine: `tools/install-bash .newest-bash/bash`, or HYPERHIVE_BASH=/path"
        )
    assert len(set(shells().values())) == len(shells())
