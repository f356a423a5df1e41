from collections.abc import Callable
from typing import Any

from hyperhive.config import BrokerConfig
from hyperhive.domain.stats import TOOLS_PER_DAY
from hyperhive.errors import RecipientDeniedError
from hyperhive.protocol.events import NewEvent, Text, TurnEnd
from hyperhive.protocol.messages import SendRequest
from hyperhive.store import stats as store
from hyperhive.store.stats import Window
from tests.conftest import Clock, limited
from tests.services.conftest import Core, StartCore

HiveConfig = Callable[..., BrokerConfig]
HIVE = ""


def turn_end(ts: float, **data: Any) -> NewEvent:
    return NewEvent(ts=ts, turn="t1", data=TurnEnd(**{"result": "ok"} | data))


async def recorded(core: Core, agent: str, prefix: str = "") -> dict[str, float]:
    """Sums of everything of the agent, by key."""
    cells = await core.db.read(store.merged, Window(agent, 0, 2**40, 2**40))
    return {one.key: one.total for one in cells if one.key.startswith(prefix)}


async def depth(core: Core, agent: str) -> tuple[float, float]:
    """The last and the greatest depth of the agent's queue."""
    cells = await core.db.read(store.merged, Window(agent, 0, 2**40, 2**40))
    [one] = [one for one in cells if one.key == "inbox.depth"]
    return one.last, one.most


async def test_a_message_counts_at_both_ends_and_for_the_hive_by_the_class_of_the_other_side(
    core: Core,
) -> None:
    await core.say("alice", "bob")
    await core.say("alice", "boss")
    await core.say("alice", "operator")
    await core.say("boss", "alice")
    await core.say("operator", "alice")
    await core.messages.send("boss", SendRequest(to="*", body="all"))

    assert await recorded(core, "alice", "messages.") == {
        "messages.sent.peer": 1,
        "messages.sent.manager": 1,
        "messages.sent.operator": 1,
        "messages.received.manager": 2,
        "messages.received.operator": 1,
    }
    assert await recorded(core, "bob", "messages.") == {
        "messages.received.peer": 1,
        "messages.received.manager": 1,
    }
    assert await recorded(core, HIVE, "messages.") == {
        "messages.sent.peer": 4,
        "messages.sent.manager": 1,
        "messages.sent.operator": 1,
        "messages.received.peer": 2,
        "messages.received.manager": 3,
        "messages.received.operator": 1,
    }
    assert "operator" not in await core.db.read(store.agents)


async def test_a_refused_message_was_not_sent(start_core: StartCore, hive_config: HiveConfig) -> None:
    core = await start_core(hive_config({"alice": {"allowed_recipients": []}, "bob": {}}))
    try:
        await core.say("alice", "bob")
    except RecipientDeniedError:
        assert await recorded(core, "alice") == {}
        assert await recorded(core, HIVE) == {}


async def test_depths_follow_every_queue_and_their_sum_is_the_hives(core: Core) -> None:
    for _ in range(3):
        await core.say("alice", "bob")
    await core.say("bob", "alice")
    assert (await depth(core, "bob"), await depth(core, HIVE)) == ((3, 3), (4, 4))

    await core.take("bob", "t1", 2)
    await core.messages.ack("bob", "t1")
    assert (await depth(core, "bob"), await depth(core, HIVE)) == ((1, 3), (2, 4))

    await core.take("bob", "t2", 1)
    await core.messages.requeue("bob", "t2")
    assert (await depth(core, "bob"), await depth(core, HIVE)) == ((1, 3), (2, 4))


async def test_depths_are_known_after_a_restart(start_core: StartCore, hive_config: HiveConfig) -> None:
    core = await start_core(hive_config())
    await core.say("alice", "bob")
    await core.say("alice", "operator")
    core = await start_core(hive_config())
    await core.say("bob", "alice")

    assert await depth(core, HIVE) == (2, 2)


async def test_the_end_of_a_turn_is_recorded_for_the_agent_and_the_hive_with_its_event(
    core: Core, clock: Clock
) -> None:
    data = {"tool_calls": 2, "tools": {"Bash": 2}, "context_used": 10, "notes_bytes": 20, "duration_ms": 5}
    await core.events.append("alice", [turn_end(clock.now, **data), turn_end(clock.now, result="failed")])
    await core.events.append("bob", [turn_end(clock.now), NewEvent(ts=1, turn=None, data=Text(text="on it"))])

    alice = {"turn.count": 2, "turn.result.ok": 1, "turn.result.failed": 1, "turn.duration_ms": 5}
    used = {"turn.tool_calls": 2, "tool.Bash": 2}
    own = {"context.used": 10, "notes.bytes": 20}
    assert await recorded(core, "alice") == alice | used | own
    assert await recorded(core, HIVE) == alice | used | {"turn.count": 3, "turn.result.ok": 2}


async def test_ends_of_turns_that_a_flood_drops_are_not_counted_either(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config(agents={"alice": limited(events_mib_per_hour=1)}))
    for _ in range(20):
        await core.events.append("alice", [turn_end(clock.now)] * 250)
    stored = await core.db.read(
        lambda connection: connection.execute(
            "SELECT count(*) FROM events WHERE kind = 'turn_end'"
        ).fetchone()[0]
    )
    assert stored < 5000
    assert (await recorded(core, "alice"))["turn.count"] == stored


async def test_an_agent_that_invents_tools_fills_no_table(core: Core, clock: Clock) -> None:
    for round_ in range(20):
        tools = {f"tool-{round_}-{number}": 1 for number in range(100)} | {"<img src=x>": 1, "x" * 5000: 1}
        await core.events.append("alice", [turn_end(clock.now, tools=tools)])
        clock.advance(60)
    counted = await recorded(core, "alice", "tool.")
    # The key that strange names and everything beyond the day's first names share is one of them.
    assert len(counted) == TOOLS_PER_DAY
    assert sum(counted.values()) == 20 * 102
    assert counted["tool.other"] == 20 * 102 - (TOOLS_PER_DAY - 1)
    assert len(await recorded(core, HIVE, "tool.")) == TOOLS_PER_DAY

    await core.events.append("bob", [turn_end(clock.now, tools={"Bash": 1})])
    assert await recorded(core, "bob", "tool.") == {"tool.Bash": 1}


async def test_the_days_tools_are_known_after_a_restart_and_a_new_day_has_room_for_others(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config())
    full = {f"tool-{number}": 1 for number in range(TOOLS_PER_DAY)}
    await core.events.append("alice", [turn_end(clock.now, tools=full)])
    core = await start_core(hive_config())
    await core.events.append("alice", [turn_end(clock.now, tools={"tool-7": 1, "late": 1})])
    assert "tool.late" not in await recorded(core, "alice")
    assert (await recorded(core, "alice"))["tool.tool-7"] == 2

    clock.advance(86_400)
    await core.events.append("alice", [turn_end(clock.now, tools={"late": 1})])
    assert (await recorded(core, "alice"))["tool.late"] == 1


async def test_what_a_broken_clock_says_lands_within_the_last_day(core: Core, clock: Clock) -> None:
    for ts in (1.0, clock.now - 40 * 86_400, clock.now + 1e9, float("nan"), -5.0):
        await core.events.append("alice", [turn_end(ts)])
    begun = await core.db.read(
        lambda connection: [row[0] for row in connection.execute("SELECT DISTINCT ts FROM stats")]
    )
    assert all(clock.now - 86_400 - 900 < ts <= clock.now for ts in begun)
