"""Answers that end without being done, byte by byte from a raw model, as the real CLI reports them."""

import json
from typing import Any

import pytest

from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.byte_model import ByteModel, Play, call, end, event, start, text, thinking
from tests.harness.conftest import MakeHive, SmallHive


def answers(first: bytes, then: bytes | None = None) -> Play:
    """Always `first`, but `then` to the request that brings a tool's result."""

    def play(body: dict[str, Any]) -> bytes:
        ran = "tool_result" in json.dumps(body["messages"][-2:])
        return first if then is None or not ran else then

    return play


async def awake(small_hive: MakeHive, model: ByteModel, **agent: Any) -> SmallHive:
    hive = await small_hive("", alice=agent)
    await hive.wake("alice", env=hive.quick_failures("alice") | {"ANTHROPIC_BASE_URL": model.url})
    return hive


BASH = call("Bash", {"command": "echo ran"})


@pytest.mark.parametrize(
    ("answer", "then", "said"),
    [
        (start() + end("end_turn", 0), None, "the answer was empty (end_turn, 0 tokens)"),
        (start() + text(" \n") + end("end_turn"), None, "the answer was empty (end_turn"),
        (start() + thinking("hm") + end("end_turn"), None, "the answer was empty (end_turn"),
        (start() + text("hi") + end("pause_turn"), None, "(pause_turn)"),
        (start() + end("pause_turn"), None, "(pause_turn)"),
        (start() + end("refusal"), None, "the model refused (refusal): API Error: "),
        (start() + text("No.") + end("refusal"), None, "the model refused (refusal): API Error: "),
        (start() + text("hi") + end("max_tokens"), None, "output limit (max_tokens): API Error: "),
        (start() + text("hi") + end("something_new"), None, "does not know (something_new)"),
        (start() + text("hi") + end(None), None, "broke off without a stop reason"),
        (start() + text("hi") + end("tool_use"), None, "tool call could not be parsed"),
        (start() + text("hi"), None, ""),
        (start(), None, ""),
        (b"", None, ""),
        (start() + BASH + end("tool_use"), start() + end("pause_turn"), "(pause_turn)"),
        (start() + BASH + end("tool_use"), start() + end("end_turn", 0), "(end_turn, 0 tokens)"),
    ],
)
async def test_an_answer_that_is_not_done_acks_no_mail_and_is_shown(
    small_hive: MakeHive, byte_model: ByteModel, answer: bytes, then: bytes | None, said: str
) -> None:
    byte_model.play = answers(answer, then)
    hive = await awake(small_hive, byte_model, bash=None)
    mail = await hive.say("alice", "one")
    await hive.state("alice", AgentState.FAILED)
    assert (await hive.settled(mail, MessageState.QUEUED)).acked_at is None
    shown = hive.broker.services.agents.view("alice").status.detail
    assert shown
    assert said in shown
    [told] = [one["error"] for one in await hive.events("alice", "turn_end")][:1]
    assert said in told
    # The next answer is done, and so is the mail.
    byte_model.play = answers(start() + text("done") + end("end_turn"))
    assert (await hive.settled(mail)).redelivered


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (start() + text("hi") + end("stop_sequence", sequence="X"), None),
        # A gateway that counts no tokens.
        (start() + text("hi") + end("end_turn", 0), None),
        # The stop reason has come: nothing is missing but the last event.
        (start() + text("hi") + end("end_turn").removesuffix(event({"type": "message_stop"})), None),
        (start() + BASH + end("tool_use"), start() + text("done") + end("end_turn")),
        # A refused call, one of no tool and one at the output limit go on with their result.
        (
            start() + call("Bash", {"command": "whoami"}) + end("tool_use"),
            start() + text("x") + end("end_turn"),
        ),
        (start() + call("Nothing", {"a": 1}) + end("tool_use"), start() + text("done") + end("end_turn")),
        (start() + BASH + end("max_tokens"), start() + text("done") + end("end_turn")),
    ],
)
async def test_an_answer_that_is_done_acks_its_mail(
    small_hive: MakeHive, byte_model: ByteModel, answer: bytes, then: bytes | None
) -> None:
    byte_model.play = answers(answer, then)
    hive = await awake(small_hive, byte_model, bash=["echo *"])
    assert (await hive.settled(await hive.say("alice", "one"))).deliveries == 1


@pytest.mark.parametrize(
    "sub", [start() + end("pause_turn"), start() + end("end_turn", 0), start() + end("refusal")]
)
async def test_how_a_subagent_ends_does_not_end_the_turn(
    small_hive: MakeHive, byte_model: ByteModel, sub: bytes
) -> None:
    given = {"description": "look", "prompt": "SUBTASK", "subagent_type": "general-purpose"}

    def play(body: dict[str, Any]) -> bytes:
        first = json.dumps(body["messages"][0])
        if "SUBTASK" in first:
            return sub
        ran = "tool_result" in json.dumps(body["messages"][-2:])
        return start() + (text("done") + end("end_turn") if ran else call("Agent", given) + end("tool_use"))

    byte_model.play = play
    hive = await awake(small_hive, byte_model, tools=["Agent"])
    assert (await hive.settled(await hive.say("alice", "one"))).deliveries == 1
    assert any("SUBTASK" in json.dumps(body["messages"][0]) for body in byte_model.bodies)
