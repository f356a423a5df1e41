"""Terminals of a hive: limits, harnesses that stay away, and what is forgotten when."""

import asyncio
from collections.abc import Callable

import pytest

from hyperhive.errors import ConflictError, NotFoundError
from hyperhive.protocol.events import Note
from hyperhive.protocol.link import OpenTerminal
from hyperhive.protocol.terminal import (
    AWAY_SECONDS,
    ENDED_SECONDS,
    TERMINAL_LIMIT,
    Ended,
    Opened,
    Size,
)
from hyperhive.services.terminal import Terminals
from tests.conftest import Clock
from tests.services.conftest import Core

SIZE = Size(cols=80, rows=24)
Make = Callable[[], Terminals]


class Asked(list[OpenTerminal]):
    """What harnesses were asked for; `None` connected ones refuse."""

    connected = True

    def __call__(self, _agent: str, frame: OpenTerminal) -> bool:
        self.append(frame)
        return self.connected


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def terminals(core: Core, asked: Asked, clock: Clock) -> Terminals:
    return Terminals(core.agents, core.events, asked, lambda: "secret", clock, contained=True)


async def opened(terminals: Terminals, asked: Asked, clock: Clock) -> str:
    """Open one of `alice` as a harness does, and say its id."""
    opening = asyncio.ensure_future(terminals.open("alice", SIZE, "me"))
    while len(asked) == 0 or opening.done():
        await asyncio.sleep(0)
    name = asked.pop().id
    terminal, _ = terminals.join("alice", name)
    terminal.told(Opened(offset=0, cols=80, rows=24, since=clock()))
    assert (await opening).id == name
    return name


async def notes(core: Core) -> list[str]:
    page = await core.events.page("alice")
    return [event.data.text for event in page.events if isinstance(event.data, Note)]


async def test_an_agent_that_is_not_connected_has_no_terminal(terminals: Terminals, asked: Asked) -> None:
    asked.connected = False
    with pytest.raises(ConflictError, match="alice is not connected"):
        await terminals.open("alice", SIZE, "me")
    with pytest.raises(NotFoundError, match="there is no agent 'nobody'"):
        await terminals.open("nobody", SIZE, "me")
    assert terminals.overview("alice").terminals == []


async def test_only_so_many_are_open_and_ended_ones_do_not_count(
    terminals: Terminals, asked: Asked, clock: Clock
) -> None:
    names = [await opened(terminals, asked, clock) for _ in range(8)]
    with pytest.raises(ConflictError, match="alice has 8 terminals open"):
        await terminals.open("alice", SIZE, "me")
    terminal, host = terminals.join("alice", names[0])
    terminal.told(Ended(exit_code=0, signal=None, reason=""))
    await terminals.left("alice", terminal, host)
    await opened(terminals, asked, clock)


async def test_a_harness_that_stays_away_ends_its_terminals(
    terminals: Terminals, asked: Asked, core: Core, clock: Clock
) -> None:
    name = await opened(terminals, asked, clock)
    terminal, host = terminals.join("alice", name)
    await terminals.left("alice", terminal, host)
    clock.advance(AWAY_SECONDS - 1)
    await terminals.sweep()
    assert terminals.overview("alice").terminals[0].end is None
    clock.advance(1)
    await terminals.sweep()
    end = terminals.overview("alice").terminals[0].end
    assert end is not None
    assert end.reason == "its harness went away"
    assert await notes(core) == [
        "A terminal was closed: its harness went away.",
        "A terminal was opened by the operator (me).",
    ]
    with pytest.raises(NotFoundError):
        terminals.join("alice", name)
    clock.advance(ENDED_SECONDS)
    await terminals.sweep()
    assert terminals.overview("alice").terminals == []


async def test_an_id_of_ours_comes_back_after_a_restart_but_not_from_the_dead(
    terminals: Terminals, asked: Asked, core: Core, clock: Clock
) -> None:
    name = await opened(terminals, asked, clock)
    after = Terminals(core.agents, core.events, asked, lambda: "secret", clock, contained=True)
    with pytest.raises(NotFoundError):
        after.join("bob", name)
    with pytest.raises(NotFoundError):
        after.join("alice", "0" * 32)
    terminal, host = after.join("alice", name)
    terminal.told(Opened(offset=5, cols=90, rows=20, since=clock() - 60))
    (view,) = after.overview("alice").terminals
    assert (view.id, view.cols, view.since, view.opened_by) == (name, 90, clock() - 60, "an earlier session")
    terminal.told(Ended(exit_code=1, signal=None, reason=""))
    await after.left("alice", terminal, host)
    clock.advance(ENDED_SECONDS)
    await after.sweep()
    with pytest.raises(NotFoundError):
        after.join("alice", name)
    other = Terminals(core.agents, core.events, asked, lambda: "another secret", clock, contained=True)
    with pytest.raises(NotFoundError):
        other.join("alice", name)


async def test_an_agent_cannot_bring_back_all_that_it_was_ever_asked_for(
    terminals: Terminals, asked: Asked, core: Core, clock: Clock
) -> None:
    names = []
    for _ in range(2 * TERMINAL_LIMIT + 1):
        name = await opened(terminals, asked, clock)
        terminal, host = terminals.join("alice", name)
        terminal.told(Ended(exit_code=0, signal=None, reason=""))
        await terminals.left("alice", terminal, host)
        names.append(name)
    after = Terminals(core.agents, core.events, asked, lambda: "secret", clock, contained=True)
    *some, last = names
    for name in some:
        after.join("alice", name)
    with pytest.raises(ConflictError, match="alice has 16 terminals open"):
        after.join("alice", last)


async def test_only_an_open_terminal_of_a_connected_agent_is_ended(
    terminals: Terminals, asked: Asked, clock: Clock
) -> None:
    name = await opened(terminals, asked, clock)
    terminal, host = terminals.join("alice", name)
    assert terminals.kill("alice", name, "me").id == name
    await terminals.left("alice", terminal, host)
    with pytest.raises(ConflictError, match="alice is not connected now"):
        terminals.kill("alice", name, "me")
    with pytest.raises(NotFoundError, match="bob has no terminal"):
        terminals.kill("bob", name, "me")
    _, host = terminals.join("alice", name)
    terminal.told(Ended(exit_code=None, signal=1, reason=""))
    with pytest.raises(ConflictError, match="has ended already"):
        terminals.kill("alice", name, "me")
