"""Quotas: whose mail is refused when unfinished mail fills one, and what is forgotten for new history."""

from collections.abc import Callable
from typing import Any

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import QuotaError
from hyperhive.protocol.events import NewEvent, Note, NoticeFrame
from hyperhive.protocol.messages import MessageKind, SendRequest
from hyperhive.protocol.questions import AskRequest
from tests.conftest import Clock
from tests.services.conftest import Core, StartCore, taken

#: A little under a quarter of a MiB.
QUARTER = "x" * 260_000

StartSmall = Callable[..., Any]


@pytest.fixture
def start(start_core: StartCore, hive_config: Callable[..., BrokerConfig]) -> StartSmall:
    async def start(*, hive: int = 0, agent: int = 0) -> Core:
        days = {"messages_days": 0, "events_days": 0, "stats_days": 0}
        return await start_core(hive_config(retention=days | {"hive_mib": hive, "agent_mib": agent}))

    return start


async def finish(core: Core, agent: str) -> None:
    while await core.take(agent, "t1", 8):
        await core.messages.ack(agent, "t1")


async def test_unfinished_mail_that_fills_a_quota_refuses_more_and_the_operator_hears_of_it_once(
    start: StartSmall, clock: Clock
) -> None:
    core = await start(agent=1)
    async with core.hive.watch() as frames:
        for _ in range(4):
            await core.say("alice", "bob", QUARTER)
        for sender, to, said in (
            ("alice", "boss", "from and to you that"),
            ("boss", "bob", "from and to bob that"),
            ("operator", "bob", "from and to bob that"),
        ):
            with pytest.raises(QuotaError, match=f"{said}.*retention.agent_mib .1 MiB."):
                await core.say(sender, to, QUARTER)
        with pytest.raises(QuotaError):
            await core.messages.send("boss", SendRequest(to="*", body=QUARTER))
        with pytest.raises(QuotaError):
            await core.questions.ask("boss", AskRequest(to="bob", question=QUARTER))
        notices = [one.text for one in await taken(frames) if isinstance(one, NoticeFrame)]
    assert [text.split(" of ")[1].split(" fill")[0] for text in notices] == ["alice", "bob"]

    await core.say("boss", "operator", QUARTER)
    await core.messages.post("bob", MessageKind.NOTICE, "what the system says has room")
    await finish(core, "bob")
    await core.say("boss", "bob", QUARTER)


async def test_a_full_hive_takes_no_mail_of_anybody(start: StartSmall) -> None:
    core = await start(hive=1)
    for sender, to in (("alice", "bob"), ("bob", "alice"), ("operator", "bob"), ("boss", "operator")):
        await core.say(sender, to, QUARTER)
    with pytest.raises(QuotaError, match=r"the hive.*retention.hive_mib"):
        await core.say("alice", "boss", QUARTER)


async def test_the_oldest_history_of_who_has_too_much_makes_room_over_restarts(
    start: StartSmall, clock: Clock
) -> None:
    core = await start(agent=1)
    await core.say("boss", "bob", "of others")
    for number in range(9):
        clock.advance(1)
        sent = await core.say("alice", "bob" if number % 2 else "operator", f"{number}{QUARTER}")
        await core.messages.read([sent.id])
        await finish(core, "bob")
    await core.events.append("alice", [NewEvent(ts=clock(), turn=None, data=Note(text="newest"))])
    core = await start(agent=1)
    for _ in range(3):
        await core.sweep()

    kept = (await core.messages.page(limit=50, characters=10**8)).messages
    assert [one.body[:9] for one in kept] == [*(f"{number}xxxxxxxx" for number in (8, 7, 6, 5)), "of others"]
    assert [event.data for event in (await core.events.page("alice")).events] == [Note(text="newest")]
    reports = [await core.stats.report(name) for name in ("", "alice")]
    assert [(one.stored_bytes // 1024, one.stored_limit) for one in reports] == [
        (1018, 0),
        (1018, 1024 * 1024),
    ]


async def test_what_has_no_end_yet_outlives_any_quota(start: StartSmall) -> None:
    core = await start()
    sent = [await core.say("alice", "bob", QUARTER) for _ in range(6)]
    question = await core.questions.ask("alice", AskRequest(to="bob", question=QUARTER))
    core = await start(hive=1, agent=1)
    await core.sweep()
    assert len((await core.messages.page(limit=50, characters=10**8)).messages) == len(sent) + 1
    assert (await core.questions.get(question.id)).question == QUARTER
