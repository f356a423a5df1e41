"""A repair that cannot repair is not tried for ever: compaction of the context and of the notes."""

from pathlib import Path

from hyperhive.demo.model_request import RequestKind
from hyperhive.harness.breaker import KeptBreaker
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive

FULL = """
default_text = "ok"
[[turn]]
when = 'operator [^\\n]*\\n\\| more'
[[turn.step]]
text = "done"
usage = { input_tokens = 166000 }
[[turn]]
when = 'from operator'
[[turn.step]]
text = "done"
usage = { input_tokens = 150000 }
"""
TOO_LONG = """
default_text = "ok"
[[turn]]
when = '^\\| big$'
[[turn.step]]
error_status = 400
error_type = "invalid_request_error"
error_message = "prompt is too long: 250000 tokens > 200000 maximum"
error_times = 0
"""
GROWN = """
[[turn]]
when = '^\\| grown$'
[[turn.step]]
text = "done"
usage = { input_tokens = 150000 }
"""
LONG_NOTES = f"""
default_text = "ok"
[[turn]]
when = '^remember this'
[[turn.step]]
text = "{"x" * 9000}"
"""


async def say(hive: SmallHive, *bodies: str) -> None:
    for body in bodies:
        await hive.settled(await hive.say("alice", body))
        await hive.state("alice", AgentState.IDLE)


def requests(hive: SmallHive, kind: RequestKind) -> int:
    assert hive.model is not None
    return len([one for one in hive.model.requests if one.kind is kind])


async def warnings(hive: SmallHive, word: str) -> list[str]:
    notes = await hive.events("alice", "note")
    return [note["text"] for note in notes if note["level"] == "warning" and word in note["text"]]


async def prompts(hive: SmallHive, begin: str) -> int:
    return len([one for one in await hive.events("alice", "turn_start") if one["prompt"].startswith(begin)])


def detail(hive: SmallHive) -> str:
    return hive.broker.services.agents.view("alice").status.detail


async def test_a_context_that_stays_over_its_mark_is_compacted_twice_and_then_left(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive(FULL, alice={"context": {"compact_above_percent": 50}})
    harness = await hive.wake("alice")
    await say(hive, "one", "two", "three")
    assert requests(hive, RequestKind.COMPACT) == 2
    assert "/new-session on the agent's page" in detail(hive)
    before = requests(hive, RequestKind.TURN)
    await say(hive, "four")
    assert requests(hive, RequestKind.TURN) == before + 1
    await hive.end(harness)
    await hive.state("alice", AgentState.OFFLINE)
    await hive.wake("alice")
    await say(hive, "five")
    assert (requests(hive, RequestKind.COMPACT), requests(hive, RequestKind.TURN)) == (2, before + 2)
    (said,) = await warnings(hive, "compacting")
    assert "/new-session on the agent's page begins with an empty context" in said


async def test_a_context_that_grew_by_a_tenth_is_compacted_once_more(small_hive: MakeHive) -> None:
    hive = await small_hive(FULL, alice={"context": {"compact_above_percent": 50}})
    await hive.wake("alice")
    await say(hive, "one", "two", "three", "more", "more", "six")
    assert requests(hive, RequestKind.COMPACT) == 3
    assert len(await warnings(hive, "compacting")) == 1


async def test_a_new_session_begins_with_new_tries(small_hive: MakeHive) -> None:
    hive = await small_hive(FULL, alice={"context": {"compact_above_percent": 50}})
    await hive.wake("alice")
    await say(hive, "one", "two", "three")
    await hive.tell("alice", "new-session")

    async def forgotten() -> bool:
        return detail(hive) == ""

    await hive.until(forgotten, "the detail is gone")
    await say(hive, "four")
    assert requests(hive, RequestKind.COMPACT) == 3


async def test_a_prompt_that_no_compaction_makes_fit_brings_two_and_leaves_the_context_its_own(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive(TOO_LONG + GROWN, alice={"context": {"compact_above_percent": 50}})
    await hive.wake("alice", env=hive.quick_failures("alice"))
    await say(hive, "small")
    big = await hive.say("alice", "big")
    # Three turns, and Claude Code started anew after each.
    await hive.settled(big, MessageState.PARKED, within_seconds=60)
    ends = [end["result"] for end in await hive.events("alice", "turn_end")]
    assert ends.count("too_long") == 5
    assert await prompts(hive, "/compact") == 2
    await say(hive, "grown", "small")
    assert await prompts(hive, "/compact") == 3
    assert await warnings(hive, "compacting twice") == []


async def test_notes_that_get_no_shorter_are_rewritten_twice_and_again_when_they_grew(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive(LONG_NOTES, alice={"notes": {"compact_above_bytes": 1000}})
    notes = Path(hive.harness_config("alice").state_dir) / "notes.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("remember this\n" * 400)
    await hive.wake("alice")
    for body in ("one", "two", "three", "four"):
        with notes.open("a") as file:
            file.write("and that\n")
        await say(hive, body)
    assert await prompts(hive, "compact notes.md") == 2
    (said,) = await warnings(hive, "notes.md")
    assert "notes.compact_above_bytes" in said
    with notes.open("a") as file:
        file.write("and that\n" * 100)
    await say(hive, "five", "six")
    assert await prompts(hive, "compact notes.md") == 3


async def test_another_model_and_a_broken_file_begin_anew(tmp_path: Path) -> None:
    model = "one"
    kept = KeptBreaker(tmp_path / "kept.json", lambda: model)
    failed = (await kept.now()).tried(5).judged(gained=False)
    await kept.keep(failed)
    assert await KeptBreaker(tmp_path / "kept.json", lambda: model).now() == failed
    model = "two"
    assert (await kept.now()).failures == 0
    for broken in ('["two", {"failures"', '["two", {"failures": "many"}]'):
        (tmp_path / "kept.json").write_text(broken)
        assert not (await KeptBreaker(tmp_path / "kept.json", lambda: model).now()).stopped
