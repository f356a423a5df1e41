import pytest

from hyperhive.domain.bash.builtins import check_builtin, harmless_name
from hyperhive.domain.bash.parser import parse_script
from hyperhive.domain.bash.script import Part, RefusedError, SimpleCommand, literal_word


def check(line: str) -> None:
    (command,) = [part for part in parse_script(line) if isinstance(part, SimpleCommand)]
    check_builtin(command.words)


@pytest.mark.parametrize(
    "line",
    [
        "git alias",
        "echo -v",
        "set -euo pipefail",
        "set +x",
        "set -o errexit",
        "read -r line",
        "read -ra parts",
        "read",
        "read -r -d '' x",
        "mapfile -t lines",
        "printf '%s\\n' \"$x\"",
        "printf -- '-v'",
        "wait $!",
        "wait",
        "jobs -l",
        "printf 'a'",
        "test -f x",
        'test "$x" = y',
    ],
)
def test_harmless_use_of_a_builtin_is_fine(line: str) -> None:
    check(line)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("alias x=y", "builtin"),
        ("trap x EXIT", "builtin"),
        ("hash -p x y", "builtin"),
        ("set -k", "builtin"),
        ("set -o allexport", "builtin"),
        ("set -- a", "builtin"),
        ("set", "builtin"),
        ("let x=1", "assignment"),
        ("getopts a PATH", "assignment"),
        ("read PATH", "assignment"),
        ("read 'a[$(id)]'", "assignment"),
        ('read "$x"', "builtin"),
        ("mapfile -C id x", "assignment"),
        ("readarray PATH", "assignment"),
        ("printf -v PATH x", "assignment"),
        ("printf %n PATH", "assignment"),
        ("printf -- %n PATH", "assignment"),
        ('printf "$x" PATH', "builtin"),
        ("printf $x", "builtin"),
        ("wait -p PATH", "builtin"),
        ("wait $x", "builtin"),
        ("jobs -x id", "builtin"),
        ("test -v 'a[$(id)]'", "condition"),
        ("test $x", "condition"),
    ],
)
def test_builtin_that_changes_what_later_commands_mean_is_refused(line: str, rule: str) -> None:
    with pytest.raises(RefusedError) as refused:
        check(line)
    assert refused.value.rule == rule


def test_declaration_reached_through_another_builtin_is_refused() -> None:
    with pytest.raises(RefusedError, match="sets variables"):
        check_builtin([literal_word("export"), literal_word("PATH=/tmp")])


def test_only_names_that_no_program_looks_for_are_harmless() -> None:
    names = [
        "x",
        "file",
        "fileName",
        "i2",
        "PATH",
        "IFS",
        "GIT_DIR",
        "_",
        "http_proxy",
        "npm_config_x",
        "Path",
        "a-b",
    ]
    assert [name for name in names if harmless_name(name)] == ["x", "file", "fileName", "i2"]


@pytest.mark.parametrize(
    "line",
    [
        "[ -f x ]",
        "[ ! -d .git ]",
        '[ "$x" = y ]',
        '[ -n "$x" ]',
        '[ "$x" ]',
        "[ $? -eq 0 ]",
        '[ "$x" -gt 3 ]',
        "[ a -a b ]",
        "[[ -f $x ]]",
        "[[ $x == a* && ( -d y || ! -e z ) ]]",
        "[[ $x =~ ^v[0-9]+$ ]]",
        "[[ $? -eq 0 ]]",
        "[[ 1 -lt 2 ]]",
    ],
)
def test_simple_condition_runs_nothing(line: str) -> None:
    assert parse_script(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "[ -v x ]",
        "[ $x ]",
        "[ $x = y ]",
        "[ *.py ]",
        '[ "$a" -a "$b" ]',
        "[ ! -v x ]",
        "[ a -o -v x ]",
        "[[ -v x ]]",
        "[[ $x -eq 1 ]]",
        "[[ 1 -lt a ]]",
        "[[ a[0] -eq 1 ]]",
        "[[ -R x ]]",
    ],
)
def test_condition_that_could_evaluate_an_operand_is_refused(line: str) -> None:
    with pytest.raises(RefusedError) as refused:
        parse_script(line)
    assert refused.value.rule == "condition"


@pytest.mark.parametrize(
    "line", ["[ a && b ]", "[ a > b ]", "[[ a\n&& b ]]", "[[ $x =~ (a b) ]]", "[[ a == @(b) ]]", "[ a; [ b ]"]
)
def test_condition_that_bash_reads_differently_is_refused(line: str) -> None:
    with pytest.raises(RefusedError):
        parse_script(line)


def test_substitution_inside_a_condition_is_found() -> None:
    def shown(parts: list[Part]) -> list[str]:
        return [" ".join(word.shown for word in getattr(part, "words", ())) for part in parts]

    assert shown(parse_script('[ "$(id -u)" = 0 ] && [[ -n $(git log) ]]')) == ["id -u", "git log"]
