import asyncio
import itertools
import random
from collections.abc import Callable

import pytest
from annotated_types import Le

from hyperhive.config import BrokerConfig, ConfigModel, LoopBreakerConfig
from hyperhive.config.models import DeliveryConfig, RetentionConfig
from hyperhive.errors import (
    RecipientDeniedError,
    UnknownRecipientError,
)
from hyperhive.protocol.bus import MessageChanged, QueueChanged
from hyperhive.protocol.events import MessageFrame, NoticeFrame
from hyperhive.protocol.link import Wake
from hyperhive.protocol.messages import (
    LeaseRequest,
    LeaseResult,
    Message,
    MessageHeader,
    MessageKind,
    MessageState,
    SendRequest,
)
from tests.conftest import Clock
from tests.services.conftest import Core, PushedTo, StartCore, frame_of, taken

HiveConfig = Callable[..., BrokerConfig]


async def test_a_sent_message_is_queued_for_its_recipient(core: Core, clock: Clock) -> None:
    result = await core.messages.send("alice", SendRequest(to="bob", body="hello"))

    assert result.messages == [
        Message(
            id=1,
            sender="alice",
            recipient="bob",
            kind=MessageKind.TEXT,
            body="hello",
            in_reply_to=None,
            broadcast=False,
            question=None,
            sent_at=clock.now,
            state=MessageState.QUEUED,
            turn=None,
            deliveries=0,
            redelivered=False,
            leased_at=None,
            acked_at=None,
            refused_rule=None,
        )
    ]
    assert core.messages.pending("bob") == 1


def header(message: Message) -> MessageHeader:
    return MessageHeader(**message.model_dump(exclude={"body"}))


async def test_a_message_lives_from_lease_to_ack_and_the_bus_tells_every_step(
    core: Core, clock: Clock
) -> None:
    async with core.hive.watch() as frames:
        sent = await core.say("alice", "bob")
        leased = await core.messages.lease("bob", LeaseRequest(turn="t1"))
        clock.advance(2)
        acked = await core.messages.ack("bob", "t1")
        told = [frame.data for frame in await taken(frames) if isinstance(frame, MessageFrame)]

    in_turn = sent.model_copy(
        update={"state": MessageState.LEASED, "turn": "t1", "deliveries": 1, "leased_at": clock.now - 2}
    )
    done = in_turn.model_copy(update={"state": MessageState.ACKED, "acked_at": clock.now})
    assert leased == LeaseResult(messages=[in_turn], pending=0)
    assert acked.ids == [sent.id]
    assert told == [sent, header(in_turn), header(done)]


async def test_refusals_over_sixty_a_minute_are_counted_and_told_once_a_minute(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config(agents={"alice": {"allowed_recipients": []}, "bob": {}}))
    for _ in range(70):
        with pytest.raises(RecipientDeniedError):
            await core.say("alice", "bob", "x" * 5000)

    clock.advance(61)
    async with core.hive.watch() as frames:
        await core.messages.sweep()
        [notice] = await taken(frames)

    page = await core.messages.page(limit=500)
    assert len(page.messages) == 60
    assert {len(message.body) < 2100 for message in page.messages} == {True}
    assert isinstance(notice, NoticeFrame)
    assert notice.text == "10 more refused messages of alice were not stored."


async def test_lease_hands_out_the_oldest_first_and_says_what_is_left(core: Core) -> None:
    sent = [(await core.say("alice", "bob", str(number))).id for number in range(5)]

    first = await core.messages.lease("bob", LeaseRequest(turn="t1", max=2))
    second = await core.messages.lease("bob", LeaseRequest(turn="t1", max=32))

    assert [message.id for message in first.messages] == sent[:2]
    assert first.pending == 3
    assert [message.id for message in second.messages] == sent[2:]
    assert second.pending == 0


async def test_a_requeued_message_comes_again_before_later_ones_and_is_marked(core: Core) -> None:
    first, second = await core.say("alice", "bob", "1"), await core.say("alice", "bob", "2")
    await core.take("bob", "t1")
    assert (await core.messages.requeue("bob", "t1")).ids == [first.id]

    again = await core.take("bob", "t2", 2)

    assert [(message.id, message.deliveries, message.redelivered) for message in again] == [
        (first.id, 2, True),
        (second.id, 1, False),
    ]


async def test_a_pair_keeps_its_order_while_an_earlier_message_is_in_another_turn(core: Core) -> None:
    first, second = await core.say("alice", "bob", "1"), await core.say("alice", "bob", "2")
    other = await core.say("boss", "bob", "3")
    await core.take("bob", "t1")

    assert [message.id for message in await core.take("bob", "t2", 5)] == [other.id]
    await core.messages.requeue("bob", "t1")
    assert [message.id for message in await core.take("bob", "t2", 5)] == [first.id, second.id]


async def test_a_waiting_lease_gets_the_pair_s_next_message_after_the_ack(core: Core) -> None:
    await core.say("alice", "bob", "1")
    second = await core.say("alice", "bob", "2")
    await core.take("bob", "t1")
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t2", wait_seconds=120)))
    await asyncio.sleep(0)

    await core.messages.ack("bob", "t1")

    assert [message.id for message in (await waiting).messages] == [second.id]


async def test_a_waiting_lease_is_answered_as_soon_as_mail_comes(core: Core) -> None:
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=120)))
    await asyncio.sleep(0)
    sent = await core.say("alice", "bob")

    result = await asyncio.wait_for(waiting, 30)

    assert [message.id for message in result.messages] == [sent.id]


async def test_a_subscriber_that_fails_leaves_no_lease_waiting(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_event: object) -> None:
        raise ValueError("no")

    for kind in (QueueChanged, MessageChanged):
        core.bus._handlers[kind].insert(0, fail)
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=120)))
    await asyncio.sleep(0)
    sent = await core.say("alice", "bob")

    assert [message.id for message in (await asyncio.wait_for(waiting, 30)).messages] == [sent.id]
    assert "a subscriber to QueueChanged failed" in caplog.messages


async def test_a_lease_that_waits_in_vain_returns_nothing(core: Core) -> None:
    result = await core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=0.02))

    assert result == LeaseResult(messages=[], pending=0)


async def test_one_message_goes_to_one_of_many_waiting_leases(core: Core) -> None:
    waiting = [
        asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn=f"t{number}", wait_seconds=0.2)))
        for number in range(5)
    ]
    await asyncio.sleep(0)
    sent = await core.say("alice", "bob")

    results = await asyncio.gather(*waiting)

    assert [message.id for result in results for message in result.messages] == [sent.id]


async def test_a_cancelled_lease_leaves_no_trace_whenever_it_is_cancelled(core: Core) -> None:
    sent = await core.say("alice", "bob")
    for steps in range(30):
        call = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="gone", wait_seconds=5)))
        for _ in range(steps):
            await asyncio.sleep(0)
        if call.done():
            break
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        # Whatever the writer still has to do for it comes before this read.
        await core.messages.hold("bob", [])
        assert await core.messages.get(sent.id) == sent
        assert core.messages.pending("bob") == 1
    else:
        call = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=5)))
    await call


async def test_a_lease_that_was_committed_when_its_call_was_cancelled_is_taken_back(core: Core) -> None:
    sent = await core.say("alice", "bob")
    call = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="gone")))
    async with core.hive.watch() as frames:
        async for item in frames:
            frame = frame_of(item)
            if isinstance(frame, MessageFrame) and frame.data.state is MessageState.LEASED:
                break
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    await core.messages.hold("bob", [])
    assert await core.messages.get(sent.id) == sent


async def test_ack_finishes_only_what_is_still_leased_to_the_turn(core: Core, clock: Clock) -> None:
    first = await core.say("alice", "bob", "1")
    await core.take("bob", "t1")
    clock.advance(31)
    await core.messages.sweep()
    late = await core.say("boss", "bob", "2")
    assert [message.id for message in await core.take("bob", "t2")] == [first.id]
    assert [message.id for message in await core.take("bob", "t1")] == [late.id]

    assert (await core.messages.ack("bob", "t1")).ids == [late.id]
    assert (await core.messages.ack("bob", "t1")).ids == []
    assert (await core.messages.get(first.id)).state is MessageState.LEASED


async def test_an_ack_of_some_messages_puts_the_rest_of_the_turn_back(core: Core) -> None:
    seen, lost = await core.say("alice", "bob", "1"), await core.say("alice", "bob", "2")
    await core.take("bob", "t1", 2)

    assert (await core.messages.ack("bob", "t1", [seen.id, 999])).ids == [seen.id]
    assert [message.id for message in await core.take("bob", "t2", 5)] == [lost.id]


async def test_a_lease_that_is_held_outlives_its_term_and_another_does_not(core: Core, clock: Clock) -> None:
    held, lost = await core.say("alice", "bob", "1"), await core.say("boss", "bob", "2")
    await core.take("bob", "kept")
    await core.take("bob", "dropped")
    clock.advance(20)
    await core.messages.hold("bob", ["kept"])
    clock.advance(20)
    await core.messages.sweep()

    assert (await core.messages.get(held.id)).state is MessageState.LEASED
    assert (await core.messages.get(lost.id)).state is MessageState.QUEUED


async def test_keep_only_puts_back_every_other_turn_at_once(core: Core) -> None:
    kept, lost = await core.say("alice", "bob", "1"), await core.say("boss", "bob", "2")
    await core.take("bob", "t1")
    await core.take("bob", "t2")

    assert (await core.messages.keep_only("bob", ["t1"])).ids == [lost.id]
    assert (await core.messages.keep_only("bob", [])).ids == [kept.id]
    assert core.messages.pending("bob") == 2


async def test_mail_wakes_the_recipient_with_the_queue_s_depth(core: Core) -> None:
    link = PushedTo()
    core.links.join("bob", link)

    await core.say("alice", "bob", "1")
    await core.say("alice", "bob", "2")
    await core.take("bob", "t1")
    await core.messages.requeue("bob", "t1")

    assert link.frames == [Wake(pending=1), Wake(pending=2), Wake(pending=2)]


async def test_the_operator_reads_its_inbox_without_leasing(core: Core) -> None:
    first, second = await core.say("alice", "operator", "1"), await core.say("bob", "operator", "2")
    other = await core.say("alice", "bob")
    assert (await core.messages.inbox()).messages == [first, second]

    read = await core.messages.read([second.id, other.id, 999])

    assert read.ids == [second.id]
    assert (await core.messages.inbox()).messages == [first]


async def test_history_is_paged_and_filtered(core: Core) -> None:
    for body in ("100% sure", "100 times", "a_b", "axb"):
        await core.say("alice", "bob", body)
    await core.say("boss", "bob", "from the boss")
    await core.take("bob", "t1", 1)
    await core.messages.ack("bob", "t1")

    async def bodies(**chosen: object) -> list[str]:
        page = await core.messages.page(**chosen)  # type: ignore[arg-type]  # keywords vary by case
        return [message.body for message in page.messages]

    newest = await core.messages.page(limit=2)
    oldest = await core.messages.page(limit=3, before=newest.next_before)

    assert [message.id for message in newest.messages] == [5, 4]
    assert [message.id for message in oldest.messages] == [3, 2, 1]
    assert oldest.next_before is None
    assert await bodies(text="100%") == ["100% sure"]
    assert await bodies(text="A_B") == ["a_b"]
    assert await bodies(agent="boss") == ["from the boss"]
    assert await bodies(agent="bob", limit=2) == ["from the boss", "axb"]
    assert await bodies(agent="alice", state=MessageState.ACKED) == ["100% sure"]
    assert await bodies(state=MessageState.QUEUED, text="times") == ["100 times"]


async def test_a_restart_keeps_queues_and_gives_leases_a_full_term(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config())
    await core.say("alice", "bob", "1")
    await core.say("alice", "boss", "2")
    await core.take("bob", "t1")
    clock.advance(3600)

    again = await start_core(hive_config())
    await again.messages.sweep()

    assert (again.messages.pending("boss"), again.messages.pending("bob")) == (1, 0)
    assert (await again.messages.ack("bob", "t1")).ids == [1]


async def test_retention_forgets_finished_messages_and_keeps_queued_ones(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(
        hive_config(
            retention={"messages_days": 1, "events_days": 0, "stats_days": 0, "hive_mib": 0, "agent_mib": 0}
        )
    )
    await core.say("alice", "bob", "old, done")
    await core.say("alice", "boss", "old, queued")
    await core.take("bob")
    await core.messages.ack("bob", "t1")
    clock.advance(86_401)
    await core.say("alice", "bob", "new")

    await core.messages.sweep()

    assert [message.body for message in (await core.messages.page(limit=10)).messages] == [
        "new",
        "old, queued",
    ]


async def test_the_longest_retention_and_the_widest_limits_can_be_computed_with(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    def most(model: type[ConfigModel]) -> dict[str, int]:
        bounds = [bound for field in model.model_fields.values() for bound in field.metadata]
        return dict(zip(model.model_fields, [one.le for one in bounds if isinstance(one, Le)], strict=True))

    core = await start_core(
        hive_config(
            retention=most(RetentionConfig),
            loop_breaker=most(LoopBreakerConfig),
            delivery=most(DeliveryConfig),
        )
    )
    await core.say("alice", "bob", "kept")
    await core.take("bob")
    await core.messages.ack("bob", "t1")

    for sweep in (core.messages.sweep, core.events.sweep, core.stats.sweep):
        await sweep()

    assert [message.body for message in (await core.messages.page(limit=10)).messages] == ["kept"]


async def test_the_system_posts_without_limits_but_only_to_known_names(core: Core) -> None:
    posted = await core.messages.post("alice", MessageKind.NOTICE, "be nice")

    assert (posted.sender, posted.recipient, posted.kind) == ("system", "alice", MessageKind.NOTICE)
    with pytest.raises(UnknownRecipientError):
        await core.messages.post("nobody", MessageKind.NOTICE, "x")


class Trial:
    """Turns of one agent that end well, fail or are forgotten, as chance has it."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self.core = core
        self.clock = clock
        self.chance = random.Random(11)
        self.sent = {
            sender: [str(number) for number in range(40)] for sender in ("alice", "boss", "operator")
        }
        self.done: dict[str, list[str]] = {sender: [] for sender in self.sent}

    async def send(self, sender: str) -> None:
        for body in self.sent[sender]:
            await self.core.say(sender, "bob", body)

    async def work(self, worker: int) -> None:
        numbers = itertools.count()
        while self.done != self.sent:
            turn = f"{worker}-{next(numbers)}"
            request = LeaseRequest(turn=turn, max=self.chance.randint(1, 4), wait_seconds=0.01)
            call = asyncio.ensure_future(self.core.messages.lease("bob", request))
            if self.chance.random() < 0.2:
                await asyncio.sleep(0)
                call.cancel()
            await asyncio.wait([call])
            if not call.cancelled():
                await self.end(turn, {message.id: message for message in call.result().messages})

    async def end(self, turn: str, messages: dict[int, Message]) -> None:
        match self.chance.choice(("ack", "ack", "requeue", "expire")):
            case "ack":
                for number in (await self.core.messages.ack("bob", turn)).ids:
                    self.done[messages[number].sender].append(messages[number].body)
            case "requeue":
                await self.core.messages.requeue("bob", turn)
            case _:
                self.clock.advance(31)
                await self.core.messages.sweep()


async def test_no_message_is_lost_or_overtaken_whatever_becomes_of_the_turns(
    core: Core, clock: Clock
) -> None:
    trial = Trial(core, clock)

    await asyncio.wait_for(asyncio.gather(*map(trial.send, trial.sent), *map(trial.work, range(3))), 60)

    assert trial.done == trial.sent


async def give_back(core: Core, agent: str, times: int) -> None:
    for number in range(times):
        assert await core.take(agent, f"back-{number}")
        await core.messages.requeue(agent, f"back-{number}")


async def test_who_gives_its_mail_back_three_times_in_a_row_rests_and_is_woken_then(core: Core) -> None:
    await core.say("alice", "bob", "again")
    link = PushedTo()
    core.links.join("bob", link)
    await give_back(core, "bob", 3)

    assert await core.messages.lease("bob", LeaseRequest(turn="t1")) == LeaseResult(messages=[], pending=0)
    await core.say("boss", "bob", "new")
    assert await core.take("bob") == []
    [message] = (await core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=5))).messages
    assert (message.body, message.deliveries) == ("again", 4)
    link.frames.clear()
    await core.messages.sweep()
    assert link.frames == [Wake(pending=1)]


async def test_mail_that_is_acked_or_that_the_operator_sees_to_ends_the_rest(core: Core) -> None:
    for number in range(6):
        await core.say("alice", "bob", str(number))
    await give_back(core, "bob", 2)
    await core.take("bob")
    await core.messages.ack("bob", "t1")
    await give_back(core, "bob", 3)
    assert await core.take("bob", "t2") == []
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t2", wait_seconds=60)))
    await asyncio.sleep(0)
    core.messages.let_go_on("bob")
    async with asyncio.timeout(30):
        assert [one.body for one in (await waiting).messages] == ["1"]


async def test_turns_that_are_acked_without_any_of_their_mail_count_as_given_back(core: Core) -> None:
    await core.say("alice", "bob")
    for turn in ("t1", "t2", "t3"):
        await core.messages.ack("bob", turn, [])
        assert await core.take("bob", turn)
        await core.messages.ack("bob", turn, [])
    assert await core.take("bob", "t4") == []
