import random
from collections.abc import Callable
from typing import Any

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.errors import InvalidRequestError, NotFoundError
from hyperhive.protocol.events import NewEvent, TurnEnd
from tests.conftest import Clock
from tests.services.conftest import Core, StartCore

HiveConfig = Callable[..., BrokerConfig]
HOUR, DAY = 3600, 86_400


def turn_end(ts: float, **data: Any) -> NewEvent:
    return NewEvent(ts=ts, turn="t1", data=TurnEnd(**{"result": "ok"} | data))


async def rows(core: Core) -> int:
    return await core.db.read(
        lambda connection: int(connection.execute("SELECT count(*) FROM stats").fetchone()[0])
    )


async def test_the_last_hour_is_told_by_the_minute(core: Core, clock: Clock) -> None:
    await core.events.append("alice", [turn_end(clock.now - 600, duration_ms=1000, tools={"Bash": 3})])
    await core.events.append("alice", [turn_end(clock.now, duration_ms=4000, tools={"Read": 1})])
    report = await core.stats.report("alice")

    assert (report.agent, report.step) == ("alice", 60)
    assert (report.since, report.until) == (clock.now - HOUR, clock.now)
    assert report.last_turn_at == clock.now
    # The window ends before the bucket that begins now.
    assert (report.series["turn.count"].index(1), sum(filter(None, report.series["turn.count"]))) == (50, 1)
    clock.advance(1)
    report = await core.stats.report("alice")
    assert report.totals["turn.count"] == 2
    assert len(report.series["turn.count"]) == 61
    assert (report.totals["turn.duration_ms.p50"], report.totals["turn.duration_ms.p95"]) == (1000, 4000)
    assert report.tools == {"Bash": 3, "Read": 1}


async def test_the_hive_is_the_sum_of_its_agents(core: Core, clock: Clock) -> None:
    await core.events.append("alice", [turn_end(clock.now - 60, cost_usd=0.25, context_used=5)])
    await core.events.append("bob", [turn_end(clock.now - 50, cost_usd=0.5, notes_bytes=7)])
    report = await core.stats.report()

    assert (report.totals["turn.count"], report.totals["cost_usd"]) == (2, 0.75)
    assert report.last_turn_at == clock.now - 50
    assert {"context.used", "notes.bytes"}.isdisjoint(report.series)


async def test_only_the_keys_that_were_asked_for_are_told(core: Core, clock: Clock) -> None:
    await core.say("alice", "bob")
    await core.events.append("alice", [turn_end(clock.now, duration_ms=10, tools={"Bash": 1, "Read": 1})])
    clock.advance(1)

    async def names(*keys: str) -> tuple[set[str], set[str]]:
        report = await core.stats.report("alice", keys=keys)
        assert report.totals.keys() == report.series.keys()
        return set(report.series), set(report.tools)

    assert await names("messages") == ({"messages.sent.peer"}, set())
    assert await names("turn.duration_ms", "tool.Bash") == (
        {"turn.duration_ms.p50", "turn.duration_ms.p95", "tool.Bash"},
        {"Bash"},
    )
    assert await names("inbox") == (set(), set())
    assert "tool.Bash" not in (await core.stats.report("alice")).series


async def test_a_window_without_an_agent_or_without_length_is_refused(core: Core, clock: Clock) -> None:
    with pytest.raises(NotFoundError, match="there is no agent 'nobody'"):
        await core.stats.report("nobody")
    with pytest.raises(InvalidRequestError, match=r"since: must be before until, 5.*value: 5"):
        await core.stats.report("alice", 5.0, 5.0)


async def busy_month(core: Core, clock: Clock, days: int, turns: int) -> tuple[int, list[float]]:
    """Two agents at work, with a round of care every other hour; their turns and their durations."""
    rng = random.Random(5)
    tools = ["Bash", "Read", "Edit", "Grep", "mcp__hyperhive__send"]
    count, durations = 0, []
    for _ in range(days * 12):
        ends: dict[str, list[NewEvent]] = {"alice": [], "bob": []}
        for _ in range(turns // 12):
            for own in ends.values():
                milliseconds = round(rng.lognormvariate(9, 1))
                data = {
                    "duration_ms": milliseconds,
                    "tool_calls": 3,
                    "tools": dict.fromkeys(rng.sample(tools, 3), 1),
                    "cost_usd": 0.01,
                    "tokens": {"input": 10, "output": 5, "cache_read": 900, "cache_write": 100},
                    "context_used": 50_000,
                    "notes_bytes": 3000,
                }
                own.append(turn_end(clock.now, **data))
                count += 1
                durations.append(milliseconds)
            clock.advance(DAY / turns)
        for agent, events in ends.items():
            await core.events.append(agent, events)
        await core.stats.sweep()
    return count, sorted(durations)


async def test_a_month_is_kept_whole_in_few_rows_and_told_in_no_more_bytes_than_an_hour(
    core: Core, clock: Clock
) -> None:
    began = clock.now
    count, durations = await busy_month(core, clock, 30, 48)
    month = await core.stats.report("alice", began, clock.now)
    hive = await core.stats.report("", began, clock.now)
    hour = await core.stats.report("alice")

    assert (month.totals["turn.count"], hive.totals["turn.count"]) == (count / 2, count)
    assert hive.totals["cost_usd"] == pytest.approx(count * 0.01)
    assert hive.totals["turn.duration_ms.p50"] == pytest.approx(durations[count // 2], rel=0.1)
    assert hive.totals["turn.duration_ms.p95"] == pytest.approx(durations[int(count * 0.95)], rel=0.1)
    assert sum(hive.tools.values()) == count * 3
    assert (month.step, hour.step) == (21_600, 60)
    assert all(len(numbers) in {120, 121} for numbers in month.series.values())
    # Three hours of minutes, two days of quarters, a week of hours, and four buckets a day.
    longest = 3 * 60 + 45 * 4 + 6 * 24 + 22 * 4 + 20
    stored = await core.db.read(
        lambda connection: connection.execute(
            "SELECT count(DISTINCT ts) FROM stats WHERE agent = 'alice'"
        ).fetchone()[0]
    )
    assert stored < longest
    # 40 samples a turn would be 115,000 for the agents, and as many for the hive.
    assert await rows(core) < 40_000
    assert len(month.model_dump_json()) < 24_000
    assert len(hour.model_dump_json()) < 24_000


async def test_folding_changes_no_number_of_the_past(core: Core, clock: Clock) -> None:
    began = clock.now
    for minute in range(120):
        await core.events.append(
            "alice", [turn_end(clock.now, duration_ms=1000 + minute, notes_bytes=minute)]
        )
        clock.advance(60)
    clock.advance(3 * DAY)
    clock.advance(-clock.now % HOUR)
    before = await core.stats.report("alice", began, began + 2 * HOUR)
    many = await rows(core)
    for _ in range(30):
        await core.stats.sweep()
        clock.advance(60)

    assert await rows(core) < many / 5
    assert await core.stats.report("alice", began, began + 2 * HOUR) == before
    assert before.totals["turn.count"] == 120
    assert before.series["notes.bytes"] == [59, 119]


async def test_what_comes_late_is_added_to_what_was_folded(core: Core, clock: Clock) -> None:
    began = clock.now
    await core.events.append("alice", [turn_end(began)])
    clock.advance(20 * HOUR)
    await core.stats.sweep()
    await core.events.append("alice", [turn_end(began + 100), turn_end(began + 200)])
    report = await core.stats.report("alice", began, began + HOUR)

    assert (report.step, report.series["turn.count"]) == (900, [3, 0, 0, 0])


async def test_retention_forgets_old_stats_also_of_agents_that_have_left(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    retention = {"messages_days": 0, "events_days": 0, "stats_days": 40, "hive_mib": 0, "agent_mib": 0}
    core = await start_core(hive_config(retention=retention))
    await core.events.append("alice", [turn_end(clock.now)])
    await core.events.append("bob", [turn_end(clock.now)])
    core = await start_core(hive_config({"bob": {}}, retention=retention))
    clock.advance(39 * DAY)
    await core.stats.sweep()
    assert await rows(core) > 0
    clock.advance(2 * DAY)
    await core.stats.sweep()
    assert await rows(core) == 0


async def test_care_goes_on_where_the_last_round_stopped(core: Core, clock: Clock) -> None:
    tools = {f"t{number}": 1 for number in range(150)}
    for _ in range(40):
        await core.events.append("alice", [turn_end(clock.now - 60 * ago, tools=tools) for ago in (8, 4, 0)])
        clock.advance(900)
    clock.advance(10 * DAY)
    counts = [await rows(core)]
    for _ in range(20):
        await core.stats.sweep()
        counts.append(await rows(core))
        clock.advance(61)

    assert counts[1] < counts[0]
    assert counts[2] < counts[1]
    # Two agents, the hive being one, and two or three buckets of six hours.
    assert counts[-1] <= 2 * 3 * 160
