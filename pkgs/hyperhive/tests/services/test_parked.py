"""Mail that fails its recipient's turns: tried alone, then parked until the operator decides."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import ConflictError, NotFoundError
from hyperhive.protocol.events import NoticeFrame
from hyperhive.protocol.messages import LeaseRequest, Message, MessageKind, MessageState
from hyperhive.protocol.questions import AskRequest, QuestionState
from tests.conftest import Clock
from tests.services.conftest import Core, StartCore, taken

HiveConfig = Callable[..., BrokerConfig]


async def park(core: Core, sender: str, recipient: str, body: str = "poison") -> Message:
    sent = await core.say(sender, recipient, body)
    for turn in range(3):
        await core.take(recipient, f"p{sent.id}-{turn}")
        await core.messages.requeue(recipient, f"p{sent.id}-{turn}", "API Error: 400")
    return await core.messages.get(sent.id)


async def test_what_failed_three_turns_alone_is_parked_and_the_mail_behind_it_flows(core: Core) -> None:
    async with core.hive.watch() as frames:
        parked = await park(core, "alice", "bob")
        behind = await core.say("alice", "bob", "fine")
        notices = [frame.text for frame in await taken(frames) if isinstance(frame, NoticeFrame)]

    assert (parked.state, parked.failures, parked.error) == (MessageState.PARKED, 3, "API Error: 400")
    assert [one.id for one in await core.take("bob", "t1", 8)] == [behind.id]
    [told] = await core.take("alice", "t1", 8)
    assert (told.sender, told.kind, told.in_reply_to) == ("system", MessageKind.NOTICE, parked.id)
    assert "API Error: 400" in told.body
    [notice] = notices
    assert notice.startswith(f"Message {parked.id} from alice to bob is parked: ")
    assert notice.endswith(": API Error: 400")
    state = await core.hive.state()
    assert ([one.id for one in state.parked], state.parked_before) == ([parked.id], None)


async def test_a_harness_that_vanishes_in_its_turns_counts_against_what_they_held_and_is_counted_once(
    core: Core,
) -> None:
    sent, other = [await core.say("alice", "bob", body) for body in ("poison", "fine")]
    for turn in range(2):
        assert len(await core.take("bob", f"t{turn}", 8)) == 2
        # The link ends, and only the next harness shows that the turn did, too.
        await core.messages.keep_only("bob", [])
        await core.messages.keep_only("bob", [], vanished=True)
        await core.messages.keep_only("bob", [], vanished=True)
        core.messages.let_go_on("bob")
        assert [(await core.messages.get(one.id)).failures for one in (sent, other)] == [turn + 1] * 2
    for turn in range(2, 5):
        assert [one.id for one in await core.take("bob", f"t{turn}", 8)] == [sent.id]
        await core.messages.keep_only("bob", [f"t{turn}"], vanished=True)
        await core.messages.keep_only("bob", [], vanished=True)
    parked = await core.messages.get(sent.id)
    assert (parked.state, parked.failures) == (MessageState.PARKED, 5)
    assert "its container has no memory left" in (parked.error or "")
    assert [one.id for one in await core.take("bob", "t5", 8)] == [other.id]


async def test_a_failure_without_a_reason_in_the_mail_never_parks_it(core: Core) -> None:
    sent = await core.say("alice", "bob")
    for turn in range(9):
        assert [one.id for one in await core.take("bob", f"t{turn}", 8)] == [sent.id]
        await core.messages.requeue("bob", f"t{turn}")
        core.messages.let_go_on("bob")

    found = await core.messages.get(sent.id)
    assert (found.state, found.failures, found.error) == (MessageState.QUEUED, 0, None)


async def test_a_batch_is_tried_twice_then_its_messages_one_by_one_until_the_bad_one_is_parked(
    core: Core,
) -> None:
    sent = [await core.say("alice", "bob", body) for body in ("a", "poison", "b", "c")]
    batches = []
    for turn in itertools.count():
        messages = await core.take("bob", f"t{turn}", 8)
        if not messages:
            break
        batches.append("".join(one.body[0] for one in messages))
        if "p" in batches[-1]:
            await core.messages.requeue("bob", f"t{turn}", "400")
        else:
            await core.messages.ack("bob", f"t{turn}")

    assert batches == ["apbc", "apbc", "a", "p", "p", "p", "b", "c"]
    states = [(await core.messages.get(one.id)).state.value for one in sent]
    assert states == ["acked", "parked", "acked", "acked"]


async def test_a_turn_with_a_suspect_is_not_told_of_mail_that_it_cannot_have(core: Core) -> None:
    await core.say("alice", "bob", "poison")
    await core.say("alice", "bob", "fine")
    pending = []
    for turn in range(3):
        leased = await core.messages.lease("bob", LeaseRequest(turn=f"t{turn}"))
        pending.append(leased.pending)
        await core.messages.requeue("bob", f"t{turn}", "400")

    assert pending == [1, 1, 0]


async def test_the_operator_is_not_written_to_about_mail_of_his_own(core: Core) -> None:
    parked = await park(core, "operator", "bob")
    await core.messages.drop(parked.id)

    assert (await core.messages.inbox()).messages == []


async def test_a_retried_message_is_back_at_its_old_place_and_has_all_its_tries_again(core: Core) -> None:
    parked = await park(core, "operator", "bob")
    behind = await core.say("operator", "bob", "fine")
    retried = await core.messages.retry(parked.id)

    assert (retried.state, retried.failures, retried.error) == (MessageState.QUEUED, 0, None)
    assert [one.id for one in await core.take("bob", "t1", 8)] == [parked.id, behind.id]
    for turn in ("t1", "t2"):
        await core.take("bob", turn)
        await core.messages.requeue("bob", turn, "400")
    assert (await core.messages.get(parked.id)).state is MessageState.QUEUED


async def test_a_retry_wakes_whoever_waits_for_mail(core: Core) -> None:
    parked = await park(core, "operator", "bob")
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=120)))
    await asyncio.sleep(0)
    await core.messages.retry(parked.id)

    async with asyncio.timeout(30):
        assert [one.id for one in (await waiting).messages] == [parked.id]


async def test_a_dropped_message_is_finished_and_its_sender_told(core: Core) -> None:
    parked = await park(core, "alice", "bob")
    await core.take("alice", "t1", 8)
    await core.messages.ack("alice", "t1")
    dropped = await core.messages.drop(parked.id)

    assert (dropped.state, dropped.error) == (MessageState.UNDELIVERABLE, "API Error: 400")
    [told] = await core.take("alice", "t2", 8)
    assert (told.kind, told.in_reply_to) == (MessageKind.UNDELIVERABLE, parked.id)
    assert "the operator dropped it" in told.body
    assert (await core.hive.state()).parked == []


async def test_only_what_is_parked_can_be_retried_or_dropped(core: Core) -> None:
    queued = await core.say("alice", "bob")
    for decide in (core.messages.retry, core.messages.drop):
        with pytest.raises(ConflictError, match=f"message {queued.id} is queued, not parked"):
            await decide(queued.id)
        with pytest.raises(NotFoundError, match="there is no message 99"):
            await decide(99)


async def test_a_parked_question_stays_open_until_it_is_dropped(core: Core) -> None:
    question = await core.questions.ask("alice", AskRequest(question="poison?", to="bob"))
    for turn in range(3):
        [carrier] = await core.take("bob", f"t{turn}")
        await core.messages.requeue("bob", f"t{turn}", "400")
    assert (await core.questions.get(question.id)).state is QuestionState.OPEN
    await core.take("alice", "t1", 8)
    await core.messages.ack("alice", "t1")

    await core.messages.drop(carrier.id)

    closed = await core.questions.get(question.id)
    assert (closed.state, closed.closed_by) == (QuestionState.CANCELLED, "operator")
    [told] = await core.take("alice", "t2", 8)
    assert (told.kind, told.question) == (MessageKind.QUESTION_CANCELLED, question.id)
    assert "the operator dropped it" in told.body


async def test_a_question_whose_time_is_over_can_be_dropped_like_other_mail(core: Core, clock: Clock) -> None:
    await core.questions.ask("alice", AskRequest(question="poison?", to="bob", ttl_seconds=60))
    for turn in range(3):
        [carrier] = await core.take("bob", f"t{turn}")
        await core.messages.requeue("bob", f"t{turn}", "400")
    clock.advance(61)
    await core.questions.sweep()
    await core.take("alice", "t1", 8)
    await core.messages.ack("alice", "t1")

    await core.messages.drop(carrier.id)
    assert [one.kind for one in await core.take("alice", "t2", 8)] == [MessageKind.UNDELIVERABLE]


async def test_parked_mail_outlives_retention_and_restarts_but_not_its_recipient(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    config = hive_config(
        retention={"messages_days": 1, "events_days": 0, "stats_days": 0, "hive_mib": 0, "agent_mib": 0}
    )
    core = await start_core(config)
    parked = await park(core, "alice", "bob")
    core = await start_core(config)
    clock.advance(10 * 86_400)
    await core.messages.sweep()
    assert (await core.messages.get(parked.id)).state is MessageState.PARKED

    await core.remove_agent("bob")
    assert (await core.messages.get(parked.id)).state is MessageState.UNDELIVERABLE
    assert MessageKind.UNDELIVERABLE in [one.kind for one in await core.take("alice", "t1", 8)]
