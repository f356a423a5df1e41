"""What a pause of the hive, or of one harness, does to leases, turns and deadlines."""

import pytest

from hyperhive.errors import ConflictError
from hyperhive.protocol.messages import Message, MessageState
from hyperhive.protocol.questions import AskRequest, QuestionState
from tests.conftest import Clock
from tests.services.conftest import Core


async def lapsed(core: Core, clock: Clock) -> Message:
    """A message whose lease to turn t1 of bob has run out."""
    sent = await core.say("alice", "bob")
    await core.take("bob", "t1")
    clock.advance(31)
    await core.messages.sweep()
    return sent


async def state_of(core: Core, message: Message) -> tuple[str, str | None]:
    found = await core.messages.get(message.id)
    return found.state.value, found.turn


async def test_a_late_ack_finishes_what_nobody_else_has_taken(core: Core, clock: Clock) -> None:
    sent = await lapsed(core, clock)
    assert await state_of(core, sent) == ("queued", None)

    assert (await core.messages.ack("bob", "t1", [sent.id])).ids == [sent.id]
    assert await state_of(core, sent) == ("acked", "t1")
    assert core.messages.pending("bob") == 0


async def test_a_late_ack_is_refused_once_another_turn_has_the_message(core: Core, clock: Clock) -> None:
    sent = await lapsed(core, clock)
    await core.take("bob", "t2")

    assert (await core.messages.ack("bob", "t1")).ids == []
    assert await state_of(core, sent) == ("leased", "t2")


async def test_a_late_ack_gives_back_what_the_turn_has_not_seen(core: Core, clock: Clock) -> None:
    seen = await core.say("alice", "bob")
    unseen = await core.say("boss", "bob")
    await core.take("bob", "t1", 2)
    clock.advance(31)
    await core.messages.sweep()

    assert (await core.messages.ack("bob", "t1", [seen.id])).ids == [seen.id]
    assert await state_of(core, unseen) == ("queued", None)


async def test_a_late_hold_takes_the_lease_back_for_a_full_term(core: Core, clock: Clock) -> None:
    sent = await lapsed(core, clock)
    await core.messages.hold("bob", ["t1"])
    clock.advance(29)
    await core.messages.sweep()

    assert await state_of(core, sent) == ("leased", "t1")
    assert await core.take("bob", "t2") == []


async def test_a_hello_takes_back_what_the_end_of_the_link_put_into_the_queue(core: Core) -> None:
    sent = await core.say("alice", "bob")
    await core.take("bob", "t1")
    await core.messages.keep_only("bob", [])
    assert await state_of(core, sent) == ("queued", None)

    await core.messages.keep_only("bob", ["t1"])
    assert await state_of(core, sent) == ("leased", "t1")
    message = await core.messages.get(sent.id)
    assert not message.redelivered


async def test_a_turn_that_reads_on_after_its_lease_lapsed_gets_nothing_twice(
    core: Core, clock: Clock
) -> None:
    sent = await lapsed(core, clock)
    more = await core.say("alice", "bob", "more")

    assert [one.id for one in await core.take("bob", "t1", 8)] == [more.id]
    assert sorted((await core.messages.ack("bob", "t1")).ids) == [sent.id, more.id]


async def test_a_late_failure_counts_like_one_in_time(core: Core, clock: Clock) -> None:
    sent = await lapsed(core, clock)
    await core.messages.requeue("bob", "t1", "400")

    assert (await core.messages.get(sent.id)).failures == 1


async def test_mail_of_an_agent_that_left_is_not_acked_late(core: Core, clock: Clock) -> None:
    sent = await lapsed(core, clock)
    await core.remove_agent("bob")

    assert (await core.messages.ack("bob", "t1")).ids == []
    assert (await core.messages.get(sent.id)).state is MessageState.UNDELIVERABLE


async def test_after_a_pause_leases_have_a_full_term_and_questions_as_long_as_before(
    core: Core, clock: Clock
) -> None:
    sent = await core.say("alice", "bob")
    await core.take("bob", "t1")
    question = await core.questions.ask("alice", AskRequest(question="?", ttl_seconds=60))
    clock.advance(3600)
    await core.resume(3600)
    await core.sweep()
    clock.advance(29)
    await core.sweep()
    assert await state_of(core, sent) == ("leased", "t1")
    assert (await core.questions.get(question.id)).state is QuestionState.OPEN

    clock.advance(31)
    await core.sweep()
    assert await state_of(core, sent) == ("queued", None)
    assert (await core.questions.get(question.id)).state is QuestionState.EXPIRED
    with pytest.raises(ConflictError):
        await core.questions.answer(question.id, "operator", "late")
