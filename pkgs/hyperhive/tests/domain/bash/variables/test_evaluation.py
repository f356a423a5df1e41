import os
import subprocess
from itertools import product
from pathlib import Path

import pytest

from hyperhive.domain.bash.printing.printer import print_script, shown_command
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import (
    DoubleBracket,
    Group,
    Pipeline,
    RefusedError,
    Script,
    SimpleCommand,
    Statement,
    nodes,
)
from hyperhive.domain.bash.variables.evaluation import check_condition
from hyperhive.domain.bash.variables.scope import Scope
from tests.domain.bash.judging import check, refusal


@pytest.mark.parametrize(
    "line",
    [
        "[ -f x ]",
        "[ ! -d .git ]",
        '[ "$x" = y ]',
        '[ "$x" = "$y" ]',
        '[ ! "$x" = "$y" ]',
        '[ -n "$x" ]',
        '[ "$x" ]',
        '[ ! "$x" ]',
        "[ $? -eq 0 ]",
        "[ $# -eq 0 ]",
        '[ "$x" -gt 3 ]',
        "i=0; while [ $i -lt 3 ]; do i=$((i+1)); done",
        "[ $COUNT -gt 3 ]",
        "[ ${#x} -gt 3 ]",
        "[ a -a b ]",
        "[ -f a -a -f b ]",
        '[ -n "$x" -o -n "$y" ]',
        '[ "$x" = a -o "$y" = b ]',
        "[ -v x ]",
        "[ -d ~/x ]",
        '[ "$(id -u)" = 0 ]',
        "[ -t 1 ]",
        'test -z "$x"',
        "[[ -f $x ]]",
        "[[ $x == a* && ( -d y || ! -e z ) ]]",
        "[[ $x =~ ^v[0-9]+$ ]]",
        "[[ $(git log) ]]",
        "[[ $? -eq 0 ]]",
        "[[ 1 -lt 2 ]]",
        "[[ $n -gt 3 ]]",
        "n=3; [[ $n -gt 3 ]]",
        "n=3; [[ n -gt 3 ]]",
        "[[ ${#files[@]} -eq 0 ]]",
        "[[ $(wc -l < f) -eq 0 ]]",
        "[[ -v x ]]",
    ],
)
def test_condition_that_evaluates_nothing_is_fine(line: str) -> None:
    check(line)


@pytest.mark.parametrize(
    "line",
    [
        "[ $x = y ]; read x",
        "[ *.py ]",
        '[ "$@" ]',
        'read a b; [ "$a" "$b" ]',
        'read a b; [ "$a" "$b" = x ]',
        'read a b; i=; [ "$a" $i "$b" ]; i=3',
        "[ -v 'a[$(id)]' ]",
        'read x; [ -v "$x" ]',
        'read y; [ -v"$x" "a[$y]" ]',
        '[ ! -v "$1" ]',
        "[ a -o -v 'x[y]' ]",
        "read x; [ \"$x\" 'a[$(id)]' ]",
        "for a in -v; do test \"$a\" 'x[$(id)]'; done",
        "[[ -v 'a[$(id)]' ]]",
        "[[ -v $x ]]",
        "[[ -v a[x] ]]",
        "read x; [[ $x -eq 1 ]]",
        "[[ $1 -eq 1 ]]",
        "read x; [[ 1 -lt x ]]",
        "[[ 'a[0]' -eq 1 ]]",
        "[[ $(git log) -eq 1 ]]",
        "[ x",
    ],
)
def test_condition_that_could_evaluate_an_operand_is_refused(line: str) -> None:
    assert refusal(line) == "condition"


@pytest.mark.parametrize(
    "line",
    [
        'echo "$((a + b))"',
        "if (( n > 3 )); then echo; fi",
        "for ((i=0; i<3; i++)); do echo $i; done",
        "n=$(wc -l < f); echo $((n + 1)) $(( $n * 2 ))",
        "echo $(( $(wc -l < a) + $(wc -l < b) ))",
        "echo $(( ${#x} + $# ))",
        'total=0; for f in *; do n=$(wc -l < "$f"); total=$((total + n)); done',
        "i=0; while read -r line; do ((i++)); done",
        "i=0; while read -r line; do i=$((i + 1)); echo $i; done",
        'f() { local n=0; while read -r x; do n=$((n + 1)); done; echo "$n"; }',
        "x=a; y=$x; ((n = 3, m = n))",
        "mapfile -t lines; for i in ${!lines[@]}; do echo ${lines[i]} ${lines[$i]}; done",
        'echo "${x:0:3}" "${x:1}" "${x: -1}"',
        "n=2; echo ${x:n} ${x:$n:n}",
        'echo "${!x}"',
        "x=HOME; echo ${!x}",
        "for x in HOME DIR; do echo ${!x}; done",
        "declare -A m; m[a]=1; echo ${m[a]} ${!m[@]} ${m[@]} ${#m[@]}",
        "for k in a b; do m[$k]=1; done",
        'declare -A m; while read -r k; do m[$k]=x; done; for k in "${!m[@]}"; do echo "${m[$k]}"; done',
        'f() { local -A m; for k in *; do m[$k]=1; done; echo "${m[$k]}"; }',
        "x=$(git log); start=$SECONDS; echo $((SECONDS - start))",
        "x=$(git log); end=$(( $(date +%s) + 60 )); while [ $(date +%s) -lt $end ]; do ((end--)); done",
        'x=$(git log); for ((i=0; i<${#x}; i++)); do echo "${x:i:1}"; done',
        'mapfile -t a; for ((i=0; i<${#a[@]}; i++)); do echo "${a[i]}"; done',
        'while getopts "ab:" o; do case $o in a) x=1 ;; esac; done; shift $((OPTIND - 1))',
        "make; (( PIPESTATUS == 0 )) || [ ${PIPESTATUS[0]} -eq 1 ]",
        "echo ${x:-d} ${x/a/b} ${x^^} ${x@Q} ${x%.*}",
    ],
)
def test_arithmetic_and_expansions_over_numbers_are_fine(line: str) -> None:
    check(line)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("read n; echo $((n))", "arithmetic"),
        ("echo $(( $1 ))", "arithmetic"),
        ("n=$(git log); ((n > 3))", "arithmetic"),
        ("n=m; m='a[$(id)]'; echo $((n))", "arithmetic"),
        ("x='a[$(id)]'; echo $((USER))", "arithmetic"),
        ("x='a[$(id)]'; ((USER++))", "arithmetic"),
        ("x=PATH; echo $(( $x = 1 ))", "arithmetic"),
        ("x=PATH--; echo $((x))", "arithmetic"),
        ("x=-PATH; echo $(( -$x ))", "arithmetic"),
        ("echo $(( $(git log) ))", "arithmetic"),
        ("read n; for ((i=0; i<n; i++)); do :; done", "arithmetic"),
        ("read n; echo ${x:n}", "arithmetic"),
        ("read n; echo ${x:0:$n}", "arithmetic"),
        ("read n; echo ${a[n]}", "arithmetic"),
        ("read n; echo ${#a[$n]}", "arithmetic"),
        ("read n; a[n]=1", "arithmetic"),
        ("read n; a[$n]=1", "arithmetic"),
        ("read k; m[$k]=1; declare -A m", "arithmetic"),
        ("(declare -A m); read k; m[$k]=1", "arithmetic"),
        ("true && declare -A m; read k; echo ${m[$k]}", "arithmetic"),
        ("declare -A m; f() { local m; read k; m[$k]=1; }", "arithmetic"),
        ("m=(1); declare -A m; read k; m[$k]=1", "arithmetic"),
        ("read -am; declare -A m; read k; m[$k]=1", "arithmetic"),
        ("declare -A m; unset m; read k; m[$k]=1", "arithmetic"),
        ("f() { declare -A m; }; f; read k; m[$k]=1", "arithmetic"),
        ("read x; echo ${!x}", "expansion"),
        ("x='a[$(id)]'; echo ${!x}", "expansion"),
        ("n=$((REPLY))", "arithmetic"),
        ("read; ((REPLY))", "arithmetic"),
    ],
)
def test_evaluation_of_what_may_be_more_than_a_number_is_refused(line: str, rule: str) -> None:
    assert refusal(line) == rule


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("[[ $1 -gt 3 ]]", '[ "${1}" -gt 3 ]'),
        ("[[ ! $1 -gt 3 ]]", '{\n! [ "${1}" -gt 3 ]\n}'),
        ("[[ -n $1 && $1 -gt 3 ]]", '{\n[[ -n "${1}" ]] &&\n[ "${1}" -gt 3 ]\n}'),
    ],
)
def test_refused_comparison_says_how_to_write_it(line: str, instead: str) -> None:
    script = parse(line)
    (command,) = [node for node in nodes(script) if isinstance(node, DoubleBracket)]
    with pytest.raises(RefusedError) as refused:
        check_condition(command, Scope.of(script))
    assert isinstance(refused.value.instead, SimpleCommand | Group)
    printed = print_script(Script((Statement(Pipeline((refused.value.instead,))),)))
    assert printed.strip() == instead
    check(printed)


def test_refused_test_is_written_with_quotes() -> None:
    with pytest.raises(RefusedError) as refused:
        check("[ $1 = y ]")
    assert isinstance(refused.value.instead, SimpleCommand)
    assert shown_command(refused.value.instead.words) == '[ "${1}" = y ]'


# Each may leave `USER` or `x` with a value that names `root`, which runs a command when it is evaluated.
SETTING = [
    ":",
    "USER=0",
    "USER=$((1/0))",
    "USER=0 y=$((1/0))",
    "{ : $((1/0)); USER=0; }",
    "if : $((1/0)); then USER=0; fi",
    "false && USER=0",
    "true || USER=0",
    "if false; then USER=0; fi",
    "while false; do USER=0; done",
    "for USER in; do :; done",
    "for USER in 1; do :; done",
    "case x in y) USER=0;; esac",
    "((USER=0))",
    "((0 && (USER=0)))",
    "((USER=1/0))",
    "for ((USER=0; USER<1; USER++)); do :; done",
    "USER=0 &",
    "(USER=0)",
    "USER=0 | :",
    "USER=0 > /nonexistent/x",
    ": $(USER=0)",
    "USER=0 :",
    "readonly USER; USER=0",
    "readonly USER=0",
    "declare USER",
    "declare USER=0",
    "declare -a USER",
    "export USER",
    "local USER=0",
    "USER+=1",
    "USER[1]=1",
    "USER=(1 2)",
    "unset USER",
    "trap 'USER=0' EXIT",
    "eval 'USER=0'",
    "f() { USER=0; }; f",
    "f() { local USER=0; g; }; g() { unset USER; echo $((USER)); }; f",
    "f() { local USER=0; g; }; g() { echo $((USER)); }; g; f",
    "f() { local USER=0; trap 'echo $((USER))' EXIT; }; f",
    "f() { local USER=0; h() { echo $((USER)); }; }; f; h",
    "x=USER",
    "x=root",
    "x=$USER",
    "x=${USER:-0}",
    "x=${nothing:-root}",
    "x=(root)",
    "x=-root",
    "x=-; y=root",
    "x=1+root",
    "x='1 root'",
    "read x <<< root",
    "read -a x <<< root",
    "mapfile -t x <<< root",
    "printf -v x %s root",
    "for x in root; do :; done",
    "for x in {root,1}; do :; done",
    "set -- root; x=$1",
    "x=$(echo root)",
    "x=$(printf %d root)",
    "x=$(echo root | wc -l)",
    "declare -l x=ROOT",
    "x=${root/a/a}",
    "x=3; x=$((x + 1))",
    "x=0; x+=5",
    "x=0; x+=root",
    "x=${x:-root}",
    "x=USER; USER=0",
    "wc() { echo root; }; x=$(wc -l)",
    "declare -A a",
    "declare -A a x",
    "(declare -A a)",
    "if false; then declare -A a; fi",
    "declare -A a; unset a",
    "a=(1); declare -A a",
    "a[0]=1; declare -A a",
    "read -ra a <<< 1; declare -A a",
    "mapfile a <<< 1; declare -A a",
    "declare -a a; declare -A a",
    "f() { declare -A a; }; f",
    "f() { local -A a; g; }; g() { a[$root]=1; }; f; g",
    "declare -A a; f() { local a; a[$root]=1; }; f",
    "declare -A a; f() { unset a; a[$root]=1; }; f",
    "declare -i USER=1/0",
    "declare -i x=USER",
    "x=-5; x=${x:0:1}",
    "USER=$SECONDS",
    "USER=$((SECONDS + 1))",
    "USER=${#root}",
    "USER=$((${#root} / 0))",
]
EVALUATING = [
    "echo $((USER)) $((x))",
    "echo $((USER + 1))",
    "((USER++))",
    "((++x))",
    "((x += 1))",
    "((USER = USER + 1))",
    "((USER = 1)); echo $((USER))",
    "[[ $x -eq 0 ]]",
    "[[ x -eq 0 ]]",
    "[[ USER -eq 0 ]]",
    "echo ${a[USER]} ${a[x]}",
    "echo ${a[$x]}",
    "a[x]=1",
    "a[$USER]=1",
    "v=abc; echo ${v:x}",
    "v=abc; echo ${v:0:$USER}",
    "declare -i y; y=$x",
    "declare -i USER; USER=$USER",
    "for ((i=0; i<x; i++)); do break; done",
    "f2() { local n=$x; echo $((n)); }; f2",
    "f3() { local USER=1; echo $((USER)); }; f3",
    "n=$x; echo $((n))",
    "echo $(( $x )) $(( -$x ))",
    "root2=$USER; echo ${!x}",
    "[ $x -eq 1 ]",
    "[ $USER -eq 1 ] && [ -v x ]",
    "while [ $x -lt 3 ]; do x=$((x + 1)); done",
    "trap 'echo $((USER + x))' EXIT",
    "eval 'echo $((x))'",
    "a[$root]=1",
    "echo ${a[$root]} ${#a[$root]}",
    "echo $(( ${a[$root]:-1} ))",
    "k=$root; a[$k]+=1; for k in ${!a[@]}; do echo ${a[$k]}; done",
]


def test_what_is_accepted_evaluates_no_hostile_value_in_the_real_bash(tmp_path: Path) -> None:
    accepted = []
    hostile = "root='a[$(: >MARKER)]'"
    for setting, evaluating in product(SETTING, EVALUATING):
        line = f"{hostile}\n{setting}\n{evaluating}"
        if refusal(line) is None:
            accepted.append(line)
    environment = {"PATH": os.environ["PATH"], "USER": "root"}
    for line in accepted:
        subprocess.run(
            ["bash", "-c", print_script(parse(line))],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            timeout=10,
            stdin=subprocess.DEVNULL,
        )
        assert not list(tmp_path.iterdir()), line
    assert len(accepted) > 200
