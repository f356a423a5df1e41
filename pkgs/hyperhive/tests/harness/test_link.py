"""The link to the real broker: wakes, reports, holds and reconnects."""

import asyncio

from hyperhive.harness.link import BrokerLink
from hyperhive.harness.status import StatusBoard
from hyperhive.protocol.agents import AgentState, McpServer, McpState
from hyperhive.protocol.events import NewEvent, Note
from hyperhive.protocol.link import BrokerFrame, Wake, Welcome
from hyperhive.protocol.messages import MessageState
from tests.conftest import limited, mcp_server
from tests.harness.conftest import MakeHive, SmallHive, until


class Linked:
    """A link of alice that records the broker's frames."""

    def __init__(self, hive: SmallHive, leases: list[str]) -> None:
        self.frames: list[BrokerFrame] = []
        self.client = hive.client("alice")
        limits = hive.config.agents["alice"].limits.broker
        self.link = BrokerLink(self.client, lambda: leases, self.frames.append, limits)
        hive.tasks.start(self.link.run(), "link")

    async def frame(self, count: int) -> BrokerFrame:
        async def reached() -> bool:
            return len(self.frames) >= count

        await until(reached, f"{count} frames")
        return self.frames[count - 1]


def note(number: int) -> NewEvent:
    return NewEvent(ts=1.0, turn=None, data=Note(text=str(number)))


async def test_mail_wakes_over_the_link(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    linked = Linked(hive, [])
    assert isinstance(await linked.frame(1), Welcome)
    await hive.say("alice", "one")
    assert await linked.frame(2) == Wake(pending=1)
    await linked.client.close()


async def test_events_and_the_newest_status_reach_the_broker_in_order(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    linked = Linked(hive, [])
    board = StatusBoard("m", linked.link.set_status)
    for number in range(150):
        linked.link.emit(note(number))
    board.show(AgentState.IDLE)
    await hive.state("alice", AgentState.IDLE)

    async def all_there() -> bool:
        return len(await hive.events("alice", "note")) == 150

    await until(all_there, "150 events")
    assert [event["text"] for event in await hive.events("alice", "note")] == [str(n) for n in range(150)]
    await linked.client.close()


async def test_what_happens_while_the_broker_is_away_is_reported_afterwards(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    linked = Linked(hive, [])
    await linked.frame(1)
    await hive.broker.stop()
    linked.link.emit(note(1))
    StatusBoard("m", linked.link.set_status).show(AgentState.IDLE)
    await hive.restart_broker()
    await hive.state("alice", AgentState.IDLE)

    async def there() -> bool:
        return len(await hive.events("alice", "note")) == 1

    await until(there, "the event")
    await linked.client.close()


async def test_how_the_mcp_servers_are_reaches_the_broker_again_after_its_restart(
    small_hive: MakeHive,
) -> None:
    hive = await small_hive("", alice={"mcp_servers": {"orders": mcp_server("*")}})
    linked = Linked(hive, [])

    def shown() -> list[McpServer]:
        return hive.broker.services.agents.view("alice").mcp_servers

    failed = McpServer(name="orders", state=McpState.FAILED, reason="gone", tools=[], offered=0)

    async def reached() -> bool:
        return shown() == [failed]

    linked.link.set_servers([failed])
    await until(reached, "the report")
    await hive.restart_broker()
    await until(reached, "the report, again")
    await linked.client.close()


async def test_a_held_lease_survives_a_restart_of_the_broker_and_others_go_back(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={})
    held, lost = await hive.say("alice", "one"), await hive.say("alice", "two")
    async with hive.client("alice") as client:
        await client.lease("t-held")
        await client.lease("t-lost")
    await hive.restart_broker()
    linked = Linked(hive, ["t-held"])
    await linked.frame(1)
    assert (await hive.settled(lost, MessageState.QUEUED)).turn is None
    assert (await hive.settled(held, MessageState.LEASED)).turn == "t-held"
    await linked.client.close()


async def test_a_flood_of_events_goes_in_few_frames_and_none_is_lost(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice=limited(frames_per_second=1))
    linked = Linked(hive, [])
    await linked.frame(1)
    for number in range(200):
        linked.link.emit(note(number))
        await asyncio.sleep(0)
    StatusBoard("m", linked.link.set_status).show(AgentState.IDLE)

    async def all_there() -> bool:
        return len(await hive.events("alice", "note")) == 200

    await until(all_there, "200 events")
    await hive.state("alice", AgentState.IDLE)
    assert hive.broker.services.budgets.met_today("alice") == {}
    await linked.client.close()


async def test_events_that_wait_for_the_budget_hold_up_no_status(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice=limited(events_mib_per_hour=1))
    linked = Linked(hive, [])
    board = StatusBoard("m", linked.link.set_status)
    for _ in range(1000):
        linked.link.emit(NewEvent(ts=1.0, turn=None, data=Note(text="x" * 1000)))
    board.show(AgentState.IDLE)
    await hive.state("alice", AgentState.IDLE)
    board.show(AgentState.FAILED, "late")
    await hive.state("alice", AgentState.FAILED)
    assert hive.broker.services.budgets.met_today("alice") == {}
    await linked.client.close()
