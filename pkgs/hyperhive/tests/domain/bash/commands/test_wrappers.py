from collections.abc import Sequence

import pytest

from hyperhive.domain.bash.commands.wrappers import (
    WRAPPERS,
    Inner,
    InnerCommand,
    InnerOutput,
    InnerScript,
    embedded,
    inner_commands,
)
from hyperhive.domain.bash.printing.printer import print_script, shown, shown_command
from hyperhive.domain.bash.reading.parser import parse
from hyperhive.domain.bash.script import Embedded, RefusedError, Script, SimpleCommand, Word, nodes
from hyperhive.domain.bash.variables.scope import Scope


def read(line: str) -> tuple[Script, SimpleCommand]:
    """A line with its scripts read, and its last command."""
    script = embedded(parse(line), lambda command: False)
    commands = [node for node in nodes(script.statements[-1]) if isinstance(node, SimpleCommand)]
    return script, commands[0]


def inner(line: str) -> list[Inner]:
    script, command = read(line)
    return inner_commands(command.words, scope(script))


def scope(script: Script) -> Scope:
    """Variables in capitals have the value that the operator gave them."""
    return Scope.of(script, inherited="abdfnxyz")


def described(line: str) -> list[str]:
    _, command = read(line)
    return [one(found, command.words) for found in inner(line)]


def one(found: Inner, words: tuple[Word, ...]) -> str:
    match found:
        case InnerCommand():
            assigned = [f"{name.name}=" for name in found.assignments]
            moves = ["(elsewhere)"] if found.moves else []
            return " ".join([*assigned, *map(shown, found.words), *moves])
        case InnerScript():
            (script,) = words[found.start].pieces
            assert isinstance(script, Embedded)
            return ("sh: " if script.posix else "bash: ") + print_script(script.script).replace("\n", "; ")
        case InnerOutput(word):
            return f"> {shown(word)}"


def refusal(line: str) -> RefusedError:
    """Why a command, or one within it, is refused."""
    script, command = read(line)
    with pytest.raises(RefusedError) as refused:
        judge(command.words, scope(script))
    return refused.value


def judge(words: Sequence[Word], values: Scope) -> None:
    for found in inner_commands(words, values):
        if isinstance(found, InnerCommand):
            judge(found.words, values)


def instead(line: str) -> str | None:
    better = refusal(line).instead
    return shown_command(better.words) if isinstance(better, SimpleCommand) else better


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("git log", []),
        ("env", []),
        ("env -i -u X git log", ["git log"]),
        ("env - A=1 B=$x git log", None),
        ('env - A=1 B="$x" git log', ["A= B= git log"]),
        ("env -C /tmp ./gradlew x", ["./gradlew x (elsewhere)"]),
        ("env --chdir=/tmp git log", ["git log (elsewhere)"]),
        ("env --ignore-signal=PIPE git log", ["git log"]),
        ("timeout -k 5 10 nice git", ["nice git"]),
        ("timeout --signal=KILL 1.5m git log", ["git log"]),
        ("timeout -k5 -- 10 git log", ["git log"]),
        ('timeout "$LIMIT" git log', ["git log"]),
        ("nice -5 git log", ["git log"]),
        ("nohup git log", ["git log"]),
        ("stdbuf -oL -e 0 git log", ["git log"]),
        ("ionice -c 3 git log", ["git log"]),
        ("chrt -o 0 git log", ["git log"]),
        ("taskset -c 0-3 git log", ["git log"]),
        ("setsid -w git log", ["git log"]),
        ("sudo -n -u bob A=1 git log", ["A= git log"]),
        ("sudo -D /tmp git log", ["git log (elsewhere)"]),
        ("unshare -r git log", ["git log"]),
        ("unshare --wd=/tmp git log", ["git log (elsewhere)"]),
        ("nsenter -t 1 -n git log", ["git log"]),
        ("strace -f -o out git log", ["> out", "git log"]),
        ("strace -c git log", ["git log"]),
        ("command -v git", []),
        ('command -v "$x"', []),
        ("command -p git log", ["git log"]),
        ("builtin cd /", ["cd /"]),
        ("exec", []),
        ("exec git log", ["git log"]),
        ("time -p git log", ["git log"]),
        ("/usr/bin/time -v -o out git log", ["> out", "git log"]),
        ("busybox env git", ["env git"]),
        ("timeout --help", []),
        ("genv -i git log", ["git log"]),
        ("env - -u X git log", ["-u X git log"]),
    ],
)
def test_command_behind_options_is_found(line: str, found: list[str] | None) -> None:
    if found is None:
        assert refusal(line).rule == "wrapper"
    else:
        assert described(line) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("xargs", ["echo …"]),
        ("xargs -n 1 git show", ["git show …"]),
        ("xargs -0r -P4 git show", ["git show …"]),
        ("xargs -a list -d , git show", ["git show …"]),
        ("xargs -I% git show %", ["git show %"]),
        ("xargs -I X git show a/X.c", ["git show a/X.c"]),
        ("xargs -I X git status", ["git status"]),
        ("xargs -I X env -u X A=X git log", ["env -u X A=X git log"]),
        ("xargs --max-args=2 -- git show", ["git show …"]),
        ("watch -n 5 git status", ["sh: git status"]),
        ("watch -d 'git status; git log'", ["sh: git status; git log"]),
        ("watch -x git status", ["git status"]),
        ("flock -n /l git gc", ["> /l", "git gc"]),
        ("flock /l -c 'git gc'", ["> /l", "sh: git gc"]),
        ("flock 9", []),
        ("su -c 'a b' alice", ["sh: a b"]),
        ("su alice -c 'a b'", ["sh: a b"]),
        ("script -qec 'a b' log", ["> log", "sh: a b"]),
        ("script -c a", ["> typescript", "sh: a"]),
        ("script -O log -c a", ["> log", "sh: a"]),
        ("sort a b", []),
        ("sort a -o out -k 2", ["> out"]),
        ("sort -uoout -- -o", ["> out"]),
        ("sort --compress-program=gzip a", ["gzip", "gzip -d"]),
        ('sort data/*.txt ~/x "$HOME/y" $FILES', []),
        ('sort -t , -- "$f"', []),
        ("trap 'a b' EXIT", ["bash: a b"]),
        ("trap -- 'a b' INT TERM", ["bash: a b"]),
        ("trap - EXIT", []),
        ("trap '' INT", []),
        ("trap EXIT", []),
        ("trap -p", []),
        ("eval git 'log; x'", ["bash: git log; x"]),
        ("eval -- a", ["bash: a"]),
        ("eval", []),
        ("bash -euc 'a; b' _ c", ["bash: a; b"]),
        ("bash -ceo pipefail a", ["bash: a"]),
        ("bash --norc +e -o errexit -o nounset -c a", ["bash: a"]),
        ("bash --posix -c a", ["sh: a"]),
        ("/bin/sh -c a", ["sh: a"]),
        ("bash build.sh x", ["./build.sh x"]),
        ("bash -x scripts/build.sh", ["scripts/build.sh"]),
        ("bash -n build.sh", []),
        ("bash --version", []),
    ],
)
def test_inside_of_a_special_program_is_found(line: str, found: list[str] | None) -> None:
    if found is None:
        assert refusal(line).rule == "wrapper"
    else:
        assert described(line) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("find", []),
        ("find . -name x", []),
        ("find -L -O2 -D tree . a -maxdepth 2 -type f -not -newermt '1 day ago'", []),
        ("find . \\( -name a -o -name b \\) ! -path c , -print", []),
        ("find . -exec git add {} + -o -ok rm {} ';'", ["git add {}", "rm {}"]),
        ("find . -execdir git add x{}y ';' -okdir rm ';'", ["git add x{}y (elsewhere)", "rm (elsewhere)"]),
        ("find . -fprintf out '%p' -fls ls -fprint0 zero", ["> out", "> ls", "> zero"]),
        ("find . -fprintf -exec git -exec touch x ';'", ["> -exec", "touch x"]),
        ("find src/{a,b} src/* ~/x \"$HOME\" '' -name x", []),
        ("find $DIRS -name x", []),
        ('p=src; find "$p" "$p/x" -exec git $HOME/x "$p" y \';\'', None),
        ('p=src; find "$p" "$p/x" -exec git "$p" y \';\'', ["git ${p} y"]),
        ('find . -name "$n" -newer "$f"', []),
        ('find . -exec grep -n "$x" {} +', ["grep -n ${x} {}"]),
        ('find . -exec grep -n "a$x" -- {} ";"', ["grep -n a${x} -- {}"]),
        ("find . -exec grep -n $HOME/x {} ';'", None),
    ],
)
def test_expression_of_find_is_read_as_find_does(line: str, found: list[str] | None) -> None:
    if found is None:
        assert refusal(line).rule == "wrapper"
    else:
        assert described(line) == found


@pytest.mark.parametrize(
    "line",
    [
        "env -S x",
        "env --chd=/tmp git log",
        'env -C"$x" git touch x',
        "env -a x git log",
        "nice -z git log",
        "nice --adjust=5 git log",
        "nohup -x git log",
        "timeout",
        "timeout x git log",
        "timeout $n git log",
        'timeout "$n" git log',
        "timeout -k",
        "chrt -x git",
        "chrt -o git log",
        "taskset -pc 0 1",
        "unshare",
        "chroot / git log",
        "unshare -R /srv git log",
        "nsenter -t 1 -m git log",
        "sudo -R /srv git log",
        "/lib64/ld-linux-x86-64.so.2 /bin/git",
        "exec -l git log",
        "xargs -I X timeout X git log",
        "sudo -s",
        "sudo -i git log",
        "exec -a x git",
        "time -v git log",
        "strace -o '|x' git",
        "strace -o '|x' -o f git",
        "strace -o f -o '!x' git",
        'strace -o "$f" git',
        "strace -E PATH=. git log",
        "xargs -i git",
        "xargs -J % git %",
        "xargs -l git",
        "xargs -I X -n 2 env",
        "xargs -n 2 -I X env",
        "xargs -IX -L1 stdbuf -oL",
        "xargs -I X --max-args=2 env",
        "xargs -I X --max-lines=2 env",
        "xargs -I X -I Y git",
        'xargs -I "$x" git',
        "xargs bash",
        "xargs bash -c",
        "xargs find .",
        "xargs sort",
        "xargs --process-slot-var=PATH git",
        "watch -dt git status",
        'watch "$x"',
        "flock /l -c a b",
        "flock x",
        'flock "$f" git gc',
        "flock -c a",
        "script",
        "script x y -c a",
        "script -c a -c b",
        'script -c a "$f"',
        "su alice",
        "su - alice -c x",
        "su alice bob -c x",
        "su -s /bin/zsh -c x",
        "bash",
        "bash -s",
        "bash -i -c x",
        'bash -c "$X"',
        "bash -oc pipefail x",
        "bash -opipefail -c x",
        "bash -o keyword -o errexit -c x",
        "bash -O extglob -c x",
        "bash --rcfile x -c y",
        "bash +c x",
        "bash /dev/stdin",
        "bash ''",
        "sh -",
        'eval "$x"',
        "eval -x",
        'trap "$x" EXIT',
        "trap -x EXIT",
        "source x",
        ". x",
        "zsh -c x",
        "parallel x",
        "sort -y a",
        'sort "$f"',
        "sort *.txt",
        "sort $f",
        "find $X/y$z",
        "find $x",
        'find "$x" -name y',
        'find "$1"',
        "find *",
        "find -D -ok true -exec touch x ';'",
        "find . -bogus",
        "find . x -S dfs",
        "find . -name",
        "find . -name *.py",
        "find . -exec git",
        "find . -exec ';'",
        "find . -exec git $x ';'",
        "find . -exec git \"$x\" -exec touch y ';'",
        "find . -exec git {}x + ';'",
        "find . -exec git x + -exec touch y ';'",
        "find . -exec git \"$x\" + ';'",
        "find . -ok git {} + -exec touch y ';'",
        "find . -{exec,x} y ';'",
    ],
)
def test_what_no_table_holds_is_refused(line: str) -> None:
    assert refusal(line).rule == "wrapper"


@pytest.mark.parametrize(
    ("line", "better"),
    [
        ("bash -lc 'git status'", "bash -c 'git status'"),
        ("bash --login -c x", "bash -c x"),
        ("time -v git log", "time git log"),
        ("bash -i -c x", "bash -c x"),
        ('bash -c "wc $f"', """bash -c 'wc "${1}"' _ "${f}\""""),
        ("bash -c \"wc '$f'\" _ a", """bash -c 'wc "${2}"' _ a "${f}\""""),
        ("xargs -I{} sh -c 'echo {}'", """sh -c 'echo "${1}"' _ '{}'"""),
        ("find . -exec sh -c 'wc \"{}\"' ';'", """sh -c 'wc "${1}"' _ '{}'"""),
        ("xargs -i git show {}", "xargs '-I{}' git show '{}'"),
        ("xargs -n1 -I{} git show {}", "xargs '-I{}' git show '{}'"),
        ("xargs -I X -n 1 -t git show X", "xargs -I X -t git show X"),
        ("xargs sort -u", "sort -u --"),
        ('sort "$f" -r', 'sort -r -- "${f}"'),
        ("env -S 'git log' x", "env git log x"),
        ("env A=$x git", "env 'A='\"${x}\" git"),
        ("timeout $n git", 'timeout "${n}" git'),
        ("script -qc'git log' x", "script -qc 'git log' x"),
        ("script --command=git x", "script --command git x"),
        ('trap "rm -f $x" EXIT', "trap 'rm -f \"${x}\"' EXIT"),
        ('eval "git $x"', "the command itself, without `eval`"),
        ("find * -name x", "find ./* -name x"),
        ('find "$x" -name y', 'a path that begins with plain text, such as `find "./${x}"`'),
        ("find $x -name y", 'find "${x}" -name y'),
        ("find . -name *.py", "find . -name '*.py'"),
    ],
)
def test_refusal_says_what_to_write_instead(line: str, better: str) -> None:
    assert instead(line) == better


def test_programs_of_an_environment_are_started_by_their_path() -> None:
    assert "such as `.venv/bin/python`" in (instead("source .venv/bin/activate") or "")


@pytest.mark.parametrize(
    "line",
    ["bash -c 'wc {}' {}", "find . -{exec,x} y ';'", "env 'A B=1' git"],
)
def test_refusal_without_a_better_line_has_none(line: str) -> None:
    assert not isinstance(refusal(f"xargs -I{{}} {line}").instead, str)


@pytest.mark.parametrize(
    ("line", "printed"),
    [
        ("timeout 5 bash -c 'a;  b'", "timeout 5 bash -c 'a\nb'"),
        ("env A=1 bash -c 'a;b'", "env 'A=1' bash -c 'a\nb'"),
        ("find . -exec sh -c 'a;b' _ {} ';'", "find . -exec sh -c 'a\nb' _ '{}' ';'"),
        ("xargs sh -c 'a;b'", "xargs sh -c 'a\nb'"),
        ("eval a 'b;c'", "eval 'a b\nc'"),
        ("command eval 'a;b'", "command eval 'a\nb'"),
        ("watch a 'b;c'", "watch 'a b\nc'"),
        ("bash -c 'bash -c \"a;b\"'", "bash -c 'bash -c '\\''a\nb'\\'''"),
        ("flock /l nice su -c 'a;b' x", "flock /l nice su -c 'a\nb' x"),
    ],
)
def test_script_is_printed_like_the_rest_wherever_it_stands(line: str, printed: str) -> None:
    script, _ = read(line)
    assert print_script(script).rstrip("\n") == printed


def test_script_for_another_shell_than_bash_is_read_as_sh_with_eval_in_it() -> None:
    _, command = read("sh -c 'eval a'")
    (outer,) = command.words[2].pieces
    assert isinstance(outer, Embedded)
    (evaluated,) = [node for node in nodes(outer.script) if isinstance(node, Embedded)]
    assert (outer.posix, outer.same_shell) == (True, False)
    assert (evaluated.posix, evaluated.same_shell) == (True, True)


def test_command_that_the_operator_wrote_out_stays_as_it_is() -> None:
    line = parse("timeout 5 bash -c 'a;  b'")
    assert embedded(line, lambda command: command.words[0].text == "bash") == line
    assert embedded(line, lambda command: command.words[0].text == "timeout") == line


@pytest.mark.parametrize("line", ["bash -c 'a ('", "bash -c ' -x' 'touch x'", "eval ''", "watch ' +x' y"])
def test_script_that_cannot_be_read_stays_and_is_refused(line: str) -> None:
    script = parse(line)
    assert embedded(script, lambda command: False) == script
    assert refusal(line).rule in ("unparsable", "wrapper")


def test_script_whose_printed_text_holds_the_placeholder_is_refused() -> None:
    assert "replaced within the text of a script" in str(refusal("xargs -I '\n' sh -c 'a;b'"))


def test_quotes_in_quotes_do_not_grow_without_bound() -> None:
    script = embedded(parse("eval " * 40 + "a"), lambda command: False)
    assert len(print_script(script)) < 10_000


def test_row_of_scripts_ends_at_some_number() -> None:
    with pytest.raises(RefusedError, match="more than 300 scripts"):
        embedded(parse("bash -c a; " * 301), lambda command: False)


def test_wrappers_are_nested_only_so_deep() -> None:
    script = parse("env " * 2000 + "bash -c 'a;  b'")
    assert embedded(script, lambda command: False) == script


def test_keyword_time_calls_functions_of_the_line_and_the_program_does_not() -> None:
    assert [
        [found.same_shell for found in inner(line) if isinstance(found, InnerCommand)]
        for line in ("time f", "/usr/bin/time f", "command f", "env f")
    ] == [[True], [False], [False], [False]]


@pytest.mark.parametrize("line", ["env $x", 'env "$x" git log', "find . -exec {} x ';'", "xargs -I X X"])
def test_computed_name_of_an_inner_command_is_for_the_caller_to_refuse(line: str) -> None:
    (found,) = inner(line)
    assert isinstance(found, InnerCommand)
    assert found.words[0].text is None


def test_slices_point_at_the_words_of_the_outer_command() -> None:
    assert [
        [(found.start, found.end) for found in inner(line) if not isinstance(found, InnerOutput)]
        for line in (
            "env A=1 git log",
            "find . -exec rm {} ';'",
            "xargs -I X git X",
            "bash -c a b",
            "eval a b",
        )
    ] == [[(2, 4)], [(3, 5)], [(3, 5)], [(2, 3)], [(1, 2)]]


def test_names_that_start_others_are_known() -> None:
    assert {"env", "find", "bash", "eval", "source", ".", "zsh", "time", "sort"} <= WRAPPERS
    assert "git" not in WRAPPERS
