"""What the notes say is true: every example whose program is here and needs no server creates its file."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from hyperhive.domain.bash.commands.programs import RUNNING, WRITING, note, notes
from hyperhive.domain.bash.patterns import compile_pattern
from hyperhive.domain.bash.script import literal_word

# The others need a server, a terminal, a tool chain or the network.
SELF_CONTAINED = frozenset(
    {"awk", "cmake", "curl", "dd", "gawk", "git", "iconv", "make", "node", "npm", "openssl", "patch", "perl"}
    | {"php", "python", "python3", "ruby", "scp", "sed", "shuf", "split", "sqlite3", "ssh", "tar", "tee"}
    | {"tree", "uniq", "vim", "wget", "xxd", "zip"}
)
# What only takes effect later.
AFTERWARDS = {"git config core.fsmonitor 'touch f;'": "git status"}
SETUP = """
git init -q . && git add . && git commit -qm one && git clone -q . sub
git -c protocol.file.allow=always submodule --quiet add ./sub s
git commit -qam two && git commit -q --allow-empty -m three && echo more >> x && git commit -qam four
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    directory = tmp_path / "work"
    directory.mkdir()
    program = directory / "x"
    program.write_text("#!/bin/sh\ntouch f\n")
    program.chmod(0o755)
    (directory / "package.json").write_text(
        '{"name": "p", "version": "1.0.0", "scripts": {"x": "touch f", "prepare": "touch f", "test": "true"}}'
    )
    return directory


def run(command: str, directory: Path) -> None:
    environment = {
        **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        **{name: os.environ[name] for name in ("PATH", "PYENV_ROOT") if name in os.environ},
        "HOME": str(directory.parent),
    }
    subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "example", [one for one in (*RUNNING, *WRITING) if shlex.split(one)[0] in SELF_CONTAINED]
)
def test_example_creates_its_file(example: str, scratch: Path) -> None:
    program = shlex.split(example)[0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    if program == "git":
        run(SETUP, scratch)
    if "bisect" in example:
        run("git bisect start HEAD HEAD~3", scratch)
    (scratch / "f").unlink(missing_ok=True)
    run(example, scratch)
    run(AFTERWARDS.get(example, ""), scratch)
    assert (scratch / "f").exists()


@pytest.mark.parametrize(
    ("pattern", "program", "said"),
    [
        ("git *", "git", "git run other programs (`git -c alias.x='!touch f' x`)"),
        ("git log *", "git", "git write files (`git log --output=f`)"),
        ("/bin/sed *", "/bin/sed", "sed run other programs (`sed '1e touch f' x`)"),
        ("CI=1 npm run *", "npm", "npm run other programs (`npm run x`)"),
        ("dd *", "dd", "dd write files (`dd of=f count=0`)"),
    ],
)
def test_note_names_the_first_thing_that_a_pattern_leaves_open(pattern: str, program: str, said: str) -> None:
    assert note(pattern, program) == f"`{pattern}` also lets {said}."


@pytest.mark.parametrize(
    ("pattern", "program"),
    [
        ("git status", "git"),
        ("git status *", "git"),
        ("tar", "tar"),
        ("jq *", "jq"),
        ("find *", "find"),
        ("sort *", "sort"),
        ("*", "git"),
        ("unclosed ' *", "git"),
    ],
)
def test_pattern_that_leaves_nothing_open_has_no_note(pattern: str, program: str) -> None:
    assert note(pattern, program) is None


def test_notes_are_about_the_pattern_that_covers_a_command() -> None:
    words = [literal_word("tee"), literal_word("x")]
    assert [
        notes(words, pattern) for pattern in (compile_pattern("tee *"), compile_pattern("tee x"), None)
    ] == [
        ("`tee *` also lets tee write files (`tee f`).",),
        (),
        (),
    ]


def test_examples_are_told_apart_by_program_and_in_order() -> None:
    for examples in (RUNNING, WRITING):
        assert len(examples) == len(set(examples))
        assert [shlex.split(one)[0] for one in examples] == sorted(shlex.split(one)[0] for one in examples)
