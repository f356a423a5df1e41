"""Terminals as the broker knows them: limits, harnesses that stay away, and what is forgotten when."""

import asyncio
from typing import Any

import pytest

from hyperhive.errors import ConflictError, NotFoundError, UnavailableError
from hyperhive.protocol.events import Note
from hyperhive.protocol.link import AttachViewer, BrokerFrame, KillTerminal, OpenTerminal, TerminalRefused
from hyperhive.protocol.terminal import (
    AWAY_SECONDS,
    ENDED_SECONDS,
    TERMINAL_LIMIT,
    Size,
    TerminalEnd,
    TerminalView,
)
from hyperhive.services.events import PAGE_LIMIT
from hyperhive.services.terminal import TerminalRelay
from tests.conftest import Clock, HiveConfig, limited
from tests.services.conftest import Core, StartCore

SIZE = Size(cols=80, rows=24)


class Pushed(list[BrokerFrame]):
    """What harnesses were sent; while they are not `connected` it is refused."""

    connected = True

    def __call__(self, _agent: str, frame: BrokerFrame) -> bool:
        if self.connected:
            self.append(frame)
        return self.connected


@pytest.fixture
def pushed() -> Pushed:
    return Pushed()


@pytest.fixture
def terminals(core: Core, pushed: Pushed, clock: Clock) -> TerminalRelay:
    return TerminalRelay(core.agents, core.events, pushed, clock, contained=True)


def terminal(number: int, clock: Clock, **changes: Any) -> TerminalView:
    return TerminalView.model_validate(
        {"id": f"{number:032x}", "title": "", "cols": 80, "rows": 24, "since": clock()}
        | {"opened_by": "me", "viewers": [], "end": None}
        | changes
    )


def end(clock: Clock, reason: str = "") -> TerminalEnd:
    return TerminalEnd(at=clock(), exit_code=None, signal=None, reason=reason)


async def asked(pushed: Pushed) -> OpenTerminal:
    while not pushed:
        await asyncio.sleep(0)
    frame = pushed.pop()
    assert isinstance(frame, OpenTerminal)
    return frame


async def notes(core: Core) -> list[str]:
    page = await core.events.page("alice")
    return [event.data.text for event in page.events if isinstance(event.data, Note)]


async def test_a_terminal_is_open_when_its_harness_tells_of_it(
    terminals: TerminalRelay, pushed: Pushed, core: Core, clock: Clock
) -> None:
    opening = asyncio.ensure_future(terminals.open("alice", SIZE, "me"))
    frame = await asked(pushed)
    assert (frame.cols, frame.rows, frame.who) == (80, 24, "me")
    view = terminal(int(frame.id, 16), clock)
    # Another agent's word counts for nothing.
    await terminals.report("bob", [view])
    await asyncio.sleep(0)
    assert not opening.done()
    await terminals.report("alice", [view])
    assert await opening == view
    assert await notes(core) == ["A terminal was opened by the operator (me)."]


async def test_an_agent_that_is_not_connected_or_refuses_has_no_terminal(
    terminals: TerminalRelay, pushed: Pushed, core: Core
) -> None:
    opening = asyncio.ensure_future(terminals.open("alice", SIZE, "me"))
    name = (await asked(pushed)).id
    terminals.refused("alice", TerminalRefused(id=name, reason="no\x1b[31m bash"))
    with pytest.raises(UnavailableError, match=r"alice could not open a terminal: no \[31m bash"):
        await opening
    terminals.refused("alice", TerminalRefused(id=name, reason="no bash"))
    pushed.connected = False
    with pytest.raises(ConflictError, match="alice is not connected"):
        await terminals.open("alice", SIZE, "me")
    with pytest.raises(NotFoundError, match="there is no agent 'nobody'"):
        await terminals.open("nobody", SIZE, "me")
    assert terminals.overview("alice").terminals == []
    assert await notes(core) == []


async def test_only_so_many_are_open_and_ended_ones_do_not_count(
    terminals: TerminalRelay, pushed: Pushed, clock: Clock
) -> None:
    views = [terminal(number, clock) for number in range(7)]
    await terminals.report("alice", views)
    opening = asyncio.ensure_future(terminals.open("alice", SIZE, "me"))
    name = (await asked(pushed)).id
    with pytest.raises(ConflictError, match="alice has 8 terminals open"):
        await terminals.open("alice", SIZE, "me")
    views += [terminal(int(name, 16), clock)]
    await terminals.report("alice", views)
    await opening
    with pytest.raises(ConflictError, match="alice has 8 terminals open"):
        await terminals.open("alice", SIZE, "me")
    views[0] = views[0].model_copy(update={"end": end(clock)})
    await terminals.report("alice", views)
    opening = asyncio.ensure_future(terminals.open("alice", SIZE, "me"))
    terminals.refused("alice", TerminalRefused(id=(await asked(pushed)).id, reason="no"))
    with pytest.raises(UnavailableError):
        await opening


async def test_a_harness_that_stays_away_has_lost_its_terminals(
    terminals: TerminalRelay, core: Core, clock: Clock
) -> None:
    await terminals.report("alice", [terminal(1, clock)])
    terminals.disconnected("alice")
    clock.advance(AWAY_SECONDS - 1)
    await terminals.sweep()
    assert terminals.overview("alice").terminals[0].end is None
    clock.advance(1)
    await terminals.sweep()
    assert terminals.overview("alice").terminals[0].end == end(clock, "its harness went away")
    assert await notes(core) == ["A terminal was closed: its harness went away."]
    clock.advance(ENDED_SECONDS)
    await terminals.sweep()
    assert terminals.overview("alice").terminals == []


async def test_a_harness_that_came_back_in_time_has_lost_nothing(
    terminals: TerminalRelay, core: Core, clock: Clock
) -> None:
    await terminals.report("alice", [terminal(1, clock)])
    terminals.disconnected("alice")
    clock.advance(AWAY_SECONDS - 1)
    await terminals.report("alice", [terminal(1, clock, title="vi")])
    clock.advance(AWAY_SECONDS)
    await terminals.sweep()
    assert [(one.title, one.end) for one in terminals.overview("alice").terminals] == [("vi", None)]
    assert await notes(core) == []


async def test_a_new_harness_has_none_of_the_old_ones_terminals_but_their_ends_are_shown(
    terminals: TerminalRelay, core: Core, clock: Clock
) -> None:
    told = end(clock, "the harness stopped")
    await terminals.report("alice", [terminal(1, clock), terminal(2, clock, end=told)])
    await terminals.report("alice", [terminal(3, clock)])
    ends = {int(one.id, 16): one.end for one in terminals.overview("alice").terminals}
    assert ends == {1: end(clock, "its harness went away"), 2: told, 3: None}
    assert await notes(core) == ["A terminal was closed: its harness went away."]


async def test_only_so_many_that_ended_are_shown(terminals: TerminalRelay, clock: Clock) -> None:
    for number in range(3 * TERMINAL_LIMIT):
        await terminals.report("alice", [terminal(number, clock, end=end(clock))])
    shown = [int(one.id, 16) for one in terminals.overview("alice").terminals]
    assert shown == list(range(2 * TERMINAL_LIMIT, 3 * TERMINAL_LIMIT))


async def test_only_an_open_terminal_of_a_connected_agent_is_ended(
    terminals: TerminalRelay, pushed: Pushed, clock: Clock
) -> None:
    view = terminal(1, clock)
    await terminals.report("alice", [view])
    assert terminals.kill("alice", view.id, "me") == view
    assert pushed == [KillTerminal(id=view.id, who="me")]
    pushed.connected = False
    with pytest.raises(ConflictError, match="alice is not connected now"):
        terminals.kill("alice", view.id, "me")
    with pytest.raises(NotFoundError, match="bob has no terminal"):
        terminals.kill("bob", view.id, "me")
    await terminals.report("alice", [view.model_copy(update={"end": end(clock)})])
    with pytest.raises(ConflictError, match="has ended already"):
        terminals.kill("alice", view.id, "me")


async def test_a_terminal_that_ended_with_its_harness_has_nothing_to_show(
    terminals: TerminalRelay, pushed: Pushed, clock: Clock
) -> None:
    await terminals.report("alice", [terminal(1, clock), terminal(2, clock, end=end(clock))])
    pushed.connected = False
    with pytest.raises(ConflictError, match="alice is not connected now"):
        async with terminals.attach("alice", terminal(1, clock).id, "me", None):
            pass
    async with terminals.attach("alice", terminal(2, clock).id, "me", None) as harness:
        assert harness is None


async def test_a_harness_is_asked_to_dial_for_a_window_with_what_it_has(
    terminals: TerminalRelay, pushed: Pushed, clock: Clock
) -> None:
    name = terminal(1, clock).id
    await terminals.report("alice", [terminal(1, clock)])
    context = terminals.attach("alice", name, "me", 500)
    attaching = asyncio.ensure_future(context.__aenter__())
    await asyncio.sleep(0)
    (frame,) = pushed
    assert isinstance(frame, AttachViewer)
    assert (frame.terminal, frame.who, frame.have) == (name, "me", 500)
    viewer = terminals.viewer("alice", frame.viewer)
    socket: Any = object()
    viewer.harness.set_result(socket)
    assert await attaching is socket
    with pytest.raises(NotFoundError):
        terminals.viewer("alice", frame.viewer)
    await context.__aexit__(None, None, None)
    assert viewer.over.is_set()


async def test_a_terminal_that_comes_too_late_is_ended(
    terminals: TerminalRelay, pushed: Pushed, core: Core, clock: Clock
) -> None:
    terminals._open_seconds = 0.01
    with pytest.raises(UnavailableError, match=r"did not open a terminal within 0\.01 seconds"):
        await terminals.open("alice", SIZE, "me")
    opening, killing = pushed
    assert isinstance(opening, OpenTerminal)
    assert killing == KillTerminal(id=opening.id, who="me")
    late = terminal(int(opening.id, 16), clock)
    # The link was cut, and neither the order nor its end came through at once.
    pushed.clear()
    for _ in range(2):
        await terminals.report("alice", [late])
    assert pushed == [KillTerminal(id=late.id, who="me")]
    assert await notes(core) == []


async def test_a_harness_that_loses_terminals_all_the_time_does_not_fill_the_log(
    start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    core = await start_core(hive_config(agents={"alice": limited(events_mib_per_hour=1)}))
    for number in range(2000):
        await core.terminals.report("alice", [terminal(number, clock)])
    found = await core.events.page("alice", limit=PAGE_LIMIT)
    assert 1000 < found.events[0].id < 1500


async def test_an_agent_that_left_has_no_terminals_and_nobody_waits_for_them(
    terminals: TerminalRelay, pushed: Pushed, core: Core, clock: Clock
) -> None:
    view = terminal(1, clock)
    await terminals.report("alice", [view])
    waiting = [
        asyncio.ensure_future(one)
        for one in (
            terminals.open("alice", SIZE, "me"),
            terminals.attach("alice", view.id, "me", None).__aenter__(),
        )
    ]
    while len(pushed) < len(waiting):
        await asyncio.sleep(0)
    shown = terminals._known["alice"].viewers.copy()
    core.agents.remove("alice")
    terminals.remove("alice")
    for one in waiting:
        with pytest.raises(NotFoundError, match="alice left the hive"):
            await one
    assert all(one.over.is_set() for one in shown.values())
    # Its link may bring what was on its way.
    await terminals.report("alice", [view])
    core.agents.add(core.config.agents["alice"], None)
    assert terminals.overview("alice").terminals == []
