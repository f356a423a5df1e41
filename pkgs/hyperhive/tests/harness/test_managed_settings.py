"""The managed settings of a container with the real CLI: what they stop, and that they stop nothing else."""

import json
import shlex
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import HarnessConfig
from hyperhive.demo import model_server
from hyperhive.harness.main import Harness
from hyperhive.harness.options import CLOSED_TOOLS
from hyperhive.harness.session import Session
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import NewEvent, ToolResult
from tests.harness.conftest import MakeHive, SmallHive
from tests.harness.managed_cli import CLI, lacking, managed_cli, run_cli
from tests.harness.test_extra_mcp import config as harvest_server
from tests.harness.test_tools import START
from tests.harness.traps import WORD, Traps
from tests.nixos.managed_settings import committed

TRIES: list[tuple[str, dict[str, str]]] = [
    ("Bash", {"command": "git --version"}),
    ("Bash", {"command": "touch made-by-bash"}),
    ("Agent", {"description": "d", "prompt": "p", "subagent_type": "general-purpose"}),
    ("WebFetch", {"url": "http://127.0.0.1:9/", "prompt": "p"}),
    ("Write", {"file_path": "/etc/claude-code/managed-settings.d/mine.json", "content": "{}"}),
    ("Write", {"file_path": "made-by-write", "content": "x"}),
]
SEND = ("mcp__hyperhive__send", {"to": "bob", "body": "hello"})
QUERY = ("mcp__extra__query", {"sql": "SELECT count(*) AS n FROM harvest"})

Managed = Callable[..., Awaitable[tuple[SmallHive, str, Traps]]]


@pytest.fixture
async def managed(small_hive: MakeHive, tmp_path: Path) -> Managed:
    """`await managed(case, tries, before)`: a hive, `claude` with the case's file, and traps for alice's.

    `before` is more of the model's script.
    """
    probe = tmp_path / "probe"
    probe.mkdir()
    reason = lacking(probe)
    if reason is not None:
        pytest.skip(reason)

    async def make(
        case: str, tries: list[tuple[str, dict[str, str]]], before: str = ""
    ) -> tuple[SmallHive, str, Traps]:
        known = committed()[case]
        policy = {key: known["policy"][key] for key in ("bash", "tools")}
        extra = harvest_server(tmp_path, "*").model_dump()
        turns = before + script(tries)
        hive = await small_hive(turns, alice=policy | {"mcp_servers": {"extra": extra}}, bob={})
        config = hive.harness_config("alice")
        directories = [Path(config.state_dir), Path(config.claude.home)]
        for directory in directories:
            directory.mkdir(parents=True)
        cli = managed_cli(tmp_path, with_gate(known["settings"], gate(config, tmp_path)))
        return hive, cli, Traps(tmp_path / "marks", *directories)

    return make


@pytest.fixture
def prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Everything that the model was told, request by request."""
    told: list[str] = []
    answer = model_server.reply

    def reply(script: Any, agent: str, body: dict[str, Any], counters: Any) -> Any:
        told.append(json.dumps(body))
        return answer(script, agent, body, counters)

    monkeypatch.setattr(model_server, "reply", reply)
    return told


def script(tries: list[tuple[str, dict[str, str]]]) -> str:
    steps = [
        f"[[turn.step]]\ntool = {json.dumps(tool)}\nforce = true\n[turn.step.input]\n"
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in given.items())
        for tool, given in tries
    ]
    return "[[turn]]\n" + "".join(steps)


def gate(config: HarnessConfig, directory: Path) -> str:
    """The command line of the gate, which notes in a file that it was asked."""
    file = directory / "harness.json"
    file.write_text(config.model_dump_json())
    program = shlex.join([sys.executable, "-m", "hyperhive", "tool-hook", "--config", str(file)])
    return f"echo asked >> {directory}/gate; timeout 30 {program}"


def asked(directory: Path) -> int:
    """How often the gate was asked."""
    file = directory / "gate"
    return len(file.read_text().splitlines()) if file.exists() else 0


def with_gate(settings: dict[str, Any], command: str) -> dict[str, Any]:
    text: dict[str, Any] = json.loads(json.dumps(settings).replace("GATE", json.dumps(command)[1:-1]))
    return text


def made(hive: SmallHive) -> list[str]:
    return sorted(path.name for path in (hive.directory / "alice" / "state").glob("made-*"))


async def refusals(hive: SmallHive, cli: str) -> list[bool]:
    """Let alice's harness run a turn; for each tool call, whether its result was an error."""
    await hive.wake("alice", cli=cli)
    await hive.settled(await hive.say("alice", "try it"))
    return [result["is_error"] for result in await hive.events("alice", "tool_result")]


async def refusals_below(hive: SmallHive, cli: str, **options: Any) -> list[bool]:
    """As `refusals`, in a session whose own layers are open: no tool hook, no lists, no mode."""
    events: list[NewEvent] = []
    harness = Harness(hive.harness_config("alice", cli=cli), {})
    opened = {"hooks": None, "tools": None, "allowed_tools": [], "disallowed_tools": [], "mcp_servers": {}}
    changes: dict[str, Any] = opened | {"permission_mode": None} | options
    session = Session(lambda resume: replace(harness.options(resume), **changes), memory=None)
    await session.connect()
    await session.run("try it", Transcript("t-1", events.append))
    await session.disconnect()
    return [event.data.is_error for event in events if isinstance(event.data, ToolResult)]


def offered(hive: SmallHive) -> set[str]:
    assert hive.model is not None
    return {tool for request in hive.model.requests if not request.side for tool in request.tools}


async def test_a_listed_agent_works_as_without_the_file(managed: Managed, tmp_path: Path) -> None:
    hive, cli, traps = await managed("patterns", [*TRIES, SEND, QUERY])
    assert await refusals(hive, cli) == [False, True, True, True, True, False, False, False]
    (refused,) = await hive.events("alice", "refused")
    assert (refused["input"]["command"], refused["rule"]) == ("touch made-by-bash", "no_pattern")
    assert (made(hive), traps.sprung()) == (["made-by-write"], [])
    # The session has its own hook, and no process for each call.
    assert asked(tmp_path) == 0


async def test_an_agent_with_any_command_runs_any_command(managed: Managed) -> None:
    hive, cli, traps = await managed("any-command", [*TRIES[:3], SEND, QUERY])
    assert await refusals(hive, cli) == [False, False, True, False, False]
    assert (made(hive), traps.sprung()) == (["made-by-bash"], [])


async def test_the_file_alone_closes_tools_and_lets_bash_run_nothing(managed: Managed) -> None:
    hive, cli, _ = await managed("patterns", TRIES)
    assert await refusals_below(hive, cli) == [True, True, True, True, True, False]
    assert {"Bash", "Read", "Write"} <= offered(hive)
    assert not offered(hive) & {*CLOSED_TOOLS, "Edit", "Glob", "Grep", "WebFetch", "WebSearch"}


async def test_the_file_alone_takes_bash_away(managed: Managed) -> None:
    hive, cli, _ = await managed("no-bash", TRIES[:2])
    assert await refusals_below(hive, cli, allowed_tools=["Bash"]) == [True, True]
    assert "Bash" not in offered(hive)


async def test_nothing_planted_counts_for_a_claude_that_is_started_by_hand(
    managed: Managed, prompts: list[str]
) -> None:
    hive, cli, traps = await managed("patterns", TRIES)
    ran = await run_cli(hive, cli)
    assert (ran.mode, ran.refused) == ("dontAsk", [False, True, True, True, True, False]), ran.said
    assert (made(hive), traps.sprung()) == (["made-by-write"], [])
    assert not [told for told in prompts if WORD in told]


async def test_without_the_file_the_traps_go_off(managed: Managed, prompts: list[str]) -> None:
    hive, _, traps = await managed("patterns", TRIES[:1])
    await run_cli(hive, str(CLI))
    hooks = {f"hook-{event}.mark" for event in ("PreToolUse", "SessionStart", "UserPromptSubmit")}
    assert hooks | {"apiKeyHelper.mark", "mcp-server.mark"} <= set(traps.sprung())
    assert [told for told in prompts if WORD in told]


async def test_by_hand_nobody_gets_into_the_mode_without_rules(managed: Managed) -> None:
    hive, cli, _ = await managed("patterns", TRIES)
    ran = await run_cli(hive, cli, "--dangerously-skip-permissions")
    assert ran.mode != "bypassPermissions"
    assert ran.refused == [False, True, True, True, True, False], ran.said
    assert made(hive) == ["made-by-write"]


async def test_by_hand_the_hives_own_server_can_be_given_and_no_other(
    managed: Managed, tmp_path: Path
) -> None:
    hive, cli, traps = await managed("patterns", [SEND])
    config = tmp_path / "harness.json"
    config.write_text(hive.harness_config("alice").model_dump_json())
    own = {"command": sys.executable, "args": ["-c", START, str(config)]}
    foreign = {"command": "sh", "args": ["-c", f"touch {tmp_path}/marks/foreign.mark"]}
    servers = json.dumps({"mcpServers": {"hyperhive": own, "foreign": foreign}})
    ran = await run_cli(hive, cli, "--setting-sources=", "--strict-mcp-config", "--mcp-config", servers)
    assert ran.refused == [False], ran.said
    assert traps.sprung() == []
    async with hive.client("bob") as bob:
        (mail,) = (await bob.lease("t-1")).messages
    assert (mail.sender, mail.body) == ("alice", "hello")
