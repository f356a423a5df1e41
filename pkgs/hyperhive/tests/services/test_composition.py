import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import ConflictError, NotFoundError, UnknownRecipientError
from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.events import EventKind, NewEvent, NoticeFrame
from hyperhive.protocol.lifecycle import UnitState, UnitStatus
from hyperhive.protocol.messages import LeaseRequest, MessageKind, MessageState
from hyperhive.services.lifecycle import Lifecycle
from hyperhive.store import stats
from hyperhive.store.stats import Window
from hyperhive.system.supervisor import Supervised
from hyperhive.system.tasks import Tasks
from tests.conftest import Clock
from tests.ntfy_server import NtfyServer
from tests.services.conftest import DELAY, Core, StartCore, StartPhone, taken

HiveConfig = Callable[..., BrokerConfig]


async def test_removing_an_agent_returns_its_mail_to_senders_and_operator(core: Core) -> None:
    first, second = await core.say("alice", "bob", "1"), await core.say("alice", "bob", "2")
    third = await core.say("operator", "bob", "3")
    await core.take("bob", "t1")
    async with core.hive.watch() as frames:
        await core.remove_agent("bob")
        told = await taken(frames)

    states = [(await core.messages.get(one.id)).state for one in (first, second, third)]
    [returned] = await core.take("alice", "t2", 5)
    assert states == [MessageState.UNDELIVERABLE] * 3
    assert (returned.sender, returned.kind) == ("system", MessageKind.UNDELIVERABLE)
    assert returned.body == "Messages 1, 2 to bob could not be delivered: bob left the hive."
    assert [(message.kind, message.in_reply_to) for message in (await core.messages.inbox()).messages] == [
        (MessageKind.UNDELIVERABLE, third.id),
        (MessageKind.NOTICE, None),
    ]
    assert [frame.text for frame in told if isinstance(frame, NoticeFrame)] == [
        "bob left the hive: 3 messages were not delivered."
    ]
    with pytest.raises(UnknownRecipientError):
        await core.say("alice", "bob")
    with pytest.raises(NotFoundError):
        core.agents.view("bob")


async def test_a_lease_that_waits_ends_when_its_agent_is_removed(core: Core) -> None:
    waiting = asyncio.ensure_future(core.messages.lease("bob", LeaseRequest(turn="t1", wait_seconds=120)))
    await asyncio.sleep(0)

    await core.remove_agent("bob")

    with pytest.raises(NotFoundError):
        await asyncio.wait_for(waiting, 30)


async def test_an_agent_that_is_gone_at_start_has_its_mail_returned(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(hive_config())
    sent = await core.say("alice", "bob")

    again = await start_core(hive_config(agents={"alice": {}}))

    assert (await again.messages.get(sent.id)).state is MessageState.UNDELIVERABLE
    assert [message.kind for message in await again.take("alice")] == [MessageKind.UNDELIVERABLE]
    assert [message.kind for message in (await again.messages.inbox()).messages] == [MessageKind.NOTICE]


async def test_an_agent_that_comes_back_has_its_history_and_an_empty_queue(core: Core, clock: Clock) -> None:
    await core.events.append(
        "bob", [NewEvent(ts=clock.now, kind=EventKind.TURN_END, turn="t", data={"cost_usd": 2.0})]
    )
    for _ in range(3):
        await core.say("alice", "bob")
    core.agents.connected("bob")
    bob = core.agents.config("bob")
    with pytest.raises(ConflictError):
        await core.add_agent(bob)
    await core.remove_agent("bob")
    # What it still says on its way out reaches nobody, and breaks nothing.
    core.agents.sweep()
    await core.events.append("bob", [NewEvent(ts=clock.now, kind=EventKind.TEXT, turn="t", data={})])
    await core.add_agent(bob)

    view = core.agents.view("bob")
    assert (view.inbox_depth, view.turns_today, view.cost_today_usd, view.linked) == (0, 1, 2.0, False)
    await core.say("alice", "bob")
    await core.say("bob", "boss")
    assert core.agents.view("bob").inbox_depth == 1
    cells = await core.db.read(stats.merged, Window("", 0, 2**40, 2**40))
    # Two queues of one message and alice's of the one that says what came back.
    assert [cell.last for cell in cells if cell.key == "inbox.depth"] == [3]


async def test_a_look_at_the_units_survives_that_an_agent_goes_meanwhile(core: Core, clock: Clock) -> None:
    looking, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Supervised):
        async def status(self, names: Iterable[str]) -> dict[str, UnitStatus]:
            looking.set()
            await go_on.wait()
            return {
                name: UnitStatus(unit=f"process {name}", state=UnitState.RUNNING, reason="") for name in names
            }

    lifecycle = Lifecycle(Slow(Path("/nowhere")), core.agents, core.events, core.bus, clock)
    tasks = Tasks()
    watching = tasks.start(lifecycle.watch(), "watch")
    await looking.wait()
    await core.remove_agent("bob")
    go_on.set()
    async with asyncio.timeout(30):
        while core.agents.unit("alice").state is not UnitState.RUNNING:
            await asyncio.sleep(0)
    assert not watching.done()
    await tasks.cancel()


async def test_a_push_about_an_agent_that_left_is_not_sent(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    core.agents.connected("bob")
    core.agents.report("bob", AgentStatus.bare(AgentState.FAILED, "m"))
    await phone.settle()
    assert await phone.rows() == [("agent_failed", "bob", "pending")]
    await core.remove_agent("bob")
    clock.advance(DELAY + 1)
    await phone.settle()
    assert (await phone.rows(), server.taken) == ([("agent_failed", "bob", "skipped")], [])
