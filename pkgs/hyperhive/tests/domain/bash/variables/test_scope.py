import pytest

from hyperhive.domain.bash.script import Literal, Parameter, RefusedError, Word
from hyperhive.domain.bash.variables.names import check_name
from tests.domain.bash.judging import scope_of


def variable(name: str, *, quoted: bool = True) -> Word:
    return Word((Parameter(name, quoted),))


@pytest.mark.parametrize(
    "line",
    [
        "n=5",
        "n=-1",
        "n=$((a + 1))",
        'n=$(wc -l < "$f")',
        "n=$(git log | wc -l)",
        "n=$(nproc)",
        "n=$(date +%s)",
        "n=$(date -u +%Y%m%d)",
        "n=${#files[@]}",
        "n=$?",
        "m=4; n=$m",
        "m=4; n=${m:-3}",
        "n='1 2 3'",
        "n=$(expr 1 + 2)",
        "n=$(jobs -p)",
        "n=$(git log | grep -c fix)",
        "n=$(grep -ci fix < f)",
        "n=$(stat -c %s f)",
        "for n in 1 2 3; do :; done",
        "for n in {1..5}; do :; done",
        "for n in $(seq 1 5); do :; done",
        "m=2; for n in $(seq $m); do :; done",
        "for ((n=0; n<3; n++)); do :; done",
        "((n = x))",
        "f() { local n; n=3; }",
        "n=(1 2 3); n+=(4)",
        "files=(*); for n in ${!files[@]}; do :; done",
        'n=$(printf %d "$x")',
        "n=0; unset n",
        "sleep 1 & n=$!",
        "n=$PPID",
    ],
)
def test_variable_is_a_number_if_every_value_is_one(line: str) -> None:
    assert scope_of(line).harmless_number(variable("n"))


@pytest.mark.parametrize(
    "line",
    [
        "n=x",
        "n=$(git log)",
        "n=5; read n",
        "n=5; read -ra n",
        "n=5; mapfile n",
        "n=5; printf -v n %s x",
        "n=5; command printf -vn x",
        "n=5; builtin read -r -p x n",
        "n=5; time read n",
        "n=5; wait -np n",
        "n=5; getopts ab n",
        "n=5; (n=x)",
        "n=5; f() { local n=x; }",
        "n=5; f() { local n=$1; }",
        "n=5; trap 'n=x' EXIT",
        "n=5; eval 'n=x'",
        "n=5; echo $(n=x)",
        "n=5; echo x | while read n; do :; done",
        "n=5; for n in -v; do :; done",
        "n=5; for n; do :; done",
        "n=5; for n in $(ls); do :; done",
        "n=5; n=x cat",
        "n=5; n+=x",
        "n=5; n[0]=x",
        "n=(1 x)",
        "n=5; n=$1",
        "n=$m",
        "n=$USER",
        "n=$m; m=$k; k=x",
        "n=$(wc -l f)",
        "n=$(wc -lc < f)",
        "n=$(wc -l < f 2>&1)",
        "n=$(date +x)",
        "n=$(date -d x +%s -f f)",
        "n=$(seq x)",
        "n=$(seq -f a 3)",
        "wc() { echo x; }; n=$(wc -l)",
        "n=$(echo x; wc -l)",
        "n=$(wc -l || echo x)",
        "declare -A m; for n in ${!m[@]}; do :; done",
        "n=${x:+y}",
        "n=${n/1/x}",
        "n=0x1F",
        "n=-",
        "n=--",
        "m=-5; n=${m%5}",
        "m=-5; n=${m:0:1}",
        "n=$(expr x : x)",
        "n=$(grep -c fix f)",
        "n=$(git log | grep -c fix f)",
        "n=$(git log | grep -c -H)",
        "n=$(git log | grep -c $x)",
        "n=$(stat -c %n f)",
        'n=$(stat -c %s "$f")',
        "export n=x; n=5",
        "n=5; . x",
    ],
)
def test_variable_is_no_number_if_one_value_may_be_none(line: str) -> None:
    assert not scope_of(line).harmless_number(variable("n"))


@pytest.mark.parametrize(
    "line",
    [
        "d=src",
        "d=/tmp/x; d=~/x; d=",
        "d=$(mktemp -d)",
        'd="$(pwd)/x"',
        'r=$(git rev-parse --show-toplevel); d="$r/src"',
        "for d in src tests/*; do :; done",
        "d=$HOME/x",
        "e=$d; d=$e; d=x",
    ],
)
def test_variable_is_a_path_if_every_value_begins_like_one(line: str) -> None:
    assert scope_of(line).is_path(variable("d"))
    assert not scope_of(line).is_path(variable("d", quoted=False))


@pytest.mark.parametrize(
    "line",
    [
        "d=-exec",
        "d=src; d=';'",
        "read d",
        "d=$(ls)",
        "d=$1",
        "d=src; d+=x",
        "mktemp() { echo -exec; }; d=$(mktemp)",
        "for d in *; do :; done",
        "for d in $(pwd); do :; done",
        'e=; d="$e$1"',
        'eval "$x"; d=src',
        "d=$(mktemp -d -- -exec.XXX)",
        "d=$(pwd; echo)",
    ],
)
def test_variable_is_no_path_if_one_value_may_be_something_else(line: str) -> None:
    assert not scope_of(line).is_path(variable("d"))


def test_long_chain_of_variables_is_followed() -> None:
    line = "; ".join(f"v{number}=$v{number + 1}" for number in range(2000)) + "; v2000=src"
    assert scope_of(line).is_path(variable("v0"))


def test_variable_that_the_line_does_not_set_is_the_operators() -> None:
    scope = scope_of("x=1; for f in a; do read -r line; done")
    names = ["DIR", "HOME", "x", "f", "line", "1", "@", "?", "_", "PWD", "REPLY", "BASH_REMATCH", "OPTARG"]
    assert [name for name in names if scope.trusted(name)] == ["DIR", "HOME"]


def test_word_is_trusted_if_it_is_one_variable_with_a_path_behind() -> None:
    scope = scope_of("x=1")
    words = {
        "plain": variable("DIR"),
        "unquoted": variable("DIR", quoted=False),
        "with a path": Word(
            (Parameter("DIR", quoted=True), Literal("/src/"), Parameter("NAME", quoted=True))
        ),
        "directory": variable("PWD"),
        "unquoted directory": variable("PWD", quoted=False),
        "an option when the variable is not set": Word((Parameter("DIR", quoted=True), Literal("-exec"))),
        "an option in front": Word((Literal("-"), Parameter("DIR", quoted=True))),
        "set in the line": variable("x"),
        "a default": Word((Parameter("DIR", True, operator=":-", argument=Word((Literal("-v"),))),)),
        "literal": Word((Literal("x"),)),
    }
    assert [name for name, word in words.items() if scope.trusted(word)] == [
        "plain",
        "unquoted",
        "with a path",
        "directory",
    ]


def test_nothing_is_certain_where_a_text_runs_that_nobody_read() -> None:
    scope = scope_of("n=5", uncertain=True)
    assert not scope.trusted("DIR")
    assert not scope.harmless_number(variable("n"))
    assert not scope.evaluates_nothing("n")
    assert scope.harmless_number(variable("?"))


@pytest.mark.parametrize("line", ["eval $x", ". ./f", "source f", "trap $x EXIT", "builtin eval $x"])
def test_unread_script_of_the_same_shell_makes_everything_uncertain(line: str) -> None:
    assert scope_of(line).uncertain


def test_inherited_variable_is_neither_trusted_nor_a_number() -> None:
    scope = scope_of("n=1", inherited=("n", "DIR"))
    assert not scope.trusted("DIR")
    assert not scope.harmless_number(variable("n"))
    assert scope.assigned == {"n"}


def test_every_way_of_setting_a_variable_is_seen() -> None:
    scope = scope_of(
        "a=1; b[0]=2; c+=(x); for d in x; do :; done; for ((e=0; f++; --g)); do read -rp x h i; done; "
        "mapfile -t j; printf -v k x; getopts x l; wait -p m; unset n; declare -A o; echo $((p += 1)) "
        "${x:q=1}; IFS= read r; export s=1; typeset -g t; readonly u=1; export -n v; w=1 cat; local z=1 y"
    )
    assert "".join(sorted(scope.assigned)) == "abcdefghijklmnopqrtuvyz"
    assert scope.exported == {"s"}
    assert "".join(sorted(scope.arrays)) == "bcjo"
    assert not any(map(scope.trusted, "abcdefghijklmnopqrstuvwyz"))


@pytest.mark.parametrize(
    "line", ["cd x", "f() { cd x; }", "(pushd x)", "command cd x", "cd", "popd", "cd /w/..", "cd /w/src/.."]
)
def test_change_of_directory_is_seen(line: str) -> None:
    assert scope_of(line, directory="/w").moves


@pytest.mark.parametrize("line", ["cd /w", "cd -- /w/", "cd /w/.", "echo cd x", "sh -c 'cd x'"])
def test_going_to_the_state_directory_is_no_move(line: str) -> None:
    assert not scope_of(line, directory="/w").moves


def test_variables_that_something_else_looks_for_may_not_be_set() -> None:
    names = [
        "x",
        "N",
        "GIT_DIR",
        "REPLY",
        "MAPFILE",
        "PATH",
        "IFS",
        "BASH_ENV",
        "LC_ALL",
        "LD_PRELOAD",
        "PS4",
    ]
    names += [
        "PSALM",
        "histchars",
        "CLAUDECODE",
        "ZSH_X",
        "OSTYPE",
        "_",
        "UID",
        "GLOBSORT",
        "BASH_TRAPSIG",
        "a-b",
    ]

    def refused(name: str) -> bool:
        try:
            check_name(name)
        except RefusedError:
            return True
        return False

    assert [name for name in names if not refused(name)] == ["x", "N", "GIT_DIR", "REPLY", "MAPFILE", "PSALM"]


@pytest.mark.parametrize("name", ["N", "npm_config_x", "http_proxy", "_x"])
def test_script_for_sh_sets_names_that_no_program_looks_for_only(name: str) -> None:
    with pytest.raises(RefusedError, match="in the environment"):
        check_name(name, posix=True)
    check_name("name_2", posix=True)


def test_scope_of_a_long_script_takes_no_longer_than_it_is_long() -> None:
    chain = "; ".join(f"n{i}=$n{i + 1}" for i in range(4000)) + "; n4000=1"
    assert scope_of(chain).harmless_number(variable("n0"))
