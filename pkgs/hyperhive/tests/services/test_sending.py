import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import (
    ConflictError,
    HyperhiveError,
    InvalidRequestError,
    LoopBrokenError,
    NotFoundError,
    RecipientDeniedError,
    UnknownRecipientError,
)
from hyperhive.protocol.events import MessageFrame, NoticeFrame
from hyperhive.protocol.messages import MessageKind, MessageState, SendRequest
from hyperhive.protocol.questions import AskRequest
from hyperhive.store.database import OWNER
from tests.conftest import Clock
from tests.services.conftest import Core, StartCore, taken

HiveConfig = Callable[..., BrokerConfig]
Limited = Callable[..., Any]


@pytest.fixture
async def limited(start_core: StartCore, hive_config: HiveConfig) -> Limited:
    """Start the default hive with these limits of the loop breaker, the others off."""

    async def start(**limits: int) -> Core:
        off = {"messages_per_minute": 0, "duplicates": 0, "ping_pong": 0}
        return await start_core(hive_config(loop_breaker=off | limits))

    return start


async def test_more_than_the_limit_a_minute_is_refused_until_the_minute_is_over(
    limited: Limited, clock: Clock
) -> None:
    core = await limited(messages_per_minute=2)
    await core.say("boss", "bob", "1")
    clock.advance(30)
    await core.say("boss", "bob", "2")

    with pytest.raises(LoopBrokenError, match="2 messages from boss to bob in the last minute"):
        await core.say("boss", "bob", "3")

    await core.say("boss", "alice", "another pair")
    clock.advance(31)
    await core.say("boss", "bob", "3")
    [refused] = (await core.messages.page(state=MessageState.REFUSED)).messages
    assert (refused.body, refused.refused_rule) == ("3", "loop_rate")


async def test_exact_duplicates_over_the_limit_are_refused(limited: Limited) -> None:
    core = await limited(duplicates=2)
    for _ in range(2):
        await core.say("alice", "operator", "same")

    with pytest.raises(LoopBrokenError, match="exactly this text"):
        await core.say("alice", "operator", "same")
    await core.say("alice", "operator", "different")


async def test_ping_pong_is_refused_until_somebody_else_takes_part(limited: Limited, clock: Clock) -> None:
    core = await limited(ping_pong=4)
    for number in range(4):
        clock.advance(1)
        pair = ("alice", "bob") if number % 2 == 0 else ("bob", "alice")
        await core.say(*pair, str(number))

    for pair in (("alice", "bob"), ("bob", "alice")):
        with pytest.raises(LoopBrokenError, match="with nobody else taking part"):
            await core.say(*pair, "again")
    clock.advance(1)
    await core.say("operator", "bob", "what are you two doing?")
    clock.advance(1)
    await core.say("bob", "alice", "talking")


async def test_many_messages_in_one_direction_are_not_ping_pong(limited: Limited) -> None:
    core = await limited(ping_pong=4)
    for number in range(10):
        await core.say("alice", "bob", str(number))
    await core.say("bob", "alice", "thanks")


async def test_the_conversation_with_the_operator_is_not_ping_pong_and_the_operator_has_no_limit(
    limited: Limited,
) -> None:
    core = await limited(messages_per_minute=6, duplicates=6, ping_pong=2)
    for _ in range(5):
        await core.say("alice", "operator", "yes?")
        await core.say("operator", "alice", "yes!")
    for _ in range(20):
        await core.say("operator", "alice", "yes!")


async def test_both_sides_and_the_operator_hear_of_a_broken_loop_once_in_ten_minutes(
    limited: Limited, clock: Clock
) -> None:
    core = await limited(messages_per_minute=1)

    async def refused(sender: str, to: str) -> int:
        """How many notices the operator's page shows for one refused message."""
        async with core.hive.watch() as frames:
            with pytest.raises(LoopBrokenError):
                await core.say(sender, to, "again")
            return sum(isinstance(frame, NoticeFrame) for frame in await taken(frames))

    await core.say("alice", "bob", "1")
    await core.say("bob", "alice", "2")
    shown = [await refused("alice", "bob"), await refused("alice", "bob"), await refused("bob", "alice")]
    clock.advance(601)
    await core.say("alice", "bob", "3")
    shown.append(await refused("alice", "bob"))

    assert shown == [1, 0, 0, 1]
    for side, other in (("alice", "bob"), ("bob", "alice")):
        mail = await core.take(side, count=10)
        notices = [message for message in mail if message.kind is MessageKind.NOTICE]
        assert [notice.sender for notice in notices] == ["system", "system"]
        assert other in notices[0].body


async def test_a_broadcast_of_which_one_message_is_refused_sends_nothing(limited: Limited) -> None:
    core = await limited(messages_per_minute=1)
    await core.say("alice", "bob", "1")

    with pytest.raises(LoopBrokenError, match="from alice to bob"):
        await core.messages.send("alice", SendRequest(to="*", body="all"))

    assert core.messages.pending("boss") == 0


async def test_a_repeated_call_does_not_meet_the_loop_breaker_again(limited: Limited) -> None:
    core = await limited(messages_per_minute=1, duplicates=1)
    request = SendRequest(to="bob", body="once", idempotency_key="k")

    results = [await core.messages.send("alice", request) for _ in range(3)]

    assert [result.messages[0].id for result in results] == [1, 1, 1]


async def test_questions_count_as_messages_and_their_repetition_as_duplicates(limited: Limited) -> None:
    core = await limited(messages_per_minute=3, duplicates=2)
    for target in ("bob", "operator"):
        for _ in range(2):
            await core.questions.ask("alice", AskRequest(question="ready?", to=target))
        with pytest.raises(LoopBrokenError, match="exactly this text"):
            await core.questions.ask("alice", AskRequest(question="ready?", to=target))
        await core.say("alice", target, "I asked")
        with pytest.raises(LoopBrokenError, match="in the last minute"):
            await core.say("alice", target, "I asked twice")

    refused = (await core.messages.page(state=MessageState.REFUSED)).messages
    assert [(message.recipient, message.kind) for message in reversed(refused)] == [
        ("bob", MessageKind.QUESTION_ASKED),
        ("bob", MessageKind.TEXT),
        ("operator", MessageKind.QUESTION_ASKED),
        ("operator", MessageKind.TEXT),
    ]


async def test_the_manager_alias_reaches_the_agent_with_that_role(core: Core) -> None:
    assert (await core.say("alice", "manager")).recipient == "boss"


async def test_everyone_is_every_agent_in_reach_without_the_sender(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(
        hive_config(
            agents={
                "boss": {"role": "manager"},
                "alice": {"allowed_recipients": ["manager", "bob", "operator"]},
                "bob": {},
                "carol": {},
            }
        )
    )

    async def reached(sender: str) -> list[tuple[str, bool]]:
        result = await core.messages.send(sender, SendRequest(to="*", body="x"))
        return [(message.recipient, message.broadcast) for message in result.messages]

    assert await reached("alice") == [("bob", True), ("boss", True)]
    assert await reached("bob") == [("alice", True), ("boss", True), ("carol", True)]
    assert await reached("operator") == [("alice", True), ("bob", True), ("boss", True), ("carol", True)]


@pytest.mark.parametrize(
    ("sender", "to", "error"),
    [
        ("alice", "alice", InvalidRequestError),
        ("alice", "system", InvalidRequestError),
        ("boss", "manager", InvalidRequestError),
        ("operator", "operator", InvalidRequestError),
        ("alice", "nobody", UnknownRecipientError),
        ("ghost", "alice", NotFoundError),
    ],
)
async def test_a_recipient_that_makes_no_sense_is_refused_and_nothing_is_stored(
    core: Core, sender: str, to: str, error: type[HyperhiveError]
) -> None:
    with pytest.raises(error):
        await core.say(sender, to)

    assert (await core.messages.page(limit=10)).messages == []


async def test_everyone_with_nobody_in_reach_is_an_invalid_request(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(hive_config(agents={"alice": {"allowed_recipients": ["operator"]}, "bob": {}}))

    with pytest.raises(InvalidRequestError, match="reaches nobody"):
        await core.say("alice", "*")


async def test_a_denied_message_is_kept_as_refused_and_told_to_the_operator_only(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(hive_config(agents={"alice": {"allowed_recipients": ["operator"]}, "bob": {}}))

    async with core.hive.watch() as frames:
        with pytest.raises(RecipientDeniedError, match="you can reach operator"):
            await core.say("alice", "bob", "psst")
        [frame] = await taken(frames)

    [kept] = (await core.messages.page(limit=10)).messages
    assert isinstance(frame, MessageFrame)
    assert frame.data == kept
    assert (kept.body, kept.state, kept.refused_rule) == ("psst", MessageState.REFUSED, "recipient_denied")
    assert core.messages.pending("bob") == 0
    assert await core.messages.get(kept.id, viewer="alice") == kept
    with pytest.raises(NotFoundError):
        await core.messages.get(kept.id, viewer="bob")


async def test_a_reply_must_be_to_a_message_of_ones_own(core: Core) -> None:
    first = await core.say("alice", "bob")
    reply = await core.messages.send("bob", SendRequest(to="alice", body="yes", in_reply_to=first.id))

    assert reply.messages[0].in_reply_to == first.id
    for wrong in (
        SendRequest(to="bob", body="x", in_reply_to=first.id),
        SendRequest(to="bob", body="x", in_reply_to=2**60),
    ):
        with pytest.raises(InvalidRequestError, match="in_reply_to"):
            await core.messages.send("boss", wrong)


async def test_the_same_key_returns_the_first_result_and_creates_nothing(core: Core) -> None:
    request = SendRequest(to="*", body="hi", idempotency_key="k")
    first, second = await asyncio.gather(
        core.messages.send("alice", request), core.messages.send("alice", request)
    )
    await core.take("bob")
    third = await core.messages.send("alice", request)

    assert second.model_dump_json() == first.model_dump_json()
    assert [message.id for message in third.messages] == [message.id for message in first.messages]
    assert third.messages[0].state is MessageState.LEASED
    assert len((await core.messages.page(limit=10)).messages) == 2


async def test_a_key_of_another_call_is_a_conflict(core: Core) -> None:
    await core.messages.send("alice", SendRequest(to="bob", body="hi", idempotency_key="k"))

    with pytest.raises(ConflictError):
        await core.messages.send("alice", SendRequest(to="bob", body="ho", idempotency_key="k"))
    await core.messages.send("boss", SendRequest(to="bob", body="ho", idempotency_key="k"))


async def test_what_waited_for_its_turn_while_agents_left_goes_by_who_is_there_then(
    start_core: StartCore, hive_config: Callable[..., BrokerConfig]
) -> None:
    core = await start_core(
        hive_config(agents={"alice": {"allowed_recipients": ["bob"]}, "bob": {}, "eve": {}})
    )
    disk = threading.Event()
    busy = core.db.submit(lambda _: disk.wait(5))
    waiting = []
    for sender, to in (("alice", "bob"), ("eve", "alice"), ("bob", "eve")):
        token = OWNER.set(sender)
        waiting.append(asyncio.ensure_future(core.messages.send(sender, SendRequest(to=to, body="x"))))
        OWNER.reset(token)
    await asyncio.sleep(0)
    leaving = asyncio.ensure_future(core.remove_agent("alice"))
    await asyncio.sleep(0)
    disk.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await asyncio.gather(busy, leaving)

    assert [getattr(one, "key", "sent") for one in outcomes] == ["not_found", "unknown_recipient", "sent"]
