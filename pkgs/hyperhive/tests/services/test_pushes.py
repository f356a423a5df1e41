"""Servers in trouble, refusals and floods, over a real HTTP server; time is turned by hand."""

import asyncio

from hyperhive.protocol.events import NoticeFrame
from hyperhive.protocol.notifications import DeliveryState
from hyperhive.protocol.questions import AskRequest
from hyperhive.services.notifications import KEPT
from tests.conftest import Clock
from tests.ntfy_server import NtfyServer, Scripted
from tests.services.conftest import BASE, DELAY, StartPhone, taken


async def test_a_server_in_trouble_is_left_alone_for_longer_and_longer_and_then_gets_everything(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    async with core.hive.watch() as frames:
        await core.say("alice", "operator", "one")
        await phone.settle()
        clock.advance(DELAY)
        server.script = [Scripted(500), Scripted(502), Scripted(429, {"Retry-After": "77"})]
        pauses = []
        for _ in range(3):
            pause = await phone.settle()
            assert pause is not None
            pauses.append(pause)
            clock.advance(pause - 1)
            assert await phone.settle() == 1
            clock.advance(1)
        assert pauses == [5, 10, 77]
        notices = [frame for frame in await taken(frames) if isinstance(frame, NoticeFrame)]
    assert [(one.level, one.text) for one in notices] == [
        ("warning", "The ntfy server takes no pushes now: 500 Internal Server Error")
    ]
    view = await phone.notifications.view()
    assert view.ntfy is not None
    assert view.ntfy.trouble == "429 Too Many Requests"
    row = view.deliveries[0]
    assert (row.state, row.attempts, row.error) == (DeliveryState.PENDING, 3, "429 Too Many Requests")
    assert await phone.settle() is None
    assert server.titles() == ["Message from alice"]
    view = await phone.notifications.view()
    assert (view.ntfy and view.ntfy.trouble, view.deliveries[0].state, view.deliveries[0].attempts) == (
        "",
        DeliveryState.SENT,
        4,
    )


async def test_what_the_server_cannot_take_does_not_stand_before_everything_else(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start(delay_seconds=0)
    await core.say("alice", "operator", "one")
    server.script = [Scripted(500)]
    pause = await phone.settle()
    await core.say("bob", "operator", "two")
    await phone.settle()
    clock.advance(pause or 0)
    await phone.settle()
    assert [one["message"] for one in server.taken] == ["two", "one"]


async def test_what_was_tried_for_a_day_is_given_up(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start(delay_seconds=0)
    await core.say("alice", "operator", "one")
    server.script = [Scripted(500)]
    await phone.settle()
    clock.advance(25 * 3600)
    await phone.settle()
    assert server.asked == 1
    [row] = (await phone.notifications.view()).deliveries
    assert (row.state, row.error) == (
        DeliveryState.FAILED,
        "given up after a day: 500 Internal Server Error",
    )


async def test_a_refusal_is_final_is_recorded_and_is_told_once(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start(delay_seconds=0)
    server.token = "another"
    async with core.hive.watch() as frames:
        for body in ("one", "two"):
            await core.say("alice", "operator", body)
        assert await phone.settle() is None
        notices = [frame.text for frame in await taken(frames) if isinstance(frame, NoticeFrame)]
    assert notices == ["The ntfy server refused a push: 403 forbidden"]
    deliveries = (await phone.notifications.view()).deliveries
    assert [(one.state, one.error, one.attempts) for one in deliveries] == [
        (DeliveryState.FAILED, "403 forbidden", 1)
    ] * 2
    clock.advance(10_000)
    await phone.settle()
    assert server.asked == 2


async def test_a_flood_becomes_four_pushes_and_one_that_counts_the_rest(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start(delay_seconds=0)
    for number in range(12):
        await core.say("alice", "operator", f"m{number}")
    await core.questions.ask("bob", AskRequest(question="?"))
    assert await phone.settle() is None
    assert server.titles() == ["bob asks", *["Message from alice"] * 3, "9 more things need you"]
    assert server.taken[-1]["click"] == f"{BASE}/#/"
    deliveries = (await phone.notifications.view()).deliveries
    assert {one.state for one in deliveries} == {DeliveryState.SENT}
    assert sum(one.summed for one in deliveries) == 9

    await core.say("alice", "operator", "one more")
    assert await phone.settle() == 60
    clock.advance(60)
    await phone.settle()
    assert [one["message"] for one in server.taken[5:]] == ["one more"]


async def test_a_backlog_of_thousands_is_noted_in_part_and_stays_bounded(
    start: StartPhone, server: NtfyServer
) -> None:
    core, phone = await start(delay_seconds=0)
    await asyncio.gather(*(core.say("alice", "operator", f"m{number}") for number in range(700)))
    await phone.settle()
    assert server.asked == 5
    assert server.taken[-1]["title"] == "496 more things need you"
    for _ in range(3):
        await asyncio.gather(*(core.say("alice", "operator", f"m{number}") for number in range(300)))
        await phone.settle()
    rows = await core.db.read(lambda connection: connection.execute("SELECT count(*) FROM notifications"))
    assert rows.fetchone()[0] <= KEPT + 500


async def test_while_the_server_is_away_no_more_is_noted_than_one_push_can_count(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start(delay_seconds=0)
    server.script = [Scripted(500)] * 2
    pause = 0.0
    for _ in range(2):
        await asyncio.gather(*(core.say("alice", "operator", f"m{number}") for number in range(400)))
        clock.advance(pause)
        pause = await phone.settle() or 0
    rows = await core.db.read(lambda connection: connection.execute("SELECT count(*) FROM notifications"))
    assert rows.fetchone()[0] == 500
