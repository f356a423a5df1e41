"""A `claude` that is started by hand, with the real CLI: every call goes through the gate."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from hyperhive.demo.claude_env import prepare_home
from hyperhive.harness.shell import ManualSession, shell_command, shell_environment
from tests.harness.conftest import MakeHive, SmallHive
from tests.harness.managed_cli import CLI, run_cli
from tests.harness.test_managed_settings import Managed, asked, made, managed, refusals, script

__all__ = ["managed"]

JOINED = 'git --version "$\\\n(touch made-by-join)"'
PIPED = "git --version | git hash-object --stdin"
BASH: list[tuple[str, dict[str, str]]] = [
    ("Bash", {"command": command}) for command in (JOINED, PIPED, "git --version; touch made-by-list")
]
READ = ("Read", {"file_path": "/etc/hostname"})


async def test_in_a_container_every_call_goes_through_the_gate(managed: Managed, tmp_path: Path) -> None:
    hive, cli, _ = await managed("patterns", [*BASH, READ])
    ran = await run_cli(hive, cli)
    assert ran.refused == [True, False, True, False], ran.said
    assert (made(hive), asked(tmp_path)) == ([], 4)
    assert "hyperhive refused this" in ran.said


async def test_in_a_container_a_gate_that_cannot_decide_refuses(managed: Managed, tmp_path: Path) -> None:
    hive, cli, _ = await managed("any-command", BASH[1:])
    (tmp_path / "harness.json").write_text("{}")
    ran = await run_cli(hive, cli)
    assert ran.refused == [True, True], ran.said
    assert (made(hive), asked(tmp_path)) == ([], 2)


async def test_no_settings_of_others_switch_the_gate_off(managed: Managed, tmp_path: Path) -> None:
    hive, cli, _ = await managed("patterns", BASH[:1])
    settings = json.dumps({"disableAllHooks": True, "allowManagedHooksOnly": False})
    ran = await run_cli(hive, cli, "--settings", settings)
    assert asked(tmp_path) == 1, ran.said
    assert (ran.refused, made(hive)) == ([True], [])


async def test_a_claude_that_the_agent_starts_goes_through_the_gate(managed: Managed, tmp_path: Path) -> None:
    inner = script([("Bash", {"command": "git --version"})]).replace(
        "[[turn]]", "[[turn]]\nwhen = 'the inner one'"
    )
    outer = f"{CLI} --print --setting-sources= 'the inner one' </dev/null"
    hive, cli, _ = await managed("any-command", [("Bash", {"command": outer})], inner)
    assert await refusals(hive, cli) == [False]
    assert asked(tmp_path) == 1


async def by_hand(hive: SmallHive, session: ManualSession) -> list[bool]:
    """For each call of a `claude` in a shell of alice's, whether it was refused."""
    config = hive.harness_config("alice")
    prepare_home(Path(config.claude.home), [Path(config.state_dir)])
    Path(config.state_dir).mkdir()
    line = "claude --print --verbose --output-format stream-json 'try it'"
    process = await asyncio.create_subprocess_exec(
        *shell_command(),
        *("-c", line),
        env={**shell_environment(config, session), "PATH": os.environ["PATH"]},
        cwd=config.state_dir,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    told: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines() if line.startswith(b"{")]
    blocks = [block for one in told if one["type"] == "user" for block in one["message"]["content"]]
    return [bool(block.get("is_error")) for block in blocks if block["type"] == "tool_result"]


async def test_without_a_container_the_shell_gives_claude_the_gate(
    small_hive: MakeHive, tmp_path: Path
) -> None:
    hive = await small_hive(script([*BASH, READ]), alice={"bash": ["git *"], "tools": ["Bash", "Read"]})
    file = tmp_path / "harness.json"
    file.write_text(hive.harness_config("alice").model_dump_json())
    assert await by_hand(hive, ManualSession(file)) == [True, False, True, False]
    assert made(hive) == []
