"""Kinds of lines that once ran what no pattern allows, in the real Claude Code."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.harness.conftest import MakeHive
from tests.harness.test_bash_end_to_end import results, script

#: Plants a `git` that leaves the mark where the line can make the shell look for it.
PLANT: Final = "printf '#!/bin/sh\\n/usr/bin/touch MARKER\\n' > git; chmod +x git; mkdir 5; cp git 5"
WRAPPERS: Final = [
    "git *",
    "env *",
    "xargs *",
    "find *",
    "nohup *",
    "timeout *",
    "stdbuf *",
    "bash *",
    "echo *",
]
BUILTINS: Final = ["git *", "printf *", "wait *", "jobs *", "set *", "eval *", "read *", "cat *", "find *"]


@dataclass(frozen=True)
class Kind:
    patterns: list[str]
    #: A line, and the rule that refuses it, or what runs in its place.
    lines: dict[str, str]


KINDS: Final = {
    "joined lines in words": Kind(
        ["git *"],
        {
            'git log "$\\\n(touch MARKER)"': "no_pattern",
            'if [ "$\\\n(touch MARKER)" = a ]; then git log; fi': "no_pattern",
            'for x in "$\\\n(touch MARKER)"; do git log; done': "no_pattern",
            "git log $\\\n\\\n['$(touch MARKER)']": "unparsable",
        },
    ),
    "joined lines and ANSI-C quotes": Kind(
        ["git *"],
        {
            "git log $\\\n'\\''; touch MARKER #'": "no_pattern",
        },
    ),
    "joined lines in here-documents": Kind(
        ["git *", "cat *"],
        {
            'git log --stdin <<A\n$(git log #\\\ngit log "\ntouch MARKER\n#"\n)\nA\n': "no_pattern",
            "git log <<A\nx $(git log a;#\\\ngit log '\ntouch MARKER;#'\n) y\nA\n": "no_pattern",
            "git log \"$(cat <<A\n$(git log # x \\\ngit log '\ntouch MARKER\n#'\n)\nA\n)\"": "no_pattern",
        },
    ),
    "an option in front of a here-document": Kind(
        ["git *", "find .", "git clean"],
        {
            "set -e -k<<'A'\nA\ngit log PATH=.": "builtin",
            "set -eu -k<<-A\n\tA\ngit log PATH=.": "builtin",
            "find . -delete<<A\nA\n": "no_pattern",
        },
    ),
    "a separator lost when Bash prints": Kind(
        BUILTINS,
        {
            "git log $(cat <<'A'\nA\neval; git log '$(touch MARKER)')": (
                "git log $(cat < /dev/null\neval\ngit log '$(touch MARKER)')"
            ),
            "git log \"$(cat <<'A'\nA\ntrue && ( eval; git log '$(touch MARKER)' ))\"": (
                "git log \"$(cat < /dev/null\ntrue &&\n(\neval\ngit log '$(touch MARKER)'\n) )\""
            ),
        },
    ),
    "predicates of find": Kind(
        WRAPPERS,
        {
            "find . -fprintf -exec git -exec touch MARKER \\;": "no_pattern",
            "find . -fprintf -okdir git -execdir touch MARKER ';'": "no_pattern",
            "find -D -ok true -exec touch MARKER \\;": "wrapper",
        },
    ),
    "xargs that forgets its placeholder": Kind(
        WRAPPERS,
        {
            "echo touch MARKER | xargs -I X -n 2 env": "wrapper",
            "echo touch MARKER | xargs -IX -L1 stdbuf -oL": "wrapper",
            'echo "5 touch MARKER" | xargs -I X -n 3 timeout': "wrapper",
            "echo touch MARKER | xargs -I X --max-args=2 env": "wrapper",
        },
    ),
    "options of a shell": Kind(
        WRAPPERS,
        {
            "bash -o keyword -eo pipefail -c 'git log PATH=.'": "wrapper",
            "bash -o keyword -o errexit -c 'git log PATH=.'": "wrapper",
        },
    ),
    "numbers of characters by printf": Kind(
        BUILTINS,
        {
            "printf 'aaaaa%ln' PATH; git log": "assignment",
            "printf -- 'aaaaa%jn' PATH; git log": "assignment",
            "printf 'aaaaa%Ln' PATH; git log": "assignment",
        },
    ),
    "clusters of wait and jobs": Kind(
        BUILTINS,
        {
            "wait -nfp PATH; git log": "assignment",
            "wait -fnpPATH; git log": "assignment",
            "jobs -sx touch MARKER": "builtin",
            "jobs -rsx touch MARKER": "builtin",
        },
    ),
    "words from the input behind an exact pattern": Kind(
        ["echo *", "xargs *", "git status", "git --version", "env"],
        {
            "echo touch MARKER | xargs -I X -n 2 env": "wrapper",
            "echo x | xargs -I X -n 1 git status": "wrapper",
        },
    ),
}


def plant(state: Path, marker: Path) -> None:
    subprocess.run(["bash", "-c", PLANT.replace("MARKER", str(marker))], cwd=state, check=True)


@pytest.mark.parametrize("name", KINDS)
async def test_no_line_runs_more_than_its_patterns_allow(
    small_hive: MakeHive, tmp_path: Path, name: str
) -> None:
    kind = KINDS[name]
    marker = tmp_path / "MARKER"
    state = tmp_path / "alice" / "state"
    state.mkdir(parents=True)
    plant(state, marker)
    planted = sorted(path.name for path in state.iterdir())
    lines = [line.replace("MARKER", str(marker)) for line in kind.lines]
    hive = await small_hive(script([*lines, "git --version"]), alice={"bash": kind.patterns})
    *came, last = await results(hive)
    assert (marker.exists(), sorted(path.name for path in state.iterdir())) == (False, planted)
    refused = {event["input"]["command"]: event["rule"] for event in await hive.events("alice", "refused")}
    what = [refused.get(line) or str(result["runs"]) for line, result in zip(lines, came, strict=True)]
    assert what == [text.replace("MARKER", str(marker)) for text in kind.lines.values()]
    assert "git version" in str(last["text"])
