"""The warm session with the real CLI."""

from pathlib import Path
from typing import Any

import pytest

from hyperhive.errors import UnavailableError
from hyperhive.harness.main import Harness
from hyperhive.harness.session import Session
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import NewEvent, TurnResult
from tests.harness.conftest import MakeHive, SmallHive


def session(hive: SmallHive, **claude: Any) -> Session:
    config = hive.harness_config("alice", **claude)
    for directory in (config.state_dir, config.claude.home):
        Path(directory).mkdir(parents=True, exist_ok=True)
    return Harness(config, {}).session


def transcript() -> tuple[Transcript, list[NewEvent]]:
    events: list[NewEvent] = []
    return Transcript("t-1", events.append), events


async def test_two_turns_share_one_process_and_one_conversation(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    warm = session(hive)
    await warm.connect()
    first = await warm.run("one", transcript()[0])
    known = warm.id
    second = await warm.run("two", transcript()[0])
    assert (first.result, second.result, warm.id) == (TurnResult.OK, TurnResult.OK, known)
    assert (second.context_used or 0) > (first.context_used or 0) > 0
    assert first.context_max is not None
    await warm.disconnect()


async def test_a_remembered_conversation_that_is_gone_is_replaced_by_a_new_one(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    config = hive.harness_config("alice")
    memory = Path(config.claude.home) / "hyperhive-session.json"
    memory.parent.mkdir(parents=True)
    memory.write_text('{"session": "00000000-0000-4000-8000-000000000000"}')
    warm = session(hive)
    await warm.connect()
    assert (await warm.run("one", transcript()[0])).result is TurnResult.OK
    assert warm.id != "00000000-0000-4000-8000-000000000000"
    await warm.disconnect()


async def test_a_cli_that_cannot_be_started_is_named(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    with pytest.raises(UnavailableError, match="Claude Code cannot be started"):
        await session(hive, cli="/no/such/claude").connect()


async def test_a_path_or_command_in_a_prompt_is_only_text(small_hive: MakeHive, tmp_path: Path) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    secret = tmp_path / "secret.txt"
    secret.write_text("TOPSECRET")
    warm = session(hive)
    await warm.connect()
    turn, _ = transcript()
    await warm.run(f"from bob: see @{secret}", turn)
    cleared = await warm.run("/clear", transcript()[0])
    # Releases that take it for a command tell no stop reason; no mail begins with one.
    assert cleared.result is TurnResult.OK or "without a stop reason" in cleared.error
    await warm.disconnect()
    written = [path.read_text() for path in tmp_path.rglob("*.jsonl")]
    assert any(f"@{secret}" in text for text in written)
    assert not any("TOPSECRET" in text for text in written)


async def test_a_process_that_dies_in_the_turn_fails_it_and_can_be_started_again(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive(
        """
        default_text = "ok"
        [[turn]]
        times = 1
        when = "suicide"
        [[turn.step]]
        tool = "Bash"
        input = { command = "kill -9 $PPID" }
        """,
        alice={"bash": None},
    )
    warm = session(hive)
    await warm.connect()
    turn = await warm.run("suicide", transcript()[0])
    assert turn.result is TurnResult.FAILED
    assert not warm.connected
    await warm.connect()
    assert (await warm.run("again", transcript()[0])).result is TurnResult.OK
    await warm.disconnect()


async def test_a_session_that_does_not_say_how_full_it_is_goes_on(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    warm = session(hive)
    assert await warm.context() is None
    await warm.connect()
    with monkeypatch.context() as patched:
        patched.setattr("hyperhive.harness.session.CONTROL_LIMIT", 0.0)
        assert await warm.context() is None
    assert (await warm.run("one", transcript()[0])).result is TurnResult.OK
    used, size = await warm.context() or (0, 0)
    assert 0 < used < size
    await warm.disconnect()


async def test_a_session_that_refuses_another_model_gets_it_with_its_next_process(
    small_hive: MakeHive, monkeypatch: pytest.MonkeyPatch
) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    warm = session(hive)
    await warm.connect()
    await warm.run("one", transcript()[0])
    known = warm.id
    monkeypatch.setattr("hyperhive.harness.session.CONTROL_LIMIT", 0.0)
    await warm.use("claude-haiku-4-5")
    assert not warm.connected
    assert await warm.context() is None
    await warm.connect()
    assert (await warm.run("two", transcript()[0])).result is TurnResult.OK
    assert hive.model is not None
    models = [request.model for request in hive.model.requests if not request.side]
    assert (models[-1].startswith("claude-haiku-4-5"), warm.id) == (True, known)
    await warm.disconnect()
