from collections.abc import Callable

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.config.models import BrokerLimitsConfig
from hyperhive.errors import NotFoundError
from hyperhive.protocol.agents import (
    AgentBrief,
    AgentPolicy,
    AgentState,
    AgentStatus,
    AgentView,
    BrokerLimits,
    McpServer,
    McpState,
    ModelChoice,
    RunningTool,
    Waiting,
)
from hyperhive.protocol.events import AgentFrame, NewEvent, TurnEnd, TurnResult
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.protocol.questions import AskRequest
from hyperhive.services.agents import FRAMES_PER_SECOND
from tests.conftest import Clock, mcp_server
from tests.services.conftest import Core, StartCore, taken

HiveConfig = Callable[..., BrokerConfig]

WORKING = AgentStatus(
    state=AgentState.WORKING,
    detail="Bash",
    model="claude-test",
    turn="t1",
    until=None,
    session="s1",
    context_used=100,
    context_max=1000,
)


def turn_end(ts: float, cost: float) -> NewEvent:
    return NewEvent(ts=ts, turn="t1", data=TurnEnd(result=TurnResult.OK, cost_usd=cost))


async def test_an_agent_of_which_nothing_is_known_is_offline(core: Core, clock: Clock) -> None:
    assert core.agents.view("alice") == AgentView(
        name="alice",
        role="agent",
        models=["claude-test"],
        model=ModelChoice(configured="claude-test", chosen=None),
        policy=AgentPolicy(
            allowed_recipients=None,
            bash=None,
            tools=["Bash"],
            mcp_servers={},
            turns_per_day=None,
            usd_cents_per_day=None,
            compact_above_percent=0,
            compact_notes_above_bytes=0,
            silent_minutes=10,
            limits=None,
            broker_limits=BrokerLimits(**BrokerLimitsConfig.default_values()),
        ),
        mcp_servers=[],
        status=AgentStatus(
            state=AgentState.OFFLINE,
            detail="",
            model="claude-test",
            turn=None,
            until=None,
            session=None,
            context_used=None,
            context_max=None,
        ),
        waiting=None,
        linked=False,
        unit=UnitStatus(unit="process alice", state=UnitState.UNKNOWN, reason=""),
        actions=[Verb.START, Verb.STOP, Verb.RESTART],
        since=clock.now,
        inbox_depth=0,
        last_turn_at=None,
        turns_today=0,
        cost_today_usd=0.0,
        limited_today={},
    )
    assert [view.name for view in core.agents.views()] == ["alice", "bob", "boss"]


async def test_connection_and_reports_reach_the_operator_s_page(core: Core, clock: Clock) -> None:
    async with core.hive.watch() as frames:
        core.agents.connected("alice")
        clock.advance(1)
        core.agents.report("alice", WORKING)
        core.agents.report("alice", WORKING)
        clock.advance(1)
        core.agents.report("alice", WORKING.model_copy(update={"detail": "Read " * 1000}))
        core.agents.disconnected("alice")
        told = [frame.data for frame in await taken(frames) if isinstance(frame, AgentFrame)]

    assert [(view.status.state, view.since - clock.now) for view in told] == [
        (AgentState.STARTING, -2),
        (AgentState.WORKING, -1),
        (AgentState.WORKING, -1),
        (AgentState.OFFLINE, 0),
    ]
    assert len(told[2].status.detail) == 500
    assert (told[3].status.session, told[3].status.turn, told[3].status.context_used) == ("s1", None, 100)


def unit(state: UnitState, reason: str = "") -> UnitStatus:
    return UnitStatus(unit="container@h-alice.service", state=state, reason=reason)


async def test_a_connection_that_is_lost_and_a_unit_that_failed_are_told_apart(
    core: Core, clock: Clock
) -> None:
    core.agents.unit_changed("alice", unit(UnitState.RUNNING))
    core.agents.connected("alice")
    core.agents.report("alice", WORKING)
    clock.advance(1)
    core.agents.disconnected("alice")
    lost = core.agents.view("alice")
    core.agents.unit_changed("alice", unit(UnitState.FAILED, "timeout"))
    failed = core.agents.view("alice")
    assert [(one.status.state, one.status.detail, one.linked, one.since) for one in (lost, failed)] == [
        (AgentState.OFFLINE, "its harness lost the connection", False, clock.now),
        (AgentState.FAILED, "timeout", False, clock.now),
    ]
    # After a new start the harness is on its way, it has not lost anything.
    core.agents.unit_changed("alice", unit(UnitState.RUNNING))
    assert core.agents.view("alice").status.state is AgentState.STARTING
    core.agents.connected("alice")
    again = core.agents.view("alice")
    assert (again.status.state, again.status.detail, again.status.turn) == (AgentState.STARTING, "", None)
    assert (again.linked, again.status.session) == (True, "s1")


async def test_a_connection_that_ends_with_its_unit_is_not_lost(core: Core) -> None:
    core.agents.unit_changed("alice", unit(UnitState.RUNNING))
    core.agents.connected("alice")
    core.agents.unit_changed("alice", unit(UnitState.STARTING, "is being restarted by boss"))
    core.agents.disconnected("alice")
    assert core.agents.view("alice").status.detail == "is being restarted by boss"
    core.agents.unit_changed("alice", unit(UnitState.RUNNING))
    assert core.agents.view("alice").status.state is AgentState.STARTING


async def test_a_harness_that_does_not_connect_in_time_is_told_at_the_sweep(core: Core, clock: Clock) -> None:
    core.agents.unit_changed("alice", unit(UnitState.RUNNING))
    clock.advance(59)
    core.agents.sweep()
    assert core.agents.view("alice").status.state is AgentState.STARTING
    clock.advance(1)
    async with core.hive.watch() as frames:
        core.agents.sweep()
        core.agents.sweep()
        told = [frame.data for frame in await taken(frames) if isinstance(frame, AgentFrame)]
    assert [(view.name, view.status.state, view.since) for view in told] == [
        ("alice", AgentState.FAILED, clock.now)
    ]


async def test_a_change_of_the_unit_is_told_also_when_the_state_stays(core: Core) -> None:
    core.agents.connected("alice")
    async with core.hive.watch() as frames:
        core.agents.unit_changed("alice", unit(UnitState.RUNNING))
        core.agents.unit_changed("alice", unit(UnitState.RUNNING))
        told = [frame.data for frame in await taken(frames) if isinstance(frame, AgentFrame)]
    assert [(view.unit.state, view.actions) for view in told] == [
        (UnitState.RUNNING, [Verb.STOP, Verb.RESTART])
    ]


async def test_only_agents_that_are_connected_and_run_need_no_look(core: Core, clock: Clock) -> None:
    core.agents.connected("alice")
    core.agents.unit_changed("alice", unit(UnitState.STARTING))
    clock.advance(5)
    core.agents.connected("bob")
    core.agents.unit_changed("bob", unit(UnitState.RUNNING))
    assert core.agents.waiting() == [5.0, 5.0]
    core.agents.unit_changed("alice", unit(UnitState.RUNNING))
    assert core.agents.waiting() == [5.0]


async def test_the_manager_sees_what_it_may_do_to_others_and_nothing_of_itself(
    core: Core, clock: Clock
) -> None:
    core.agents.unit_changed("alice", unit(UnitState.STOPPED, "stopped by boss"))
    briefs = core.agents.briefs("boss")
    assert briefs[0] == AgentBrief(
        name="alice",
        role="agent",
        state=AgentState.STOPPED,
        detail="stopped by boss",
        since=clock.now,
        inbox_depth=0,
        last_turn_at=None,
        turns_today=0,
        actions=[Verb.START],
    )
    assert [(one.name, one.actions == []) for one in briefs] == [
        ("alice", False),
        ("bob", False),
        ("boss", True),
    ]


IDLE = WORKING.model_copy(update={"state": AgentState.IDLE, "detail": "", "turn": None})


async def test_an_idle_agent_waits_for_whom_it_asked_and_for_the_operator_first(
    core: Core, clock: Clock
) -> None:
    core.agents.connected("alice")
    core.agents.report("alice", WORKING)
    await core.questions.ask("alice", AskRequest(question="Which?", to="bob"))
    clock.advance(1)
    mine = await core.questions.ask("alice", AskRequest(question="Which?"))
    assert core.agents.view("alice").waiting is None
    clock.advance(1)
    rests = clock.now
    core.agents.report("alice", IDLE)
    assert core.agents.view("alice").waiting == Waiting(on="operator", question=2, since=rests)
    assert core.agents.brief("alice", "boss").detail == "waits for an answer from operator"
    async with core.hive.watch() as frames:
        await core.questions.answer(mine.id, "operator", "this")
        told = [frame.data for frame in await taken(frames) if isinstance(frame, AgentFrame)]
    assert told[0].waiting == Waiting(on="bob", question=1, since=rests)
    await core.questions.cancel(1, "alice")
    assert core.agents.view("alice").waiting is None


async def test_of_two_questions_to_the_operator_the_older_is_waited_for(core: Core, clock: Clock) -> None:
    core.agents.connected("alice")
    core.agents.report("alice", IDLE)
    rests = clock.now
    for target in ("bob", "operator", "operator"):
        await core.questions.ask("alice", AskRequest(question="Which?", to=target))
        clock.advance(1)
    for asked_at, first in ((rests + 1, 2), (rests + 2, 3), (rests, 1)):
        on = "bob" if first == 1 else "operator"
        assert core.agents.view("alice").waiting == Waiting(on=on, question=first, since=asked_at)
        await core.questions.cancel(first, "alice")
    assert core.agents.view("alice").waiting is None


async def test_who_waits_is_known_again_after_a_restart(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config())
    await core.questions.ask("alice", AskRequest(question="Which?"))
    clock.advance(5)
    again = await start_core(hive_config())
    again.agents.connected("alice")
    again.agents.report("alice", IDLE)
    assert again.agents.view("alice").waiting == Waiting(on="operator", question=1, since=clock.now)


async def test_a_running_tool_has_a_bounded_name_and_has_begun(core: Core, clock: Clock) -> None:
    core.agents.connected("alice")
    for since, shown in ((clock.now - 5, clock.now - 5), (clock.now + 3600, clock.now)):
        tool = RunningTool(name="mcp__" + "x" * 1000, since=since, others=1)
        core.agents.report("alice", WORKING.model_copy(update={"tool": tool}))
        seen = core.agents.view("alice").status.tool
        assert seen == RunningTool(name="mcp__" + "x" * 195, since=shown, others=1)
    core.agents.disconnected("alice")
    assert core.agents.view("alice").status.tool is None


async def test_how_mcp_servers_are_is_known_while_a_harness_says_so(
    start_core: StartCore, hive_config: HiveConfig
) -> None:
    core = await start_core(hive_config(agents={"alice": {"mcp_servers": {"orders": mcp_server("query")}}}))

    def shown() -> list[tuple[str, str, list[str]]]:
        return [
            (server.state.value, server.reason, server.tools)
            for server in core.agents.view("alice").mcp_servers
        ]

    assert shown() == [("unknown", "", [])]
    core.agents.connected("alice")
    running = McpServer(name="orders", state=McpState.RUNNING, reason="", tools=["query"], offered=1)
    async with core.hive.watch() as frames:
        core.agents.report_servers("alice", [running])
        core.agents.report_servers("alice", [running, running.model_copy(update={"name": "ghost"})])
        told = [frame for frame in await taken(frames) if isinstance(frame, AgentFrame)]
    assert len(told) == 1
    assert shown() == [("running", "", ["query"])]
    core.agents.disconnected("alice")
    assert shown() == [("unknown", "", [])]


async def test_the_inbox_depth_follows_the_queue(core: Core) -> None:
    async with core.hive.watch() as frames:
        await core.say("bob", "alice")
        await core.take("alice")
        await core.say("bob", "operator")
        told = [frame.data for frame in await taken(frames) if isinstance(frame, AgentFrame)]

    assert [(view.name, view.inbox_depth) for view in told] == [("alice", 1), ("alice", 0)]


async def test_todays_counters_are_by_utc_day_and_right_after_a_restart(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config())
    yesterday = clock.now - 12 * 3600 - 1
    await core.events.append("alice", [turn_end(yesterday, 5.0), turn_end(clock.now, 0.25)])
    clock.advance(60)
    await core.events.append("alice", [turn_end(clock.now, 0.5), turn_end(clock.now + 9e9, -3.0)])
    await core.events.append("bob", [turn_end(clock.now, 1.0)])

    def counted(of: Core) -> list[tuple[int, float, float | None]]:
        views = [of.agents.view(name) for name in ("alice", "bob", "boss")]
        return [(view.turns_today, view.cost_today_usd, view.last_turn_at) for view in views]

    expected = [(3, 0.75, clock.now), (1, 1.0, clock.now), (0, 0.0, None)]
    assert counted(core) == expected
    again = await start_core(hive_config())
    assert counted(again) == expected
    clock.advance(12 * 3600)
    assert counted(again) == [
        (0, 0.0, clock.now - 12 * 3600),
        (0, 0.0, clock.now - 12 * 3600),
        (0, 0.0, None),
    ]


async def test_an_agent_that_is_not_configured_is_not_found(core: Core) -> None:
    for call in (core.agents.view, core.agents.config, core.agents.connected, core.agents.disconnected):
        with pytest.raises(NotFoundError):
            call("ghost")


async def test_a_flood_of_reports_is_told_in_part_and_its_latest_at_the_next_sweep(
    core: Core, clock: Clock
) -> None:
    clock.advance(1)
    core.agents.connected("alice")
    async with core.hive.watch() as frames:
        for number in range(1000):
            core.agents.report("alice", WORKING.model_copy(update={"detail": str(number)}))
        core.agents.sweep()
        core.agents.sweep()
        told = [frame.data.status.detail for frame in await taken(frames) if isinstance(frame, AgentFrame)]

    assert told == [*(str(number) for number in range(FRAMES_PER_SECOND - 1)), "999"]
