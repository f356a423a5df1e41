import pytest

from hyperhive.domain.bash.parser import parse_script
from hyperhive.domain.bash.script import RefusedError, SimpleCommand, computed_word, literal_word
from hyperhive.domain.bash.wrappers import (
    Inner,
    InnerCommand,
    InnerScript,
    Options,
    inner_commands,
    operand_index,
    program_name,
    static_text,
)


def inner(line: str) -> list[Inner]:
    (command,) = [part for part in parse_script(line) if isinstance(part, SimpleCommand)]
    return inner_commands(command.words)


def shown(line: str) -> list[str]:
    return [
        " ".join(word.shown for word in found.words)
        if isinstance(found, InnerCommand)
        else f"script: {found.text}"
        for found in inner(line)
    ]


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("git log", []),
        ("env", []),
        ("env -i -u X git log", ["git log"]),
        ("timeout -k 5 10 nice git", ["nice git"]),
        ("xargs -n 1 git show", ["git show {}"]),
        ("xargs -I% git show %", ["git show %"]),
        ("xargs", ["echo {}"]),
        ("find . -name x", []),
        ("find . -exec git add {} + -o -ok rm {} ';'", ["git add {}", "rm {}"]),
        ("bash -euc 'a; b' _ c", ["script: a; b"]),
        ("bash build.sh x", ["./build.sh x"]),
        ("/bin/sh -c a", ["script: a"]),
        ("eval git 'log; x'", ["script: git log; x"]),
        ("watch -n 5 git status", ["script: git status"]),
        ("watch -x git status", ["git status"]),
        ("flock -n /l git gc", ["git gc"]),
        ("flock /l -c 'git gc'", ["script: git gc"]),
        ("su -c 'a b' alice", ["script: a b"]),
        ("command -v git", []),
        ("busybox env git", ["env git"]),
    ],
)
def test_inner_commands_are_found(line: str, commands: list[str]) -> None:
    assert shown(line) == commands


@pytest.mark.parametrize(
    "line",
    [
        "env -S x",
        "env $X",
        "xargs -i git",
        "bash",
        "bash -s",
        "bash -i -c x",
        'bash -c "$X"',
        "bash -oc pipefail x",
        "sh -",
        "find $X",
        "find . -exec git",
        "find . -exec \\;",
        "zsh -c x",
        "parallel x",
        "unshare",
        "su alice",
        "chrt -x git",
        "strace -o '|x' git",
        "source x",
        "flock /l -c a b",
        "exec -a x git",
    ],
)
def test_uncertain_inner_command_is_refused(line: str) -> None:
    with pytest.raises(RefusedError) as refused:
        inner(line)
    assert refused.value.rule == "wrapper"


def test_other_shells_than_bash_read_their_script_as_sh() -> None:
    assert [inner("bash -c x"), inner("sh -c x")] == [
        [InnerScript("x", posix=False)],
        [InnerScript("x", posix=True)],
    ]


def test_replaced_words_are_no_longer_literal() -> None:
    (found,) = inner("xargs -I{} git show {} a")
    assert isinstance(found, InnerCommand)
    assert [word.text for word in found.words] == ["git", "show", None, "a"]


def test_program_is_named_by_the_end_of_its_path() -> None:
    assert [program_name(name) for name in ("env", "/usr/bin/env", "./env")] == ["env"] * 3


OPTIONS = Options(flags="iv", valued="nC", long_flags="--null", long_valued="--chdir", operands=1)


def index(line: str) -> tuple[int, dict[str, str]]:
    return operand_index([literal_word(word) for word in line.split()], OPTIONS)


def test_options_and_own_operands_are_skipped() -> None:
    assert [
        index(line) for line in ("x 5 git", "x -iv -n 3 5 git", "x -in3 --chdir=/a 5", "x --null -- -5 git")
    ] == [
        (2, {}),
        (5, {"i": "", "v": "", "n": "3"}),
        (4, {"i": "", "n": "3", "--chdir": "/a"}),
        (4, {"--null": ""}),
    ]


@pytest.mark.parametrize(
    "line", ["x -z 5 git", "x -iz 5 git", "x --nul 5", "x --null=1 5", "x -5 git", "x -n", "x --zero"]
)
def test_unknown_option_is_refused(line: str) -> None:
    with pytest.raises(RefusedError) as refused:
        index(line)
    assert refused.value.rule == "wrapper"


def test_computed_word_among_the_options_is_refused() -> None:
    with pytest.raises(RefusedError, match="computed when it runs"):
        operand_index([literal_word("x"), computed_word("$y"), literal_word("git")], OPTIONS)
    assert static_text(literal_word("a")) == "a"


def test_special_forms_are_options_only_where_they_are_known() -> None:
    options = Options(dash=True, numeric=True, plus=True, flags="x")
    words = [literal_word(word) for word in ("nice", "-", "-5", "+x", "git")]
    assert operand_index(words, options)[0] == 4
