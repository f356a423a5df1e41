import pytest

from hyperhive.domain.bash_builtins import check_builtin
from hyperhive.domain.bash_parts import SimpleCommand
from hyperhive.domain.bash_refusals import RefusedError
from hyperhive.domain.bash_syntax import parse_script
from hyperhive.domain.bash_words import literal_word


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
