import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from hyperhive.domain.bash.commands.builtins import BUILTINS, needs_no_pattern
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import SimpleCommand, Word, nodes
from tests.domain.bash.judging import refusal

# Makes a file when it is evaluated, without any program.
HOSTILE = "a[$(: >MARKER)]"


@pytest.mark.parametrize(
    "line",
    [
        "git alias",
        "echo -v",
        "set -euo pipefail",
        "set -Eeuo pipefail",
        "set +x",
        "set -o errexit -o pipefail",
        'set -- a "$b"',
        "read -r line",
        "read -ra parts",
        "read",
        "read -r -d '' x",
        'read -p "$question" answer',
        "read -t5 -rsn 1 key",
        "mapfile -t lines",
        "readarray -d '' -t lines",
        "printf '%s\\n' \"$x\"",
        'printf "%-10s|%5d\\n" a 1',
        "printf -- '-v'",
        "printf '%5.2f%% %(%F)T %q %b' 1 2 3 4",
        "printf -v out '%s' \"$x\"",
        'printf "$x"',
        'green=\'\\e[32m\'; printf "${green}%s\\n" "$x"',
        'w=10; printf "%${w}s" "$x"',
        "wait $!",
        "sleep 1 & pid=$!; wait $pid",
        'wait -- "$pid"',
        "wait",
        "wait -n -p pid",
        "jobs -l",
        "jobs %1",
        "getopts ab: option",
        "unset x y 'a[3]'",
        "declare -A m",
        "declare -i n=1",
        "declare -p x",
        'f() { local -r x="$1"; local y=$2 z; }',
        "readonly x=1",
        "export -n x",
        "shopt -s globstar nullglob",
        "shopt -u dotglob",
        "trap 'rm -f tmp' EXIT INT",
        "trap - SIGTERM",
        "trap '' HUP 15",
        "trap",
        "hash -r",
        'cd "$d"',
        'kill "$pid"',
        "type -a x",
        "test -f x",
        'test "$x" = y',
        "history 5",
        "exec 3>&1",
        "command -v git",
    ],
)
def test_understood_use_of_a_builtin_is_fine(line: str) -> None:
    assert refusal(line) is None


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("alias x=y", "builtin"),
        ("unalias -a", "builtin"),
        ("bind -x x", "builtin"),
        ("compgen -C id", "builtin"),
        ("complete -C id git", "builtin"),
        ("enable -f x y", "builtin"),
        ("fc -s", "builtin"),
        ("history -w f", "builtin"),
        ("history -s x", "builtin"),
        ("hash -p x y", "builtin"),
        ("hash -rp x y", "builtin"),
        ('read x; hash "$x" y', "builtin"),
        ("set -k", "builtin"),
        ("set -ek", "builtin"),
        ("set -e -o keyword", "builtin"),
        ("set -o errexit -k", "builtin"),
        ("set -o allexport", "builtin"),
        ("set -o posix", "builtin"),
        ("set -oe pipefail", "builtin"),
        ("set $x", "builtin"),
        ("set -e$x", "builtin"),
        ("set", "builtin"),
        ("let x=1", "assignment"),
        ("getopts a PATH", "assignment"),
        ("getopts $x PATH", "builtin"),
        ("read PATH", "assignment"),
        ("read -raPATH", "assignment"),
        ("read -ra PATH", "assignment"),
        ("read -p x PATH", "assignment"),
        ("read -u 0 x PATH", "assignment"),
        ("read 'a[$(id)]'", "assignment"),
        ('read "$x"', "assignment"),
        ("read -p $x y", "builtin"),
        ("read -Q x", "builtin"),
        ('read -r"$x" y', "builtin"),
        ("mapfile -C id x", "builtin"),
        ("mapfile -tC id x", "builtin"),
        ("mapfile x y", "builtin"),
        ("readarray PATH", "assignment"),
        ("printf -v PATH x", "assignment"),
        ("printf -vPATH x", "assignment"),
        ("printf -v 'a[$(id)]' x", "assignment"),
        ("printf %n PATH", "assignment"),
        ("printf 'a%-5lln' PATH", "assignment"),
        ("printf 'a%ln' PATH", "assignment"),
        ("printf 'a%%%hhn' PATH", "assignment"),
        ("printf -- %n PATH", "assignment"),
        ("printf %y x", "assignment"),
        ('read x; printf "$x" PATH', "builtin"),
        ('read x; printf "%s$x" PATH', "builtin"),
        ("printf %s$x PATH", "builtin"),
        ('x=ln; printf "%${x}" PATH', "assignment"),
        ('x=%n; printf "a${x}" PATH', "builtin"),
        ('x=-vPATH; printf "${x}" a', "builtin"),
        ('x=; printf "${x}-vPATH" a', "builtin"),
        ("wait -p PATH", "assignment"),
        ("wait -nfp PATH", "assignment"),
        ("wait -fnpPATH", "assignment"),
        ("wait -np 'a[$(id)]'", "assignment"),
        ("read x; wait $x", "builtin"),
        ("n=; wait $n -p PATH", "builtin"),
        ("jobs -x id", "builtin"),
        ("jobs -sx id", "builtin"),
        ("jobs -rsx id", "builtin"),
        ('read x; jobs "$x" id', "builtin"),
        ("unset 'a[$(id)]'", "assignment"),
        ("unset PATH", "assignment"),
        ("unset -f git", "builtin"),
        ("unset -n x", "builtin"),
        ("f() { :; }; unset f", "assignment"),
        ("declare -n x=y", "assignment"),
        ("f() { local -n x=$1; }", "assignment"),
        ("declare -x X=1", "assignment"),
        ("declare -gx X=1", "assignment"),
        ("declare -t X=1", "assignment"),
        ("declare PATH=.", "assignment"),
        ("typeset -i 'a=b[$(id)]'", "assignment"),
        ("read n; declare -i n", "assignment"),
        ("declare 'a[$(id)]=1'", "assignment"),
        ('declare "$x"', "assignment"),
        ("declare -a x='($(id))'", "assignment"),
        ("x=(1); declare x='($(id))'", "assignment"),
        ('read -a x; declare x="$y"', "assignment"),
        ("readonly -a x='($(id))'", "assignment"),
        ("declare", "builtin"),
        ("export -p", "assignment"),
        ("export -f git", "assignment"),
        ("X=1; export X=2", "assignment"),
        ("export -n PATH", "assignment"),
        ("shopt -s extglob", "builtin"),
        ("shopt -s expand_aliases", "builtin"),
        ("shopt -so posix", "builtin"),
        ("shopt -s $x", "builtin"),
        ("trap 'git log' DEBUG", "builtin"),
        ("trap 'git log' RETURN", "builtin"),
        ("trap 'git log' $x", "builtin"),
        ("test -v 'a[$(id)]'", "condition"),
        ("read x; test $x", "condition"),
        ("PATH=.", "assignment"),
        ("for PATH in .; do :; done", "assignment"),
        ("((PATH = 1))", "assignment"),
        ("echo $((x, PATH++))", "assignment"),
    ],
)
def test_use_of_a_builtin_that_could_do_something_else_is_refused(line: str, rule: str) -> None:
    assert refusal(line) == rule


def test_table_knows_every_builtin_of_the_real_bash() -> None:
    known = subprocess.run(["bash", "-c", "enable"], capture_output=True, text=True, check=True)
    assert {line.removeprefix("enable ") for line in known.stdout.splitlines()} <= BUILTINS.keys()


def test_hostile_value_of_these_tests_runs_when_it_is_evaluated(tmp_path: Path) -> None:
    subprocess.run(["bash", "-c", f"let {HOSTILE!r}"], cwd=tmp_path, check=False, timeout=10)
    assert [path.name for path in tmp_path.iterdir()] == ["MARKER"]


@pytest.mark.parametrize(
    "line", ["exec 3>&1", "export -n x", "read x", "[ x ]", "set -e", "trap", "wait", "shopt -s nullglob"]
)
def test_builtin_that_no_program_can_notice_needs_no_pattern(line: str) -> None:
    assert needs_no_pattern(_words(line))


@pytest.mark.parametrize(
    "line", ["exec git", "export X=1", "export", "cd x", "echo x", "git", "kill 1", "umask 0"]
)
def test_other_builtin_needs_a_pattern(line: str) -> None:
    assert not needs_no_pattern(_words(line))


def _words(line: str) -> Sequence[Word]:
    return next(node.words for node in nodes(parse(line)) if isinstance(node, SimpleCommand))


RUNNING = {".", "builtin", "command", "eval", "exec", "source"}


@pytest.mark.parametrize("name", sorted(name for name, check in BUILTINS.items() if check is None))
def test_builtin_that_takes_anything_evaluates_nothing(name: str, tmp_path: Path) -> None:
    forms = ["{}", "-{}", "+{}", "-n {}", "-s {}", "-l {}", "-p {}", "1 {}", "-- {}"]
    lines = [f"({name} {form.format(repr(HOSTILE))})" for form in forms if name not in RUNNING]
    body = "\n".join(("a=(1 2)", "f() {", "for i in 1; do", *lines, "done", "}", "f"))
    subprocess.run(["bash", "-c", body], cwd=tmp_path, capture_output=True, check=False, timeout=10)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "line",
    [
        "printf '%d %i %o %x %f %*d %.*s %c %b %q %(%s)T'" + " {0}" * 13,
        "printf -- %d {}",
        "read -n {} x",
        "read -N {} x",
        "read -t {} x",
        "read -u {} x",
        "read -d {} -i {} -p {} x",
        "mapfile -n {0} x; mapfile -O {0} x; mapfile -s {0} x; mapfile -u {0} x; mapfile -d {0} x",
        "getopts {} x -a",
        "getopts a x {}",
        "wait -- {}",
        "jobs -- {}",
        "hash -- {}",
        "set -- {}",
        "history {}",
        "[ -t {0} ]; [ {0} -eq 1 ]; [ 1 -lt {0} ]; [ -n {0} -o {0} -nt {0} ]; [ {0} '<' {0} ]",
        "[[ -t {0} || {0} == {0} || {0} < {0} || {0} =~ {0} || -n {0} || -o {0} ]]",
        "trap : {}",
        "f() {{ local x={}; readonly y={}; }}; f",
        "export x={}",
    ],
)
def test_values_that_may_be_anything_are_not_evaluated(line: str, tmp_path: Path) -> None:
    line = "a=(1 2); " + line.format(*[repr(HOSTILE)] * 13)
    subprocess.run(["bash", "-c", line], cwd=tmp_path, capture_output=True, check=False, timeout=10)
    assert not list(tmp_path.iterdir())
