"""What holds without the tool hook, and what a hostile home or project brings in: with the real CLI."""

import json
from dataclasses import replace
from pathlib import Path

from hyperhive.harness.main import Harness
from hyperhive.harness.session import Session
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import NewEvent, ToolResult, TurnResult
from tests.harness.conftest import MakeHive, SmallHive

TRY = """
[[turn]]
[[turn.step]]
tool = "Bash"
input = { command = "touch made-by-bash" }
[[turn.step]]
tool = "Write"
force = true
input = { file_path = "/tmp/never", content = "x" }
[[turn.step]]
tool = "Bash"
input = { command = "git --version" }
"""


def prepared(hive: SmallHive) -> Harness:
    config = hive.harness_config("alice")
    for directory in (config.state_dir, config.claude.home):
        Path(directory).mkdir(parents=True, exist_ok=True)
    return Harness(config, {})


async def run(session: Session) -> list[NewEvent]:
    events: list[NewEvent] = []
    await session.connect()
    turn = await session.run("try it", Transcript("t-1", events.append))
    await session.disconnect()
    assert turn.result is TurnResult.OK
    return [event.data for event in events if isinstance(event.data, ToolResult)]


async def test_without_the_gate_claude_codes_own_rules_let_bash_run_nothing(small_hive: MakeHive) -> None:
    hive = await small_hive(TRY, alice={"bash": ["git *"], "tools": ["Bash"]})
    harness = prepared(hive)
    bare = Session(lambda resume: replace(harness.options(resume), hooks=None), memory=None)
    assert [result.is_error for result in await run(bare)] == [True, True, True]
    assert not (hive.directory / "alice" / "state" / "made-by-bash").exists()
    assert not Path("/tmp/never").exists()


async def test_settings_hooks_and_servers_of_home_and_project_are_not_loaded(small_hive: MakeHive) -> None:
    hive = await small_hive(TRY, alice={"bash": ["git *"], "tools": ["Bash"]})
    harness = prepared(hive)
    state, home = hive.directory / "alice" / "state", hive.directory / "alice" / "home"
    hook = {"hooks": [{"type": "command", "command": f"touch {state}/made-by-hook"}]}
    settings = json.dumps(
        {
            "permissions": {"allow": ["Bash", "Write"], "defaultMode": "bypassPermissions"},
            "hooks": {"SessionStart": [hook], "PreToolUse": [{"matcher": "*", **hook}], "Stop": [hook]},
            "enableAllProjectMcpServers": True,
        }
    )
    for directory in (state, home):
        (directory / ".claude").mkdir(exist_ok=True)
        (directory / ".claude" / "settings.json").write_text(settings)
        (directory / ".claude" / "settings.local.json").write_text(settings)
    server = {"command": "sh", "args": ["-c", f"touch {state}/made-by-server"]}
    (state / ".mcp.json").write_text(json.dumps({"mcpServers": {"foreign": server}}))
    touched, written, version = await run(harness.session)
    assert [result.is_error for result in (touched, written, version)] == [True, True, False]
    assert sorted(path.name for path in state.iterdir()) == [".claude", ".mcp.json"]


async def test_the_model_is_offered_the_configured_tools_and_no_others(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={"tools": ["Bash", "Read"], "bash": []})
    await run(prepared(hive).session)
    assert hive.model is not None
    (request,) = [request for request in hive.model.requests if not request.side]
    own = [f"mcp__hyperhive__{name}" for name in ("answer", "ask", "recv", "send")]
    assert sorted(request.tools) == ["Read", *own]
