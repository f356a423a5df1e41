import os
import random
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path

import pytest

from hyperhive.domain.bash import judge
from hyperhive.domain.bash.parser import MAX_DEPTH, parse_script
from hyperhive.domain.bash.script import (
    Part,
    Redirection,
    Refusal,
    RefusedError,
    SimpleCommand,
    UnparsableError,
    Word,
    literal_word,
)

BASH = shutil.which("bash")
needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")
PATTERNS = [
    "git *",
    "env *",
    "nice *",
    "xargs *",
    "timeout *",
    "bash *",
    "sh *",
    "eval *",
    "time *",
    "command *",
    "> out*",
]

ATOMS = [
    "git", "git log", "git 'a b'", 'git "$x"', "git $x", "forbidden", "echo forbidden", "git forbidden",
    "git '$(forbidden)'", 'git "a\\""', "git \\'", 'git "`git`"', "git # x",
    "cat <<'EOF'\nforbidden\nEOF\n", "cat <<EOF\n$(git)\nEOF\n", "git a#b", "git {a,b}", "[ -f x ]",
    "[[ a == b ]]", "git ${x:-y}", "git $((1+2))", "git \\\n log", "git > out", "git 2>&1", "git <<< x",
    "git - <<E\nforbidden\nE\n",
]  # fmt: skip
FORMS = [
    "{a}; {b}", "{a} && {b}", "{a} | {b}", "{a}\n{b}", "{{ {a}; }}", "({a})", "git $({a})",
    'git "$({a})" {b}', "git `{a}`", "if {a}; then {b}; fi", "for x in a b; do {a}; done",
    "case x in x) {a};; y) {b};; esac", "git <({a})", "! {a}", "{a} & {b}", "cat <<EOF\n{a}\nEOF\n{b}",
    "cat <<'EOF'\n{a}\nEOF\n{b}", "cat <<EOF | {a}\n$({b})\nEOF\n", "bash -c '{a}'", 'sh -c "{a}"',
    "eval '{a}'", 'git "{a}"', "git '{a}'", "git ${{x:-{a}}}", "{a} # {b}", "{a} #{b}\n{b}", "git \\\n{a}",
    "$(echo {a})", "[[ {a} ]]", "[ {a} ]", "git $'{a}'", "{a} || {b}", "time {a}", "env {a}", "xargs {a}",
    "git <<< {a}", "x={a} {b}", "> out {a}", "for x in '{a}'; do {b}; done", "git > out {a}", "nice {a}",
]  # fmt: skip
MUTATIONS = [
    " ", "\n", ";", "&&", "|", "&", "$(", ")", "(", "`", "'", '"', "\\", "#", "{", "}", "<<EOF", "\nEOF\n",
    "if ", "then ", "case ", "esac", "do ", "[[ ", " ]]", "[ ", " ]", "((", "))", "<(", "${", "=", "!", "*",
    "$'", "\\\n", "<", ">&", "<<<", "$((", "$x", "~", "?", "+(", ",", ";;", "é", "\xa0", "\t", "forbidden",
    "'a[$(forbidden)]'",
]  # fmt: skip


def words(*texts: str) -> SimpleCommand:
    return SimpleCommand(tuple(literal_word(text) for text in texts))


def test_parts_come_in_order_and_substitutions_before_their_command() -> None:
    assert parse_script("A=1 git \"$(id -u)\" > 'out file' | head -3 # end") == [
        Refusal("assignment", "`A=1` is refused: it can change what an allowed program runs"),
        words("id", "-u"),
        Redirection(">", literal_word("out file")),
        SimpleCommand((literal_word("git"), Word(None, "$(id -u)", ""))),
        words("head", "-3"),
    ]


def test_compound_commands_yield_everything_that_they_run() -> None:
    script = """
    if a; then b; elif c; then d; else e; fi
    for x in 1; do f; done
    case y in z) g;; esac
    while h; do i; done
    """
    assert parse_script(script) == [words(letter) for letter in "abcdefghi"]


@pytest.mark.parametrize("line", ["git &> x", "git |& x", "git <<< x", "git <(x)", "[[ -f x ]]", "git $'x'"])
def test_sh_refuses_what_it_would_read_differently(line: str) -> None:
    parse_script(line)
    with pytest.raises(RefusedError, match=r"in sh|not supported"):
        parse_script(line, posix=True)


def compose(chance: random.Random, depth: int = 0) -> str:
    if depth > 2 or chance.random() < 0.35:
        return chance.choice(ATOMS)
    return chance.choice(FORMS).format(a=compose(chance, depth + 1), b=compose(chance, depth + 1))


def mutate(chance: random.Random, line: str) -> str:
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        at = chance.randrange(len(line) + 1)
        if chance.random() < 0.6:
            line = line[:at] + chance.choice(MUTATIONS) + line[at:]
        else:
            line = line[:at] + line[at + chance.randint(1, 3) :]
    return line


def recorded(directory: Path, line: str) -> str:
    """Run a line in a real bash whose PATH holds recorders and a few wrappers; return who ran."""
    record = directory / "record"
    record.write_text("")
    with subprocess.Popen(
        [str(BASH), "-c", line],
        env={"PATH": str(directory / "bin"), "LC_ALL": "C.UTF-8"},
        cwd=directory / "cwd",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return record.read_text()


@pytest.fixture
def recorders(tmp_path: Path) -> Path:
    (tmp_path / "cwd").mkdir()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "forbidden"):
        # What git prints is the forbidden name: output that is run as a command shows as well.
        program = programs / name
        program.write_text(f"#!{BASH}\necho {name} >> {tmp_path}/record\necho forbidden\n")
        program.chmod(0o755)
    for name in ("env", "nice", "xargs", "timeout", "bash", "sh", "cat"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    return tmp_path


@needs_bash
def test_recorders_show_what_ran(recorders: Path) -> None:
    assert recorded(recorders, "git log; env forbidden").split() == ["git", "forbidden"]


@needs_bash
def test_nothing_forbidden_runs_in_bash_when_the_line_was_allowed(recorders: Path) -> None:
    chance = random.Random(20260403)
    ran = 0
    while ran < 200:
        line = mutate(chance, compose(chance))
        if "forbidden" not in line or not judge(line, PATTERNS).allowed:
            continue
        ran += 1
        assert "forbidden" not in recorded(recorders, line).split(), line


@needs_bash
def test_allowed_lines_of_the_corpus_are_valid_bash() -> None:
    corpus = tomllib.loads(Path(__file__).with_name("corpus.toml").read_text())
    lines = {entry["line"] for theme in corpus["themes"].values() for entry in theme if entry["allow"]}
    refused = [
        line
        for line in random.Random(20260404).sample(sorted(lines), 150)
        if subprocess.run([str(BASH), "-n", "-c", line], capture_output=True, check=False).returncode != 0
    ]
    assert refused == []


def redirected(operator: str, target: str) -> Part:
    return Redirection(operator, literal_word(target))


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("a > b", [redirected(">", "b"), words("a")]),
        ("a 2>>b", [redirected(">>", "b"), words("a")]),
        ("a &> b", [redirected("&>", "b"), words("a")]),
        ("a >& b", [redirected(">&", "b"), words("a")]),
        ("a < b > c", [redirected("<", "b"), redirected(">", "c"), words("a")]),
        ("a > b c d", [redirected(">", "b"), words("a", "c", "d")]),
        ("> b a c", [redirected(">", "b"), words("a", "c")]),
        ("> b", [redirected(">", "b")]),
        ("a 2>&1 <&3 >&- 3>&4-", [words("a")]),
        ("a > >(b) < <(c)", [words("b"), words("c"), words("a")]),
        ("a <<< b", [words("a")]),
        ("{ a; } > b", [words("a"), redirected(">", "b")]),
        ("a $(< b)", [redirected("<", "b"), *parse_script("a $(< b)")[1:]]),
    ],
)
def test_redirections_and_the_words_around_them_are_found(line: str, parts: list[Part]) -> None:
    assert parse_script(line) == parts


@pytest.mark.parametrize("line", ["a <> b", "a {fd}> b", "a >\nb", "a 2 >&", "(a) > b c"])
def test_unusual_redirection_is_refused(line: str) -> None:
    with pytest.raises(UnparsableError):
        parse_script(line)


@pytest.mark.parametrize(
    "script",
    [
        "",
        " \n",
        "# comment",
        "a \\\n\\\nb\\\nc",
        "{a;}",
        "a `b # c`",
        "$((a))",
        "a $((b) )",
        "echo ((a))",
        "a \\\n# b",
        "a )",
    ],
)
def test_text_that_was_not_understood_is_refused(script: str) -> None:
    with pytest.raises(RefusedError):
        parse_script(script)


@pytest.mark.parametrize(
    "script", ["a # b", "# a\nb", "a \\\n  b", "a;\n\n# c\n b", "a && # why\nb", "a |\n b"]
)
def test_comments_blank_lines_and_joined_lines_are_no_obstacle(script: str) -> None:
    assert parse_script(script)


def test_nesting_has_a_limit() -> None:
    parse_script("(" + " (" * 20 + "a" + ")" * 21)
    with pytest.raises(RefusedError) as refused:
        parse_script("( " * MAX_DEPTH + "a" + ")" * MAX_DEPTH + " && b")
    assert refused.value.rule == "too_deep"


def test_control_characters_are_refused() -> None:
    for character in "\0\x07\r\x1b\x7f":
        with pytest.raises(UnparsableError, match="control character"):
            parse_script(f"git log{character}")
