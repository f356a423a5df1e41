"""What the operator tells a session: its queue, and the real broker and CLI with a scripted model."""

import asyncio

from hyperhive.demo.model_request import RequestKind
from hyperhive.demo.model_server import RecordedRequest
from hyperhive.harness.pending_commands import PendingCommands
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.link import Compact, NewSession, UseModel
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MODEL, MakeHive, SmallHive


def test_commands_come_in_their_order_and_the_same_one_counts_once() -> None:
    pending = PendingCommands("sonnet")
    added = [pending.add(one) for one in (Compact(), NewSession(), Compact())]
    assert added == [True, True, False]
    assert [pending.next(), pending.next(), pending.next()] == [Compact(), NewSession(), None]


def test_of_models_the_latest_counts_and_the_same_changes_nothing() -> None:
    pending = PendingCommands("sonnet")
    # As they come from the wire: equal texts that are not the same object.
    told = [f'{{"type": "use_model", "model": "{name}"}}' for name in ("sonnet", "opus", "opus", "haiku")]
    added = [pending.add(UseModel.model_validate_json(text)) for text in told]
    assert (added, pending.model, pending.next()) == ([False, True, False, True], "haiku", None)


def test_without_a_session_a_compaction_waits_and_a_new_session_does_not() -> None:
    pending = PendingCommands("sonnet")
    pending.add(Compact())
    pending.add(NewSession())
    assert [pending.next(running=False), pending.next(running=False)] == [NewSession(), None]
    assert pending.next() == Compact()


async def test_a_wait_ends_with_a_command_or_with_its_time() -> None:
    pending = PendingCommands("sonnet")
    await pending.within(0.01)
    waiting = asyncio.ensure_future(pending.within(60))
    await asyncio.sleep(0)
    pending.add(NewSession())
    await asyncio.wait_for(waiting, 30)
    await asyncio.wait_for(pending.within(60), 30)


HAIKU = "claude-haiku-4-5"
TWO_MODELS = {"models": [MODEL, HAIKU]}
SLOW = """
[[turn]]
when = '\\| slow'
times = 1
[[turn.step]]
tool = "Bash"
input = { command = "true" }
delay_seconds = 1.0
[[turn.step]]
text = "done"
"""


def turns(hive: SmallHive) -> list[RecordedRequest]:
    assert hive.model is not None
    return [request for request in hive.model.requests if not request.side]


def models(hive: SmallHive) -> list[str]:
    """The maker's family of the model of every request of a turn."""
    return ["haiku" if request.model.startswith(HAIKU) else request.model for request in turns(hive)]


async def uses(hive: SmallHive, model: str) -> None:
    async def reported() -> bool:
        return hive.broker.services.agents.view("alice").status.model == model

    await hive.until(reported, f"alice uses {model}")


async def compacted(hive: SmallHive) -> None:
    assert hive.model is not None
    await hive.model.wait_for_request(lambda request: request.kind is RequestKind.COMPACT, 15)


async def notes(hive: SmallHive) -> list[str]:
    return [note["text"] for note in await hive.events("alice", "note")]


async def test_the_next_turn_of_the_same_conversation_uses_the_chosen_model(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice=TWO_MODELS)
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    session = await hive.session("alice")
    await hive.tell("alice", "model", model=HAIKU)
    await uses(hive, HAIKU)
    await hive.settled(await hive.say("alice", "two"))
    await hive.tell("alice", "model", model="default")
    await uses(hive, MODEL)
    await hive.settled(await hive.say("alice", "three"))
    assert models(hive) == [MODEL, "haiku", MODEL]
    assert await hive.session("alice") == session


async def test_a_running_turn_ends_with_the_model_it_began_with(small_hive: MakeHive) -> None:
    hive = await small_hive(SLOW, alice=TWO_MODELS)
    await hive.wake("alice")
    slow = await hive.say("alice", "slow")
    await hive.thinking()
    await hive.tell("alice", "model", model=HAIKU)
    assert hive.broker.services.agents.view("alice").status.model == MODEL
    await hive.settled(slow)
    await hive.settled(await hive.say("alice", "two"))
    assert models(hive) == [MODEL, MODEL, "haiku"]


async def test_a_choice_survives_restarts_of_harness_and_broker(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice=TWO_MODELS)
    first = await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    session = await hive.session("alice")
    await hive.end(first)
    await hive.state("alice", AgentState.OFFLINE)
    # Nobody is connected: the choice is made all the same.
    await hive.tell("alice", "model", model=HAIKU)
    await hive.restart_broker()
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "two"))
    assert models(hive) == [MODEL, "haiku"]
    assert await hive.session("alice") == session


async def test_a_compaction_makes_the_context_smaller_and_is_in_the_log(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "word " * 20_000))
    await hive.state("alice", AgentState.IDLE)
    before = hive.broker.services.agents.view("alice").status.context_used or 0
    session = await hive.session("alice")
    await hive.tell("alice", "compact")
    await compacted(hive)

    async def smaller() -> bool:
        status = hive.broker.services.agents.view("alice").status
        return status.state is AgentState.IDLE and (status.context_used or 0) < before / 2

    await hive.until(smaller, "the context is smaller")
    assert await hive.session("alice") == session
    assert any(text.startswith("the session was compacted from ") for text in await notes(hive))


async def test_a_compaction_waits_for_the_end_of_the_turn(small_hive: MakeHive) -> None:
    hive = await small_hive(SLOW, alice={})
    await hive.wake("alice")
    slow = await hive.say("alice", "slow")
    await hive.thinking()
    await hive.tell("alice", "compact")
    await hive.tell("alice", "compact")
    await compacted(hive)
    assert (await hive.settled(slow)).deliveries == 1
    assert hive.model is not None
    kinds = [request.kind for request in hive.model.requests if request.path == "/v1/messages"]
    assert kinds == [RequestKind.TURN, RequestKind.TURN, RequestKind.COMPACT]
    assert "the session is compacted after this turn" in await notes(hive)


async def test_where_nothing_can_be_compacted_the_log_says_so(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    await hive.wake("alice")
    await hive.tell("alice", "compact")

    async def said() -> bool:
        return any("No messages to compact" in one["text"] for one in await hive.events("alice", "text"))

    await hive.until(said, "the log says why")
    await hive.settled(await hive.say("alice", "one"))


async def test_over_budget_nothing_is_compacted(small_hive: MakeHive) -> None:
    hive = await small_hive(
        'default_text = "ok"', alice={"budget": {"usd_cents_per_day": None, "turns_per_day": 1}}
    )
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "one"))
    await hive.tell("alice", "compact")

    async def said() -> bool:
        return "the session was not compacted: 1 turns today, the cap is 1" in await notes(hive)

    await hive.until(said, "the log says why")


async def test_a_new_session_knows_nothing_of_the_one_before_and_lasts(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    first = await hive.wake("alice")
    await hive.settled(await hive.say("alice", "word " * 5000))
    old = await hive.session("alice")
    full = hive.broker.services.agents.view("alice").status.context_used or 0
    await hive.tell("alice", "new-session")

    async def begun() -> bool:
        status = hive.broker.services.agents.view("alice").status
        return (status.state, status.session, status.context_used) == (AgentState.IDLE, None, None)

    await hive.until(begun, "a new session")
    assert f"a new session begins; the one before was {old}" in await notes(hive)
    await hive.settled(await hive.say("alice", "two"))
    new = await hive.session("alice")
    assert new != old
    assert 0 < (hive.broker.services.agents.view("alice").status.context_used or 0) < full / 2
    await hive.end(first)
    await hive.state("alice", AgentState.OFFLINE)
    await hive.wake("alice")
    await hive.settled(await hive.say("alice", "three"))
    assert await hive.session("alice") == new


async def test_a_new_session_waits_for_the_end_of_the_turn(small_hive: MakeHive) -> None:
    hive = await small_hive(SLOW, alice={})
    await hive.wake("alice")
    slow = await hive.say("alice", "slow")
    await hive.thinking()
    await hive.tell("alice", "new-session")
    assert (await hive.settled(slow)).deliveries == 1
    await hive.settled(await hive.say("alice", "two"))
    assert "a new session begins after this turn" in await notes(hive)
    assert [request.prompt.endswith("two") for request in turns(hive)] == [False, False, True]
    starts = [end["result"] for end in await hive.events("alice", "turn_end")]
    assert starts == ["ok", "ok"]


async def test_an_agent_that_is_parked_tries_again_at_once_with_another_model(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        default_text = "ok"
        [[turn]]
        times = 1
        [[turn.step]]
        error_status = 429
        error_type = "rate_limit_error"
        """,
        alice=TWO_MODELS,
    )
    await hive.wake("alice", env=hive.quick_failures("alice"))
    mail = await hive.say("alice", "one")
    await hive.state("alice", AgentState.RATE_LIMITED)
    await hive.settled(mail, MessageState.QUEUED)
    await hive.tell("alice", "model", model=HAIKU)
    assert (await hive.settled(mail)).deliveries == 2
    assert models(hive)[-1] == "haiku"


async def test_after_a_cancelled_turn_a_command_does_not_bring_its_mail_back(small_hive: MakeHive) -> None:
    hive = await small_hive(
        """
        default_text = "ok"
        [[turn]]
        when = '\\| slow'
        times = 1
        [[turn.step]]
        text = "thinking"
        delay_seconds = 30.0
        """,
        alice=TWO_MODELS,
    )
    await hive.wake("alice")
    slow = await hive.say("alice", "slow")
    await hive.thinking()
    await hive.cancel("alice")
    await hive.settled(slow, MessageState.QUEUED)
    await hive.state("alice", AgentState.IDLE)
    await hive.tell("alice", "model", model=HAIKU)
    await uses(hive, HAIKU)
    await hive.tell("alice", "new-session")

    async def begun() -> bool:
        return any(text.startswith("a new session begins") for text in await notes(hive))

    await hive.until(begun, "a new session")
    await hive.state("alice", AgentState.IDLE)
    assert (await hive.settled(slow, MessageState.QUEUED)).deliveries == 1
    await hive.settled(await hive.say("alice", "go on"))
    assert (await hive.settled(slow)).redelivered
