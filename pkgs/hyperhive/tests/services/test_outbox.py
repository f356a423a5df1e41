import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hyperhive.domain.recipients import Roster
from hyperhive.protocol.events import MessageFrame, NoticeFrame
from hyperhive.protocol.messages import Message, MessageKind
from hyperhive.services.bus import Bus
from hyperhive.services.changes import Changes
from hyperhive.services.outbox import Outbox
from hyperhive.services.tally import Tally
from hyperhive.store import messages as store
from hyperhive.store.database import Database
from hyperhive.store.messages import Lease
from tests.conftest import Clock
from tests.services.conftest import taken


@pytest.fixture
def bus(clock: Clock) -> Bus:
    return Bus(clock)


@pytest.fixture
async def outbox(bus: Bus, tmp_path: Path) -> AsyncIterator[Outbox]:
    async with Database(tmp_path / "db.sqlite") as db:
        yield Outbox(db, bus, Tally(Roster({})))


def post(changes: Changes, body: str) -> Message:
    return changes.post("bob", MessageKind.NOTICE, body)


def lease(changes: Changes, turn: str) -> list[int]:
    return changes.changed(store.lease(changes.connection, Lease("bob", turn, 1, 1.0, 2.0)))


def ack(changes: Changes, turn: str) -> list[int]:
    return changes.changed(store.ack(changes.connection, "bob", turn, None, 3.0))


async def test_a_commit_is_told_on_the_bus_and_to_the_listeners_of_the_queue(
    outbox: Outbox, bus: Bus
) -> None:
    mail: list[tuple[str, int]] = []
    depth: list[tuple[str, int]] = []
    outbox.on_mail(lambda name, pending: mail.append((name, pending)))
    outbox.on_depth(lambda name, pending: depth.append((name, pending)))
    async with bus.subscribe() as frames:
        await outbox.commit(1.0, post, "1")
        await outbox.commit(1.0, post, "2")
        await outbox.commit(1.0, lease, "t")
        await outbox.commit(1.0, ack, "t")
        told = await taken(frames)

    assert [(frame.data.body, frame.data.state) for frame in told if isinstance(frame, MessageFrame)] == [
        ("1", "queued"),
        ("2", "queued"),
        ("1", "leased"),
        ("1", "acked"),
    ]
    assert depth == [("bob", 1), ("bob", 2), ("bob", 1)]
    assert mail == [("bob", 1), ("bob", 2), ("bob", 1)]
    assert outbox.pending("bob") == 1


async def test_a_transaction_that_fails_tells_nothing(outbox: Outbox, bus: Bus) -> None:
    def fail(changes: Changes) -> None:
        post(changes, "lost")
        raise ValueError("no")

    async with bus.subscribe() as frames:
        with pytest.raises(ValueError, match="no"):
            await outbox.commit(1.0, fail)
        assert await taken(frames) == []
    assert outbox.pending("bob") == 0


async def test_a_commit_is_told_also_when_its_caller_has_gone(outbox: Outbox, bus: Bus) -> None:
    async with bus.subscribe() as frames:
        call = asyncio.ensure_future(outbox.commit(1.0, post, "1"))
        async for frame in frames:
            assert isinstance(frame, MessageFrame)
            assert frame.data.body == "1"
            break
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    assert outbox.pending("bob") == 1


async def test_whoever_waits_is_woken_once_and_forgotten(outbox: Outbox) -> None:
    with outbox.waiting("bob") as bob, outbox.waiting("alice") as alice:
        await outbox.commit(1.0, post, "1")
        await outbox.commit(1.0, post, "2")
        assert (bob.done(), alice.done()) == (True, False)


async def test_notices_and_uncounted_refusals_are_handed_on(outbox: Outbox, bus: Bus) -> None:
    def note(changes: Changes) -> None:
        changes.notices.append(("warning", "careful"))
        changes.unstored["alice"] += 2

    async with bus.subscribe() as frames:
        await outbox.commit(1.0, note)
        assert [frame.text for frame in await taken(frames) if isinstance(frame, NoticeFrame)] == ["careful"]
    assert (dict(outbox.take_unstored()), dict(outbox.take_unstored())) == ({"alice": 2}, {})
