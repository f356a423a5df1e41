from collections.abc import Callable

from hyperhive.config import BrokerConfig
from hyperhive.protocol.events import (
    EVENT_TEXT_LIMIT,
    AgentEvent,
    EventData,
    NewEvent,
    Note,
    Text,
    ToolUse,
    TurnEnd,
)
from tests.conftest import Clock, limited
from tests.services.conftest import Core, StartCore

HiveConfig = Callable[..., BrokerConfig]


def event(ts: float, text: str = "", data: EventData | None = None) -> NewEvent:
    return NewEvent(ts=ts, turn="t1", data=data or Text(text=text))


async def test_events_are_stored_streamed_and_paged_newest_first(core: Core, clock: Clock) -> None:
    async with core.events.watch("alice") as live:
        stored = await core.events.append(
            "alice", [event(clock.now, text=str(number)) for number in range(3)]
        )
        await core.events.append("bob", [event(clock.now, text="other")])
        live.close()
        streamed = [AgentEvent.model_validate_json(one.data) async for one in live]

    newest = await core.events.page("alice", limit=2)
    oldest = await core.events.page("alice", before=newest.next_before)
    assert stored[0] == AgentEvent(id=1, agent="alice", ts=clock.now, turn="t1", data=Text(text="0"))
    assert streamed == stored
    assert newest.events == [stored[2], stored[1]]
    assert (oldest.events, oldest.next_before) == ([stored[0]], None)


async def test_long_texts_are_cut_and_numbers_that_json_cannot_say_are_null(core: Core, clock: Clock) -> None:
    use = ToolUse(id="a", name="Bash", input={"text": "x" * (EVENT_TEXT_LIMIT + 5), "cost": float("nan")})
    [stored] = await core.events.append("alice", [event(clock.now, data=use)])

    cut = "x" * EVENT_TEXT_LIMIT + "\n[… 5 more characters]"
    assert stored.data == ToolUse(id="a", name="Bash", input={"text": cut, "cost": None})
    assert (await core.events.page("alice")).events == [stored]


async def test_a_flood_of_events_is_cut_short_then_off_with_a_note_but_ends_of_turns_are_kept(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config(agents={"alice": limited(events_mib_per_hour=1), "bob": {}}))
    for _ in range(10):
        await core.events.append("alice", [event(clock.now, text="x" * 4096)] * 200)
    stored = await core.events.append(
        "alice", [event(clock.now, text="y" * 600), event(clock.now, data=TurnEnd())]
    )

    events = (await core.events.page("alice", limit=500)).events
    notes = [one.data.text for one in events if isinstance(one.data, Note)]
    lengths = [len(one.data.text) for one in events if isinstance(one.data, Text)]
    assert [one.data for one in stored] == [TurnEnd()]
    limit = "1 MiB of events an hour (limits.broker.events_mib_per_hour)"
    assert notes == [f"texts of events were cut short, or events dropped: more than {limit}"]
    assert (lengths.count(4096), max(size for size in lengths if size < 4096)) == (73, 1049)
    assert len(lengths) < 300
    [kept] = await core.events.append("bob", [event(clock.now, text="x" * 4096)])
    assert kept.data == Text(text="x" * 4096)


async def test_retention_forgets_old_events(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(
        hive_config(
            retention={"messages_days": 0, "events_days": 2, "stats_days": 0, "hive_mib": 0, "agent_mib": 0}
        )
    )
    await core.events.append("alice", [event(clock.now, text="old")])
    clock.advance(2 * 86_400 + 1)
    await core.events.append("alice", [event(clock.now, text="new")])

    await core.events.sweep()

    assert [one.data for one in (await core.events.page("alice")).events] == [Text(text="new")]
