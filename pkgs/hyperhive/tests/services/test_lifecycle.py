"""Starting and stopping agents, over real systemctl processes of the stand-in in tests/systemctl.py."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperhive.domain.lifecycle import MANAGER_CALLS
from hyperhive.errors import (
    ConflictError,
    ForbiddenError,
    HyperhiveError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
    UnitFailedError,
)
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.events import NoticeFrame
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.services.lifecycle import Lifecycle
from hyperhive.system.supervisor import Supervised
from hyperhive.system.tasks import Tasks
from hyperhive.system.units import Units
from tests.conftest import Clock
from tests.services.conftest import Core, taken
from tests.systemctl import Systemctl

ALICE = "container@h-alice.service"
NAMES = ("alice", "bob", "boss")
ENDS_ITSELF = ": it would end the turn that asks; the operator can do it"
TOO_OFTEN = "more than 10 starts, stops and restarts in a minute: wait, or ask the operator"


@pytest.fixture
def lifecycle(core: Core, clock: Clock, systemctl: Systemctl) -> Lifecycle:
    """Of the default hive, in which every container runs."""
    for name in NAMES:
        systemctl.unit(name, "active")
    lifecycle = Lifecycle(Units(), core.agents, core.events, core.bus, clock)
    for name in NAMES:
        lifecycle.add(name)
    return lifecycle


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():
            await asyncio.sleep(0.01)


async def log_of(core: Core, agent: str) -> list[tuple[str, str]]:
    page = await core.events.page(agent)
    return [(event.data.level, event.data.text) for event in reversed(page.events)]


def verbs(systemctl: Systemctl) -> list[str]:
    return [call[0] for call in systemctl.calls if call[0] != "show"]


async def test_a_stopped_agent_is_shown_as_such_and_by_whom_and_starts_again(
    core: Core, lifecycle: Lifecycle, systemctl: Systemctl
) -> None:
    stopped = await lifecycle.act(Verb.STOP, "alice")
    assert (stopped.status.state, stopped.status.detail) == (AgentState.STOPPED, "stopped by the operator")
    assert stopped.unit == UnitStatus(unit=ALICE, state=UnitState.STOPPED, reason="stopped by the operator")
    assert stopped.actions == [Verb.START]
    started = await lifecycle.act(Verb.START, "alice")
    assert (started.status.state, started.status.detail) == (
        AgentState.STARTING,
        f"{ALICE} runs, its harness has not connected yet",
    )
    assert started.actions == [Verb.STOP, Verb.RESTART]
    await lifecycle.act(Verb.RESTART, "alice")
    assert verbs(systemctl) == ["stop", "start", "restart"]
    assert await log_of(core, "alice") == [
        ("info", "alice was stopped by the operator"),
        ("info", "alice was started by the operator"),
        ("info", "alice was restarted by the operator"),
    ]


async def test_mail_to_a_stopped_agent_waits_in_its_queue(core: Core, lifecycle: Lifecycle) -> None:
    core.agents.connected("alice")
    await lifecycle.act(Verb.STOP, "alice")
    core.agents.disconnected("alice")
    await core.say("bob", "alice", "are you there?")
    view = core.agents.view("alice")
    assert (view.status.state, view.inbox_depth) == (AgentState.STOPPED, 1)
    await lifecycle.act(Verb.START, "alice")
    assert [message.body for message in await core.take("alice")] == ["are you there?"]


async def test_what_makes_no_sense_is_refused_after_a_fresh_look(
    core: Core, lifecycle: Lifecycle, systemctl: Systemctl
) -> None:
    with pytest.raises(ConflictError, match="cannot start alice: it is running"):
        await lifecycle.act(Verb.START, "alice")
    systemctl.unit("alice", "inactive")
    with pytest.raises(ConflictError, match="cannot stop alice: it is stopped"):
        await lifecycle.act(Verb.STOP, "alice")
    with pytest.raises(NotFoundError):
        await lifecycle.act(Verb.STOP, "ghost")
    assert (verbs(systemctl), await log_of(core, "alice")) == ([], [])


async def test_a_failed_start_is_an_error_with_systemctls_words_and_its_reason_stays_in_sight(
    core: Core, lifecycle: Lifecycle, systemctl: Systemctl
) -> None:
    systemctl.unit("alice", "failed", Result="exit-code", ExecMainStatus="1")
    systemctl.play("start", f"echo 'Job for {ALICE} failed.' >&2; exit 1")
    with pytest.raises(UnitFailedError) as caught:
        await lifecycle.act(Verb.START, "alice")
    assert caught.value.message == f"systemctl start {ALICE}: Job for {ALICE} failed."
    view = core.agents.view("alice")
    assert (view.status.state, view.status.detail) == (
        AgentState.FAILED,
        "exit-code: its main process ended with status 1",
    )
    assert await log_of(core, "alice") == [
        ("error", f"the operator could not start alice: {caught.value.message}")
    ]


async def test_one_thing_at_a_time_but_a_start_that_hangs_can_be_stopped(
    core: Core, lifecycle: Lifecycle, systemctl: Systemctl, tmp_path: Path
) -> None:
    cancelled = tmp_path / "cancelled"
    systemctl.unit("alice", "inactive")
    systemctl.play(
        "start",
        f"while [ ! -e {cancelled} ]; do sleep 0.02; done; echo 'Job for {ALICE} canceled.' >&2; exit 1",
    )
    tasks = Tasks()
    starting = tasks.start(lifecycle.act(Verb.START, "alice", "boss"), "start")
    await until(lambda: core.agents.unit("alice").state is UnitState.STARTING)
    assert core.agents.view("alice").status.detail == "is being started by boss"
    with pytest.raises(ConflictError, match=r"it is starting \(is being started by boss\)"):
        await lifecycle.act(Verb.START, "alice")
    systemctl.play("stop", f"touch {cancelled}")
    stopped = await lifecycle.act(Verb.STOP, "alice")
    with pytest.raises(UnitFailedError, match="canceled"):
        await starting
    assert stopped.status.state in {AgentState.STOPPED, AgentState.STOPPING}
    assert core.agents.view("alice").status.state is AgentState.STOPPED


async def test_a_look_that_is_older_than_an_action_is_not_taken_over(
    core: Core, lifecycle: Lifecycle, systemctl: Systemctl, tmp_path: Path
) -> None:
    tasks = Tasks()
    seen = tmp_path / "seen"
    # The first look has seen that alice runs and answers only when she has been stopped.
    systemctl.play(
        "show",
        f"if [ ! -e {seen} ]; then touch {seen}; echo Id={ALICE}; cat {tmp_path}/systemctl/units/{ALICE}; "
        f"while [ ! -e {tmp_path}/go ]; do sleep 0.02; done; exit 0; fi",
    )
    watching = tasks.start(lifecycle.watch(), "watch")
    await until(seen.exists)
    await lifecycle.act(Verb.STOP, "alice")
    (tmp_path / "go").touch()
    # The late answer tells of bob and boss, of whom it knows nothing, and that shows it was taken.
    await until(lambda: core.agents.unit("bob").reason.startswith("systemd says nothing"))
    assert core.agents.unit("alice").state is UnitState.STOPPED
    watching.cancel()
    await tasks.cancel()


async def test_the_watch_sees_what_others_do_and_rests_while_all_are_connected(
    core: Core, lifecycle: Lifecycle, systemctl: Systemctl
) -> None:
    for name in NAMES:
        core.agents.connected(name)
    tasks = Tasks()
    tasks.start(lifecycle.watch(), "watch")
    await until(lambda: core.agents.unit("bob").state is UnitState.RUNNING)
    assert core.agents.waiting() == []
    systemctl.unit("bob", "failed", Result="oom-kill")
    core.agents.disconnected("bob")
    await until(lambda: core.agents.view("bob").status.state is AgentState.FAILED)
    assert core.agents.view("bob").status.detail == ("oom-kill: it used too much memory and was killed")
    await tasks.cancel()


async def test_a_runtime_that_cannot_be_asked_is_said_once_and_shown(
    core: Core, clock: Clock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = Supervised(tmp_path / "supervisor.sock")
    lifecycle = Lifecycle(runtime, core.agents, core.events, core.bus, clock)
    for _ in range(2):
        with pytest.raises(UnavailableError, match=f"no supervisor answers on {tmp_path}"):
            await lifecycle.act(Verb.START, "alice")
    view = core.agents.view("alice")
    assert (view.status.state, view.unit.unit) == (AgentState.OFFLINE, "process alice")
    assert view.status.detail.startswith("no supervisor answers on ")
    blind = [one for one in caplog.messages if one.startswith("cannot see how the agents are")]
    assert len(blind) == 1


async def test_what_a_manager_does_is_told_to_the_operator(core: Core, lifecycle: Lifecycle) -> None:
    async with core.hive.watch() as frames:
        await lifecycle.manage(Verb.STOP, "alice", "boss")
        notices = [one for one in await taken(frames) if isinstance(one, NoticeFrame)]
    assert [(one.level, one.text) for one in notices] == [("info", "alice was stopped by boss")]
    assert core.agents.view("alice").status.detail == "stopped by boss"
    assert await log_of(core, "alice") == [("info", "alice was stopped by boss")]


async def test_what_a_manager_is_refused_is_in_its_own_log(core: Core, lifecycle: Lifecycle) -> None:
    refused: list[tuple[str, type[HyperhiveError]]] = [("boss", ForbiddenError), ("ghost", NotFoundError)]
    for name, kind in refused:
        with pytest.raises(kind):
            await lifecycle.manage(Verb.RESTART, name, "boss")
    assert await log_of(core, "boss") == [
        ("warning", f"boss asked to restart boss: boss cannot restart itself{ENDS_ITSELF}"),
        ("warning", "boss asked to restart ghost: there is no agent 'ghost'"),
    ]


async def test_a_manager_that_asks_too_often_is_refused_until_a_minute_has_passed(
    core: Core, lifecycle: Lifecycle, clock: Clock, systemctl: Systemctl
) -> None:
    for _ in range(MANAGER_CALLS):
        await lifecycle.manage(Verb.RESTART, "alice", "boss")
    with pytest.raises(TooManyRequestsError):
        await lifecycle.manage(Verb.RESTART, "alice", "boss")
    await lifecycle.act(Verb.RESTART, "alice")
    clock.advance(60)
    await lifecycle.manage(Verb.RESTART, "alice", "boss")
    assert len(verbs(systemctl)) == MANAGER_CALLS + 2
    assert await log_of(core, "boss") == [("warning", f"boss asked to restart alice: {TOO_OFTEN}")]
