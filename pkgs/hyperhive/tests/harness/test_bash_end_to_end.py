"""Bash lines in the real Claude Code: what is refused does not run, and what runs is what was printed."""

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from hyperhive.domain.bash import differs, judge
from hyperhive.domain.bash.script import RefusedError
from hyperhive.domain.bash.variables.names import check_name
from tests.domain.bash.cases import ordinary
from tests.domain.bash.test_policy import ENTRIES, LISTS, Entry
from tests.harness.conftest import MakeHive, SmallHive

#: Refused lines of each rule that are tried.
PER_RULE = 2
ALLOWED = ["git --version", "git --version && git --exec-path | git hash-object --stdin"]

#: A shell that writes down what it is asked to run.
SPY = """#!/bin/sh
printf '%s\\0' "$@" >>{log}
exec {bash} "$@"
"""
#: One that runs nothing of what Claude Code's Bash is given.
STILL = """#!/bin/sh
printf '%s\\0' "$@" >>{log}
case "$*" in *SNAPSHOT_FILE=*) exec {bash} "$@" ;; esac
"""


def refused_sample() -> list[Entry]:
    """The first printable lines of every rule for the list `git *`."""
    chosen: dict[str, list[Entry]] = {}
    for entry in ENTRIES:
        plain = all(char.isprintable() or char == "\n" for char in entry.line) and len(entry.line) < 2000
        if entry.patterns == "git" and not entry.allow and entry.rule and plain and entry.line.strip():
            found = chosen.setdefault(entry.rule, [])
            if len(found) < PER_RULE:
                found.append(entry)
    return [entry for found in chosen.values() for entry in found]


def step(tool: str, **given: str) -> str:
    fields = ", ".join(f"{name} = {json.dumps(value)}" for name, value in given.items())
    return f"[[turn.step]]\ntool = {json.dumps(tool)}\ninput = {{ {fields} }}\n"


def script(commands: list[str]) -> str:
    return "[[turn]]\n" + "".join(step("Bash", command=command) for command in commands)


def fake_shell(monkeypatch: pytest.MonkeyPatch, directory: Path, text: str) -> Path:
    """Make the harness name a program of this text as its sessions' shell; returns its log."""
    log = directory / "shell.log"
    bash = shutil.which("bash")
    program = directory / "fake" / "bash"
    program.parent.mkdir()
    program.write_text(text.format(log=shlex.quote(str(log)), bash=bash))
    program.chmod(0o755)
    monkeypatch.setattr("hyperhive.harness.options.shutil.which", lambda _name: str(program))
    return log


def evaluated(log: Path) -> list[str]:
    """The lines that Claude Code gave to the fake shell's `eval`."""
    lines = []
    for argument in log.read_text(encoding="utf-8").split("\0"):
        _, found, rest = argument.rpartition(" && eval ")
        if found:
            words = shlex.split(rest.rpartition(" && pwd -P >| ")[0])
            assert words[1:] in ([], ["<", "/dev/null"])
            lines.append(words[0])
    return lines


async def results(hive: SmallHive, text: str = "try these") -> list[dict[str, object]]:
    """What came of the calls of one turn of alice's."""
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", text))
    return await hive.events("alice", "tool_result")


async def test_what_the_rules_refuse_does_not_run_in_claude_code(small_hive: MakeHive) -> None:
    sample = refused_sample()
    assert len(sample) >= 15
    hive = await small_hive(script([entry.line for entry in sample] + ALLOWED), alice={"bash": LISTS["git"]})
    came = await results(hive)
    refused = await hive.events("alice", "refused")
    assert [(event["input"]["command"], event["rule"]) for event in refused] == [
        (entry.line, entry.rule) for entry in sample
    ]
    assert all("hyperhive refused this" in str(result["text"]) for result in came[: len(sample)])
    assert ["git version" in str(result["text"]) for result in came[len(sample) :]] == [True, True]
    assert not any(result["is_error"] for result in came[len(sample) :])


async def test_bash_gets_what_was_printed_and_nothing_else(
    small_hive: MakeHive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.harness.conftest.WAIT", 60.0)
    log = fake_shell(monkeypatch, tmp_path, STILL)
    patterns = list(ordinary().patterns)
    lines = [line for line in ordinary().lines if judge(line, patterns).allowed]
    assert len(lines) > 150
    hive = await small_hive(script(lines), alice={"bash": patterns})
    await results(hive)
    printed = [str(judge(line, patterns).runs) for line in lines]
    assert evaluated(log) == printed
    told = [str(result["runs"]) for result in await hive.events("alice", "tool_result")]
    assert told == [runs if differs(line, runs) else "" for line, runs in zip(lines, printed, strict=True)]


async def test_ordinary_lines_run(small_hive: MakeHive) -> None:
    lines = {
        "n=$(printf '%s\\n' a b | wc -l); echo \"$n lines\"": "2 lines",
        "for i in 1 2; do echo $((i * 2)); done": "2\n4",
        "[[ -n $HOME ]] && echo set || echo unset": "set",
        "cat <<'EOF' | tr a-z A-Z\nit's $HOME\nEOF": "IT'S $HOME",
        'f() { local x=$1; echo "<${x:-none}>"; }; f one; f': "<one>\n<none>",
        "CI=1 printenv CI": "1",
        "x=1; printenv x || echo private": "private",
        'head -n1 <<< "it\'s"': "it's",
        "printf '%s' a  b  # and a comment": "ab",
        "find . -name nothing -exec echo {} \\; ; echo found": "found",
        "echo $'a\\tb' | cut -f 2": "b",
        "trap 'echo bye' EXIT; echo hello": "hello\nbye",
    }
    patterns = ["CI=1 printenv *", "printenv *", *ordinary().patterns]
    hive = await small_hive(script(list(lines)), alice={"bash": patterns})
    came = await results(hive)
    assert [str(result["text"]).strip() for result in came] == list(lines.values())


async def test_a_relative_program_is_refused_where_an_earlier_call_has_gone(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    state = tmp_path / "alice" / "state"
    for directory in (state, state / "sub"):
        directory.mkdir(parents=True)
        (directory / "tool").write_text(f"#!/bin/sh\necho of {directory.name}\n")
        (directory / "tool").chmod(0o755)
    lines = ["./tool", "cd sub", "./tool", "cd ..", "./tool"]
    hive = await small_hive(script(lines), alice={"bash": ["./tool *", "cd *"]})
    texts = [str(result["text"]) for result in await results(hive)]
    assert (texts[0], texts[4]) == ("of state", "of state")
    (refused,) = await hive.events("alice", "refused")
    assert (refused["input"]["command"], refused["rule"]) == ("./tool", "directory")
    assert "hyperhive refused this" in texts[2]


async def test_calls_of_one_message_do_not_go_round_the_directory(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    state = tmp_path / "alice" / "state"
    (state / "sub").mkdir(parents=True)
    (state / "sub" / "tool").write_text(f"#!/bin/sh\ntouch {tmp_path}/MARKER\n")
    (state / "sub" / "tool").chmod(0o755)
    calls = ["cd sub", "ls", "./tool", "git --version", "./tool"]
    message = "".join(
        f'[[turn.step.tools]]\ntool = "Bash"\ninput = {{ command = {json.dumps(call)} }}\n' for call in calls
    )
    hive = await small_hive(
        f"[[turn]]\n[[turn.step]]\n{message}",
        alice={"bash": ["./tool *", "cd *", "ls *", "git *"]},
    )
    await results(hive)
    assert not (tmp_path / "MARKER").exists()
    assert {event["rule"] for event in await hive.events("alice", "refused")} == {"directory"}


async def test_a_subagents_bash_goes_through_the_gate(small_hive: MakeHive, tmp_path: Path) -> None:
    outer = step("Agent", description="d", prompt="the inner one", subagent_type="general-purpose")
    inner = [f'git --version "$\\\n(touch {tmp_path}/MARKER)"', "git --version|git hash-object --stdin"]
    turns = script(inner).replace("[[turn]]", "[[turn]]\nwhen = '^the inner one'")
    hive = await small_hive(
        f"{turns}[[turn]]\n{outer}", alice={"bash": ["git *"], "tools": ["Agent", "Bash", "Read"]}
    )
    came = await results(hive)
    assert not (tmp_path / "MARKER").exists()
    refused = await hive.events("alice", "refused")
    assert [event["input"]["command"] for event in refused] == inner[:1], came


async def test_a_line_cannot_steer_the_functions_of_claude_codes_shell(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    hive = await small_hive(script(["git --version"]), alice={"bash": ["git *"]})
    await results(hive)
    (snapshot,) = (tmp_path / "alice" / "home" / ".claude" / "shell-snapshots").glob("snapshot-bash-*.sh")
    read = set(re.findall(r"\$[{#!]*([A-Za-z_]\w*)", snapshot.read_text(encoding="utf-8")))
    assert {"OSTYPE", "ZSH_VERSION"} <= read
    for name in read:
        with pytest.raises(RefusedError):
            check_name(name)
