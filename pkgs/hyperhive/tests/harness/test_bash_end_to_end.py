"""A sample of the Bash corpus, run by the real Claude Code CLI: what the rules refuse does not run there."""

import json
from pathlib import Path

from tests.domain.bash.test_policy import ENTRIES, LISTS, Entry
from tests.harness.conftest import MakeHive

#: Refused lines of each rule that are tried.
PER_RULE = 2
ALLOWED = ["git --version", "git --version && git --exec-path | git hash-object --stdin"]


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


def script(commands: list[str]) -> str:
    steps = "".join(
        f'[[turn.step]]\ntool = "Bash"\ninput = {{ command = {json.dumps(command)} }}\n'
        for command in commands
    )
    return f"[[turn]]\n{steps}"


async def test_what_the_rules_refuse_does_not_run_in_claude_code(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    sample = refused_sample()
    assert len(sample) >= 15
    hive = await small_hive(script([entry.line for entry in sample] + ALLOWED), alice={"bash": LISTS["git"]})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "try these"))
    refused = await hive.events("alice", "refused")
    assert [(event["input"]["command"], event["rule"]) for event in refused] == [
        (entry.line, entry.rule) for entry in sample
    ]
    results = await hive.events("alice", "tool_result")
    assert all("hyperhive refused this" in result["text"] for result in results[: len(sample)])
    assert ["git version" in result["text"] for result in results[len(sample) :]] == [True, True]
    assert not any(result["is_error"] for result in results[len(sample) :])
