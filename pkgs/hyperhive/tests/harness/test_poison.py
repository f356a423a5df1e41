"""Mail that fails every turn: it is parked alone, and no later request holds a copy of it."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hyperhive.harness.session import Session
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.events import TurnResult
from hyperhive.protocol.messages import Message, MessageState, SendRequest
from tests.harness.byte_model import ByteModel, Play, call, end, refuse, start, text
from tests.harness.conftest import MODEL, MakeHive, SmallHive
from tests.harness.test_session import session, transcript

GOOD = start() + text("ok") + end("end_turn")
REFUSAL = start() + end("refusal")


def bad_request(message: str = "the reason") -> web.Response:
    return refuse(400, "invalid_request_error", message)


def poisoned(answer: Callable[[], bytes | web.Response]) -> Play:
    """A model that answers so whatever has POISON in it anywhere, as the API does."""

    def play(body: dict[str, Any]) -> bytes | web.Response:
        if "POISON" in json.dumps(body["messages"]):
            return answer()
        summary = "create a detailed summary" in json.dumps(body["messages"][-1])
        return start() + text("<summary>an early mail</summary>") + end("end_turn") if summary else GOOD

    return play


async def awake(hive: SmallHive, model: ByteModel) -> None:
    await hive.wake("alice", env=hive.quick_failures("alice") | {"ANTHROPIC_BASE_URL": model.url})


async def from_bob(hive: SmallHive, body: str) -> Message:
    sent = await hive.broker.services.messages.send("bob", SendRequest(to="alice", body=body))
    return sent.messages[0]


def history(model: ByteModel) -> str:
    """What the newest request says to the model."""
    return json.dumps(model.bodies[-1]["messages"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (bad_request, "400 the reason"),
        (lambda: REFUSAL, "the model refused (refusal)"),
        (lambda: bad_request("prompt is too long: 250000 tokens > 200000 maximum"), "rompt is too long"),
        (
            lambda: start() + call("Bash", {"command": "kill -9 $PPID"}) + end("tool_use"),
            "Claude Code failed",
        ),
    ],
)
async def test_poison_is_parked_with_its_error_while_the_mail_behind_it_is_done(
    small_hive: MakeHive, byte_model: ByteModel, answer: Callable[[], bytes | web.Response], said: str
) -> None:
    hive = await small_hive("", alice={"bash": None}, bob={})
    await awake(hive, byte_model)
    await hive.settled(await hive.say("alice", "an early mail"))
    byte_model.play = poisoned(answer)
    poison = await hive.say("alice", "POISON")
    behind = [await hive.say("alice", "of the same"), await from_bob(hive, "of another")]
    # Five turns, and Claude Code started anew for each.
    parked = await hive.settled(poison, MessageState.PARKED, within_seconds=60)
    assert said in (parked.error or "")
    assert (parked.failures, parked.deliveries) == (5, 5)
    for mail in behind:
        await hive.settled(mail)
    await hive.settled(await hive.say("alice", "a late mail"))
    assert "POISON" not in history(byte_model)
    assert "an early mail" in history(byte_model)
    for kept in ("of the same", "of another", "a late mail"):
        assert history(byte_model).count(kept) == 1


def asked_again(model: ByteModel) -> Callable[[], Awaitable[bool]]:
    before = len(model.bodies)

    async def asked() -> bool:
        return len(model.bodies) > before

    return asked


@pytest.mark.parametrize(
    ("verb", "body"), [("new-session", {}), ("model", {"model": "claude-opus-4-5"}), ("cancel", {})]
)
async def test_what_the_operator_does_between_two_retries_neither_helps_poison_nor_stops_it(
    small_hive: MakeHive, byte_model: ByteModel, verb: str, body: dict[str, str]
) -> None:
    hive = await small_hive("", alice={"models": [MODEL, "claude-opus-4-5"]})
    await awake(hive, byte_model)
    await hive.settled(await hive.say("alice", "an early mail"))
    byte_model.play = poisoned(bad_request)
    poison = await hive.say("alice", "POISON")

    async def failed() -> bool:
        return (await hive.broker.services.messages.get(poison.id)).failures > 0

    await hive.until(failed, "a turn failed")
    if verb == "cancel":
        # There is nothing else that it could be for.
        byte_model.answers.clear()
        await hive.until(asked_again(byte_model), "it is tried again")
    await hive.tell("alice", verb, **body)
    if verb == "cancel":
        byte_model.answers.set()
        # It rests until something new comes.
        await hive.state("alice", AgentState.IDLE)
    behind = await hive.say("alice", "behind it")
    # The first failure was its own turn's; what came behind it may have been in the second one's.
    parked = await hive.settled(poison, MessageState.PARKED, within_seconds=60)
    assert "400 the reason" in (parked.error or "")
    assert parked.failures in {3, 4}
    await hive.settled(behind)
    await hive.settled(await hive.say("alice", "a late mail"))
    assert "POISON" not in history(byte_model)
    assert ("an early mail" in history(byte_model)) is (verb != "new-session")
    assert byte_model.bodies[-1]["model"] == body.get("model", MODEL)


async def test_failures_that_no_prompt_causes_park_nothing_and_leave_one_copy_of_the_prompt(
    small_hive: MakeHive, byte_model: ByteModel
) -> None:
    hive = await small_hive("", alice={})
    await awake(hive, byte_model)
    await hive.settled(await hive.say("alice", "an early mail"))
    byte_model.play = lambda _body: refuse(529, "overloaded_error", "Overloaded")
    mail = await hive.say("alice", "not my fault")

    async def tried() -> bool:
        return (await hive.broker.services.messages.get(mail.id)).deliveries >= 3

    await hive.until(tried, "three turns failed")
    byte_model.play = poisoned(bad_request)
    assert (await hive.settled(mail)).failures == 0
    assert history(byte_model).count("not my fault") == 1
    assert history(byte_model).count("an early mail") == 1


@pytest.fixture
async def warm(small_hive: MakeHive, byte_model: ByteModel) -> tuple[SmallHive, dict[str, str]]:
    hive = await small_hive("", alice={"bash": None})
    return hive, hive.quick_failures("alice") | {"ANTHROPIC_BASE_URL": byte_model.url}


async def test_a_conversation_that_begins_with_poison_begins_anew(
    warm: tuple[SmallHive, dict[str, str]], byte_model: ByteModel
) -> None:
    hive, env = warm
    first = session(hive, env=env)
    byte_model.play = poisoned(bad_request)
    await first.connect()
    turn = await first.run("POISON", transcript()[0])
    assert (turn.result, turn.by_prompt) == (TurnResult.FAILED, True)
    assert (first.connected, first.id) == (False, None)
    await first.connect()
    assert (await first.run("good", transcript()[0])).result is TurnResult.OK
    await first.disconnect()


async def test_poison_that_a_killed_harness_left_in_the_conversation_goes_with_the_next_failure(
    warm: tuple[SmallHive, dict[str, str]], byte_model: ByteModel
) -> None:
    hive, env = warm
    killed = session(hive, env=env)
    await killed.connect()
    await killed.run("good one", transcript()[0])
    byte_model.play = poisoned(bad_request)
    # A turn of which the harness sees no end, nor does it what follows from it.
    killed.go_back = killed.disconnect  # type: ignore[method-assign]
    await killed.run("POISON one", transcript()[0])
    after = session(hive, env=env)
    await after.connect()
    assert (await after.run("POISON two", transcript()[0])).by_prompt
    await after.connect()
    assert (await after.run("good two", transcript()[0])).result is TurnResult.OK
    await after.disconnect()
    assert "POISON" not in history(byte_model)
    assert history(byte_model).count("good one") == 1


async def test_poison_after_a_compaction_leaves_the_summary(
    warm: tuple[SmallHive, dict[str, str]], byte_model: ByteModel
) -> None:
    hive, env = warm

    def play(body: dict[str, Any]) -> bytes | web.Response:
        if "create a detailed summary" in json.dumps(body["messages"][-1]):
            return start() + text("<summary>WHAT WAS BEFORE</summary>") + end("end_turn")
        return poisoned(bad_request)(body)

    byte_model.play = play
    used = session(hive, env=env)
    await used.connect()
    await used.run("good one", transcript()[0])
    assert (await used.run("/compact", transcript()[0], command=True)).error == ""
    await used.run("POISON", transcript()[0])
    await used.connect()
    assert (await used.run("good two", transcript()[0])).result is TurnResult.OK
    await used.disconnect()
    assert "WHAT WAS BEFORE" in history(byte_model)
    assert "POISON" not in history(byte_model)


async def test_a_prompt_that_kills_the_engine_does_not_stay(
    warm: tuple[SmallHive, dict[str, str]], byte_model: ByteModel
) -> None:
    hive, env = warm
    byte_model.play = lambda body: (
        start() + call("Bash", {"command": "kill -9 $PPID"}) + end("tool_use")
        if "POISON" in json.dumps(body["messages"])
        else GOOD
    )
    used = session(hive, env=env)
    await used.connect()
    await used.run("good one", transcript()[0])
    known = used.id
    turn = await used.run("POISON", transcript()[0])
    assert (turn.result, turn.by_prompt) == (TurnResult.FAILED, True)
    await used.connect()
    assert (await used.run("good two", transcript()[0])).result is TurnResult.OK
    await used.disconnect()
    assert used.id == known
    assert "POISON" not in history(byte_model)
    assert "good one" in history(byte_model)


async def test_what_a_turn_had_done_stays_when_it_failed_for_no_reason_of_its_prompt(
    warm: tuple[SmallHive, dict[str, str]], byte_model: ByteModel
) -> None:
    hive, env = warm

    def play(body: dict[str, Any]) -> bytes | web.Response:
        if "tool_result" in json.dumps(body["messages"][-2:]):
            return refuse(529, "overloaded_error", "Overloaded")
        return start() + call("Bash", {"command": "echo DONE ALREADY"}) + end("tool_use")

    used = session(hive, env=env)
    await used.connect()
    byte_model.play = play
    assert (await used.run("work", transcript()[0])).result is TurnResult.FAILED
    byte_model.play = poisoned(bad_request)
    assert (await used.run("go on", transcript()[0])).result is TurnResult.OK
    await used.disconnect()
    assert "DONE ALREADY" in history(byte_model)


async def test_a_disk_that_keeps_nothing_is_not_the_prompts_fault(
    warm: tuple[SmallHive, dict[str, str]], byte_model: ByteModel
) -> None:
    hive, env = warm
    used = Session(session(hive, env=env)._make_options, Path("/proc/hyperhive-session.json"))
    await used.connect()
    turns = [await used.run(prompt, transcript()[0]) for prompt in ("one", "two")]
    await used.disconnect()
    assert [turn.result for turn in turns] == [TurnResult.OK, TurnResult.OK]
