from collections.abc import Callable
from typing import Any

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import HyperhiveError, TooManyRequestsError
from hyperhive.protocol.agents import BudgetKind
from hyperhive.protocol.events import AgentFrame, NewEvent, NoticeFrame, Text
from hyperhive.protocol.messages import MessageKind, MessageState, SendRequest
from hyperhive.protocol.questions import AskRequest, QuestionState
from tests.conftest import Clock, limited
from tests.services.conftest import Core, StartCore, taken

StartLimited = Callable[..., Any]
LARGE = "x" * 200_000


@pytest.fixture
async def tight(start_core: StartCore, hive_config: Callable[..., BrokerConfig]) -> StartLimited:
    """Start a hive in which alice has these limits, and the smallest one of what is stored."""

    async def start(**broker: int) -> Core:
        fields = limited(**{"stored_mib_per_hour": 8} | broker)
        return await start_core(hive_config(agents={"alice": fields, "bob": {}, "carol": {}}))

    return start


async def refused_after(call: Callable[[], Any], most: int = 100) -> int:
    """How many calls are taken before the first that is over the budget."""
    for count in range(most):
        try:
            await call()
        except TooManyRequestsError:
            return count
    pytest.fail(f"{most} calls were taken")


async def test_who_stores_too_much_is_refused_until_time_has_passed_and_nobody_else_is(
    tight: StartLimited, clock: Clock
) -> None:
    core = await tight()
    assert await refused_after(lambda: core.say("alice", "bob", LARGE)) == 20
    assert core.messages.pending("bob") == 20
    with pytest.raises(TooManyRequestsError, match=r"try again in \d+ s") as refused:
        await core.say("alice", "bob", LARGE)
    await core.say("bob", "alice", LARGE)

    assert refused.value.retry_after is not None
    clock.advance(refused.value.retry_after)
    await core.say("alice", "bob", LARGE)


async def test_a_broadcast_counts_a_row_for_every_recipient(tight: StartLimited) -> None:
    core = await tight(rows_per_hour=60)
    everyone = SendRequest(to="*", body="x")
    assert await refused_after(lambda: core.messages.send("alice", everyone)) == 15


async def test_a_repeated_call_costs_nothing(tight: StartLimited) -> None:
    core = await tight(rows_per_hour=60)
    same = SendRequest(to="bob", body="x", idempotency_key="k")
    for _ in range(60):
        await core.messages.send("alice", same)
    await core.say("alice", "bob")


async def test_questions_and_answers_count_with_the_mail_that_carries_them(
    tight: StartLimited, clock: Clock
) -> None:
    core = await tight()

    async def ask() -> None:
        asked = await core.questions.ask("alice", AskRequest(question=LARGE, to="bob"))
        await core.questions.cancel(asked.id, "alice")

    question = await core.questions.ask("bob", AskRequest(question="x", to="alice"))
    assert await refused_after(ask) == 10
    with pytest.raises(TooManyRequestsError) as refused:
        await core.questions.answer(question.id, "alice", 2 * LARGE)
    assert (await core.questions.get(question.id)).state is QuestionState.OPEN

    clock.advance(refused.value.retry_after or 0)
    assert (await core.questions.answer(question.id, "alice", 2 * LARGE)).answer == 2 * LARGE


async def test_refused_messages_fill_nothing_either(
    start_core: StartCore, hive_config: Callable[..., BrokerConfig]
) -> None:
    fields = limited(rows_per_hour=60) | {"allowed_recipients": []}
    core = await start_core(hive_config(agents={"alice": fields, "bob": {}}))
    for _ in range(50):
        with pytest.raises(HyperhiveError, match="bob"):
            await core.say("alice", "bob")
    page = await core.messages.page(limit=100, state=MessageState.REFUSED)
    assert len(page.messages) == 30


async def test_what_met_a_limit_is_counted_for_the_day_and_told_once_an_hour(
    tight: StartLimited, clock: Clock
) -> None:
    core = await tight(rows_per_hour=60)
    await refused_after(lambda: core.say("alice", "bob"))
    async with core.hive.watch() as frames:
        await core.sweep()
        with pytest.raises(TooManyRequestsError):
            await core.messages.send("alice", SendRequest(to="*", body="x"))
        await core.sweep()
        await core.sweep()
        told = await taken(frames)

    views = [frame.data.limited_today for frame in told if isinstance(frame, AgentFrame)]
    notices = [frame.text for frame in told if isinstance(frame, NoticeFrame)]
    said = (
        "alice met a limit: more than 60 messages and questions an hour (limits.broker.rows_per_hour). "
        "It is refused or slowed down until it asks for less."
    )
    assert views == [{BudgetKind.ROWS: 1}, {BudgetKind.ROWS: 2}]
    assert notices == [said]
    [mail] = (await core.messages.inbox()).messages
    assert (mail.kind, mail.body) == (MessageKind.NOTICE, said)
    assert core.agents.view("bob").limited_today == {}

    clock.advance(3600)
    await refused_after(lambda: core.say("alice", "bob"))
    await core.sweep()
    assert len((await core.messages.inbox()).messages) == 2
    clock.advance(86_400)
    await core.sweep()
    assert core.agents.view("alice").limited_today == {}


async def test_an_agent_that_left_and_came_back_begins_anew(tight: StartLimited) -> None:
    core = await tight(rows_per_hour=60)
    await refused_after(lambda: core.say("alice", "bob"))
    config = core.agents.config("alice")
    await core.remove_agent("alice")
    await core.add_agent(config)
    await core.say("alice", "bob")
    assert core.agents.view("alice").limited_today == {}


async def test_the_operator_and_the_system_have_no_budget(tight: StartLimited, clock: Clock) -> None:
    core = await tight(rows_per_hour=60)
    for _ in range(100):
        await core.say("operator", "alice")
        await core.messages.post("alice", MessageKind.NOTICE, "x")
    await core.events.append("alice", [NewEvent(ts=clock.now, turn=None, data=Text(text="x"))])
    assert core.agents.view("alice").limited_today == {}
