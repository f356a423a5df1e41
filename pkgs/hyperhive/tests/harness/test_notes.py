"""Notes compaction with the real CLI in a session of its own."""

import os
from pathlib import Path
from typing import Any

import pytest

from hyperhive.harness.breaker import KeptBreaker
from hyperhive.harness.main import Harness
from hyperhive.harness.notes import NotesKeeper
from hyperhive.harness.transcript import Transcript
from hyperhive.protocol.events import TurnResult
from tests.conftest import Clock
from tests.harness.conftest import MakeHive, SmallHive

LONG = "remember this\n" * 400


def script(answer: str) -> str:
    return f'default_text = "ok"\n[[turn]]\nwhen = "remember this"\n[[turn.step]]\ntext = "{answer}"\n'


def keeper(hive: SmallHive, clock: Clock, limit: int = 1000) -> tuple[NotesKeeper, Path]:
    config = hive.harness_config("alice")
    state = Path(config.state_dir)
    state.mkdir(parents=True)
    Path(config.claude.home).mkdir(parents=True)
    (state / "notes.md").write_text(LONG)
    breaker = KeptBreaker(Path(config.claude.home) / "notes.json", lambda: "claude-test")
    return NotesKeeper(state, limit, Harness(config, {}).notes_session, breaker, clock), state


def transcript() -> Transcript:
    return Transcript("n-1", lambda _event: None)


async def test_long_notes_are_replaced_and_the_old_ones_kept_under_their_date(
    small_hive: MakeHive, clock: Clock
) -> None:
    notes, state = keeper(await small_hive(script("short now"), alice={}), clock)
    assert await notes.due()
    assert (await notes.compact(transcript())).result is TurnResult.OK
    assert (state / "notes.md").read_text() == "short now\n"
    assert (state / "notes-backup" / "notes-20261103-120000.md").read_text() == LONG
    assert sorted(path.name for path in state.iterdir()) == ["notes-backup", "notes.md"]
    assert not await notes.due()


async def test_notes_with_bytes_that_are_no_text_are_compacted_and_kept_as_they_were(
    small_hive: MakeHive, clock: Clock
) -> None:
    notes, state = keeper(await small_hive(script("short now"), alice={}), clock)
    (state / "notes.md").write_bytes(LONG.encode() + b"caf\xe9\n")
    assert (await notes.compact(transcript())).result is TurnResult.OK
    assert (state / "notes.md").read_text() == "short now\n"
    assert (state / "notes-backup" / "notes-20261103-120000.md").read_bytes().endswith(b"caf\xe9\n")


FAILING = "[[turn]]\n[[turn.step]]\nerror_status = 400\nerror_times = 0\n"


@pytest.mark.parametrize("model", [script("x" * 6000), FAILING], ids=["longer", "missing"])
async def test_a_longer_or_missing_answer_leaves_the_notes_and_is_not_asked_for_again(
    small_hive: MakeHive, clock: Clock, model: str
) -> None:
    notes, state = keeper(await small_hive(model, alice={}), clock)
    await notes.compact(transcript())
    assert (state / "notes.md").read_text() == LONG
    assert not (state / "notes-backup").exists()
    assert not await notes.due()
    (state / "notes.md").write_text(LONG + "more\n")
    assert await notes.due()


async def test_notes_that_change_while_they_are_compacted_stay(small_hive: MakeHive, clock: Clock) -> None:
    notes, state = keeper(await small_hive(script("short now"), alice={}), clock)
    touched = Transcript("n-1", lambda _event: os.utime(state / "notes.md", (1, 1)))
    await notes.compact(touched)
    assert (state / "notes.md").read_text() == LONG


async def test_notes_within_the_limit_or_without_one_are_left_alone(
    small_hive: MakeHive, clock: Clock
) -> None:
    hive = await small_hive("", alice={})
    notes, state = keeper(hive, clock, limit=len(LONG))
    assert not await notes.due()
    session = Harness(hive.harness_config("alice"), {}).notes_session
    assert not await NotesKeeper(state, 0, session, notes.breaker).due()
    (state / "notes.md").unlink()
    assert not await notes.due()


async def test_an_idle_agent_cares_for_its_notes_after_a_turn_and_counts_their_cost(
    small_hive: MakeHive,
) -> None:
    fields: dict[str, Any] = {"notes": {"compact_above_bytes": 1000}}
    hive = await small_hive(script("short now"), alice=fields)
    state = Path(hive.harness_config("alice").state_dir)
    state.mkdir(parents=True)
    await hive.wake("alice")
    (state / "notes.md").write_text(LONG)
    await hive.settled(await hive.say("alice", "hello"))
    await hive.thinking(2)

    async def told() -> bool:
        return len(await hive.events("alice", "turn_end")) == 2

    await hive.until(told, "both turns ended")
    assert (state / "notes.md").read_text() == "short now\n"
    ends = await hive.events("alice", "turn_end")
    assert [(end["result"], end["notes_bytes"]) for end in ends] == [("ok", len(LONG)), ("ok", 10)]
