"""Generates trees of stubs, so that a real shell can run them, and what runs them."""

import contextlib
import fcntl
import os
import signal
import subprocess
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from hyperhive.domain.bash.script import (
    Assignment,
    BinaryTest,
    Condition,
    Junction,
    Not,
    NotEmpty,
    Parameter,
    Redirection,
    Script,
    SimpleCommand,
    UnaryTest,
    literal_word,
)
from tests.domain.bash.expanding import Variables
from tests.domain.bash.meaning import STUBS, Open, Shell, World
from tests.domain.bash.trees import Trees, descriptors, opaque

VALUES = {"x": "a b", "n": "3", "y": "*"}
POSITIONS = ("p q", "", "b*")
FILES = {"a1": "1\n", "b c": "", "[a-z]": "2\n3\n", ".h": ""}

_PRELUDE = """
ulimit -t 5
trap '' PIPE
calls=0
note() { printf '%s\\0' "$@" >"$CALLS/$BASHPID.$((calls++))"; }
show() { note show "$@" "${z-unset}"; }
no() { note no "$@" "${z-unset}"; return 1; }
f() { note f "$@" "${z-unset}"; }
g_1() { note g_1 "$@" "${z-unset}"; }
out() { (($#)) && printf '%s\\n' "$@" 2>/dev/null; return 0; }
take() { local taken; IFS= read -r -d '' taken 2>/dev/null; note take "$taken"; return 0; }
set -- 'p q' '' 'b*'
x='a b' n=3 y='*'
"""


class Runnable(Trees):
    def __init__(self) -> None:
        super().__init__()
        self.names = st.sampled_from(["x", "y", "n"])
        self.specials = st.sampled_from([*"1234@*#?"])
        self.processes = False
        self.background = st.sampled_from([False] * 9 + [True])
        parameters = [
            Parameter("n", quoted=True),
            Parameter("u", quoted=True, operator=":-", argument=literal_word("4")),
            Parameter("x", quoted=True, operator="length"),
            Parameter("#", quoted=True),
        ]
        self.operands = st.sampled_from(["1", "42", "n", *parameters]).map(lambda token: (token,))

    def simple(self, depth: int, *, nested: bool) -> SearchStrategy[SimpleCommand]:
        redirections = self.redirections(depth, nested=nested)
        first = st.sampled_from(["show", *STUBS]).map(literal_word)
        arguments = st.lists(self.words(depth, "argument"), max_size=3)
        words = st.builds(lambda one, more: (one, *more), first, arguments)
        prefix = st.builds(
            Assignment, st.just("z"), st.just(""), st.just(value=False), self.words(depth, "value")
        )
        few = st.just(()) | st.just(()) | prefix.map(lambda one: (one,))
        alone = self.assignments(depth) | self.arrays(depth)
        several = st.lists(alone, min_size=1, max_size=2).map(tuple)
        return (
            st.builds(SimpleCommand, few, words, redirections)
            | st.builds(SimpleCommand, few, words)
            | st.builds(SimpleCommand, several, st.just(()), redirections)
        )

    def assignments(self, depth: int) -> SearchStrategy[Assignment]:
        value = self.words(depth, "value")
        numbers = st.sampled_from(["0", "2", "-7"]).map(literal_word)
        nothing, flag = st.just(""), st.booleans()
        return (
            st.builds(Assignment, st.sampled_from("xy"), nothing, flag, value)
            | st.builds(Assignment, st.just("n"), nothing, st.just(value=False), numbers)
            | st.builds(Assignment, st.just("r"), st.sampled_from(["0", "2", "n", "${n}"]), flag, value)
        )

    def arrays(self, depth: int) -> SearchStrategy[Assignment]:
        return super().arrays(depth).map(lambda found: Assignment("r", "", found.append, found.value))

    def redirections(self, depth: int, *, nested: bool) -> SearchStrategy[tuple[Redirection, ...]]:
        written = self.inner_texts.filter(lambda name: "/" not in name and name not in {".", ".."})
        files = (written | st.sampled_from([*FILES, "f1"])).map(literal_word)
        numbers = st.sampled_from(["1", "2", "-"]).map(literal_word)
        there = st.sampled_from(list(FILES)).map(literal_word)
        one = (
            st.builds(Redirection, descriptors(0), st.sampled_from(["<", "<>"]), there)
            | st.builds(Redirection, descriptors(1), st.sampled_from([">", ">>", ">|"]), files)
            | st.builds(Redirection, descriptors(1), st.just(">&"), numbers)
            | st.builds(Redirection, st.none(), st.sampled_from(["&>", "&>>"]), files)
            | st.builds(Redirection, descriptors(0), st.just("<<<"), self.words(depth, "single"))
        )
        several = st.just(()) | st.lists(one, max_size=2).map(tuple)
        if nested:
            return several
        bodies = st.lists(self.inner_texts, max_size=3).map(
            lambda lines: "".join(line + "\n" for line in lines)
        )
        documents = bodies.map(lambda body: (Redirection(None, "<<", literal_word(body)),))
        return several | documents

    def conditions(self, depth: int) -> SearchStrategy[Condition]:
        operand = self.words(depth, "single")
        leaves = (
            st.builds(NotEmpty, operand)
            | st.builds(UnaryTest, st.sampled_from(["-n", "-z"]), operand)
            | st.builds(BinaryTest, operand, st.sampled_from(["==", "=", "!="]), self.words(depth, "pattern"))
            | st.builds(BinaryTest, operand, st.just("=~"), self.words(depth, "regex"))
            | st.builds(BinaryTest, operand, st.sampled_from(["<", ">"]), operand)
        )
        return st.recursive(
            leaves,
            lambda inner: (
                st.builds(Not, inner) | st.builds(Junction, st.sampled_from(["&&", "||"]), inner, inner)
            ),
            max_leaves=4,
        )

    @opaque
    def parameters(self, depth: int, *, quoted: bool) -> SearchStrategy[Parameter]:
        known = {"", ":-", "-", ":+", "+", "#", "##", "%", "%%", "/", "//", "/#", "/%", "^", "^^", ",", ",,"}
        known |= {"length", "slice"}
        of_arrays = st.builds(
            Parameter,
            st.just("r"),
            st.just(quoted),
            st.sampled_from(["@", "*"]),
            st.sampled_from(["", "length", "keys"]),
        ) | st.builds(Parameter, st.just("r"), st.just(quoted), st.sampled_from(["0", "1", "n", "${n}"]))
        general = (
            super()
            .parameters(depth, quoted=quoted)
            .filter(lambda one: one.operator in known and not one.subscript and one.name != "@")
        )
        return general | of_arrays


Played = tuple[list[tuple[str, ...]], dict[str, bytes], bytes]


def meant(tree: Script) -> Played:
    """The same of a tree, from the tree alone."""
    files = {name: bytearray(content.encode()) for name, content in FILES.items()}
    output = bytearray()
    descriptors = {0: Open(bytearray(), writes=False), 1: Open(output), 2: Open(bytearray())}
    world = World(files)
    Shell(world, Variables(dict(VALUES), positions=POSITIONS), descriptors).script(tree)
    return sorted(world.calls), {name: bytes(data) for name, data in files.items()}, bytes(output)


def play(bash: str, directory: Path, text: str) -> Played:
    """The calls of stubs without their order, the files and the output."""
    directory.mkdir()
    for name, content in FILES.items():
        (directory / name).write_text(content, encoding="utf-8")
    calls = directory.with_suffix(".calls")
    calls.mkdir()
    reading, low = os.pipe()
    writing = fcntl.fcntl(low, fcntl.F_DUPFD, 100)
    os.close(low)
    with subprocess.Popen(
        [bash, "--norc", "-c", f"{_PRELUDE}{text}"],
        cwd=directory,
        env={"HOME": "/home/u", "LC_ALL": "C.UTF-8", "CALLS": str(calls), "PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=[writing],
        start_new_session=True,
    ) as run:
        os.close(writing)
        try:
            output, _ = run.communicate(timeout=20)
            # Nobody closes it, so it ends with the last command in the background.
            os.read(reading, 1)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
        os.close(reading)
    files = {path.name: path.read_bytes() for path in directory.iterdir()}
    noted = [path.read_bytes().decode(errors="surrogateescape").split("\0") for path in calls.iterdir()]
    return sorted(tuple(words[:-1]) for words in noted), files, output
