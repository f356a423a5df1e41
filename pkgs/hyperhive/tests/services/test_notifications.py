"""What is pushed, and when; over a real store and a real HTTP server. Time is turned by hand."""

import asyncio
import sqlite3
from collections.abc import Callable

import pytest

from hyperhive.errors import ConflictError
from hyperhive.protocol.agents import AgentState, AgentStatus
from hyperhive.protocol.notifications import PushTest
from hyperhive.protocol.questions import AskRequest
from hyperhive.system.tasks import Tasks
from tests.conftest import Clock
from tests.ntfy_server import NtfyServer, Scripted
from tests.services.conftest import BASE, DELAY, Core, Phone, StartPhone


def report(core: Core, name: str, state: AgentState, detail: str = "") -> None:
    core.agents.report(name, AgentStatus.bare(state, "m").model_copy(update={"detail": detail}))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


async def test_what_still_waits_after_a_while_is_pushed_once(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    question = await core.questions.ask("alice", AskRequest(question="Which?", options=["a", "b"]))
    message = await core.say("bob", "operator", "done\nall of it")
    core.agents.connected("boss")
    report(core, "boss", AgentState.NEEDS_LOGIN, "the token has expired")
    assert await phone.settle() == DELAY
    clock.advance(DELAY - 1)
    assert await phone.settle() == 1
    assert server.asked == 0
    clock.advance(1)
    assert await phone.settle() is None
    assert server.taken == [
        {
            "topic": "hive",
            "title": "alice asks",
            "message": "Which?\n- a\n- b",
            "priority": 4,
            "tags": ["question"],
            "click": f"{BASE}/#/question/{question.id}",
        },
        {
            "topic": "hive",
            "title": "Message from bob",
            "message": "done\nall of it",
            "priority": 3,
            "tags": ["envelope"],
            "click": f"{BASE}/#/message/{message.id}",
        },
        {
            "topic": "hive",
            "title": "boss needs login",
            "message": "the token has expired",
            "priority": 4,
            "tags": ["key"],
            "click": f"{BASE}/#/agent/boss",
        },
    ]
    clock.advance(10_000)
    assert await phone.settle() is None
    assert server.asked == 3


async def test_what_is_over_before_its_time_is_not_pushed(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    question = await core.questions.ask("alice", AskRequest(question="?"))
    message = await core.say("bob", "operator")
    expiring = await core.questions.ask("bob", AskRequest(question="?", ttl_seconds=DELAY))
    core.agents.connected("alice")
    report(core, "alice", AgentState.FAILED)
    assert await phone.settle() == DELAY / 2
    await core.questions.answer(question.id, "operator", "yes")
    await core.messages.read([message.id])
    report(core, "alice", AgentState.IDLE)
    clock.advance(DELAY)
    await core.questions.sweep()
    assert await phone.settle() is None
    assert await phone.rows() == [
        ("question", str(question.id), "skipped"),
        ("question", str(expiring.id), "skipped"),
        ("message", str(message.id), "skipped"),
        ("agent_failed", "alice", "skipped"),
    ]
    assert server.asked == 0


async def test_a_question_that_expires_before_the_delay_is_pushed_while_it_can_be_answered(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    await core.questions.ask("alice", AskRequest(question="Now or never?", ttl_seconds=DELAY // 2))
    assert await phone.settle() == DELAY / 4
    clock.advance(DELAY / 4)
    await phone.settle()
    assert server.titles() == ["alice asks"]


async def test_a_restart_loses_nothing_and_repeats_nothing(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    await core.say("alice", "operator", "one")
    core.agents.connected("alice")
    report(core, "alice", AgentState.FAILED, "no disk")
    await phone.settle()
    clock.advance(DELAY)
    await phone.settle()
    await core.say("bob", "operator", "two")
    await phone.settle()
    # This one comes, and nobody notes it before the end.
    await core.say("bob", "operator", "three")

    core, phone = await start()
    assert await phone.settle() == DELAY
    core.agents.connected("alice")
    report(core, "alice", AgentState.FAILED, "no disk")
    clock.advance(DELAY)
    await phone.settle()
    assert [one["message"] for one in server.taken] == ["one", "no disk", "two", "three"]
    core, phone = await start()
    clock.advance(10_000)
    await phone.settle()
    assert server.asked == 4


async def test_an_agent_is_pushed_again_when_it_was_well_in_between(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    core.agents.connected("alice")
    for state in (AgentState.FAILED, AgentState.STARTING, AgentState.FAILED):
        report(core, "alice", state)
        clock.advance(DELAY)
        await phone.settle()
    assert server.titles() == ["alice failed"]
    for state in (AgentState.NEEDS_LOGIN, AgentState.IDLE, AgentState.FAILED):
        report(core, "alice", state)
        await phone.settle()
        clock.advance(DELAY)
        await phone.settle()
    assert server.titles() == ["alice failed", "alice needs login", "alice failed"]


async def test_an_agent_that_crashes_again_and_again_is_pushed_though_it_never_fails_for_long(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    core.agents.connected("alice")
    for _ in range(6):
        for state in (AgentState.FAILED, AgentState.STARTING):
            report(core, "alice", state)
            await phone.settle()
            clock.advance(DELAY / 6)
    assert server.titles() == ["alice failed"]


async def test_only_the_chosen_kinds_are_pushed(start: StartPhone, server: NtfyServer) -> None:
    core, phone = await start(delay_seconds=0, kinds=["question"])
    await core.say("alice", "operator")
    core.agents.connected("alice")
    report(core, "alice", AgentState.FAILED)
    await core.questions.ask("alice", AskRequest(question="?"))
    await core.questions.ask("alice", AskRequest(question="between agents", to="bob"))
    await phone.settle()
    assert server.titles() == ["alice asks"]


async def test_secrets_and_tricks_of_a_text_stay_here(start: StartPhone, server: NtfyServer) -> None:
    core, phone = await start(delay_seconds=0)
    await core.say("alice", "operator", "key sk-ant-api03-abcdefghijklmnopqr\r\n\x00<b>" + "x" * 5000)
    await phone.settle()
    [push] = server.taken
    assert push["message"].startswith("key [secret]\n<b>xxx")
    assert len(push["message"]) == 301


async def test_a_test_is_pushed_at_once_and_says_what_the_server_said(
    start: StartPhone, server: NtfyServer
) -> None:
    _, phone = await start()
    assert await phone.notifications.test() == PushTest(ok=True, said="200 OK")
    server.token = "another"
    assert await phone.notifications.test() == PushTest(ok=False, said="403 forbidden")
    assert server.titles() == ["Test from hyperhive"]
    assert await phone.rows() == [("test", "", "sent"), ("test", "", "failed")]


async def test_tests_are_no_more_kept_than_other_deliveries(
    start: StartPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hyperhive.services.notifications.KEPT", 2)
    _, phone = await start()
    for _ in range(4):
        await phone.notifications.test()
    assert len(await phone.rows()) == 2


async def test_a_test_that_arrives_lets_go_on_what_was_left_for_later(
    start: StartPhone, server: NtfyServer
) -> None:
    core, phone = await start(delay_seconds=0)
    tasks = Tasks()
    tasks.start(phone.notifications.run(), "notifications")
    server.script = [Scripted(503, {"Retry-After": "3600"})]
    await core.say("alice", "operator")
    async with asyncio.timeout(20):
        while not ((view := await phone.notifications.view()).ntfy and view.ntfy.trouble):
            await asyncio.sleep(0.02)
    await phone.notifications.test()
    await until(lambda: len(server.taken) == 2)
    assert server.titles() == ["Test from hyperhive", "Message from alice"]
    await tasks.cancel()


async def test_a_store_that_takes_nothing_lets_no_phone_ring_again_and_again(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start()
    await core.say("alice", "operator")
    await phone.settle()
    clock.advance(DELAY)
    full = "CREATE TRIGGER full BEFORE UPDATE ON notifications BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    await core.db.commit(lambda tx: tx.connection.execute(full))
    for _ in range(3):
        with pytest.raises(sqlite3.Error, match="disk full"):
            await phone.notifications.round()
    assert server.asked == 0
    await core.db.commit(lambda tx: tx.connection.execute("DROP TRIGGER full"))
    await phone.settle()
    assert server.titles() == ["Message from alice"]


async def test_without_a_server_nothing_is_noted_and_a_test_says_what_to_set(
    core: Core,
) -> None:
    phone = Phone(core)
    await core.say("alice", "operator")
    assert await phone.notifications.round() is None
    await phone.notifications.run()
    assert (await phone.notifications.view()).model_dump() == {"ntfy": None, "deliveries": []}
    with pytest.raises(ConflictError, match=r"^notifications\.ntfy is not set"):
        await phone.notifications.test()


async def test_the_running_task_hears_of_new_items_by_itself_and_survives_a_failing_store(
    start: StartPhone,
    server: NtfyServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("hyperhive.services.notifications._AFTER_FAILURE", 0.01)
    core, phone = await start(delay_seconds=0)
    tasks = Tasks()
    tasks.start(phone.notifications.run(), "notifications")
    await core.say("alice", "operator")
    await until(lambda: len(server.taken) == 1)
    await core.db.commit(lambda tx: tx.connection.execute("ALTER TABLE notifications RENAME TO gone"))
    await core.say("alice", "operator")
    await until(lambda: "notifications failed" in caplog.text)
    await core.db.commit(lambda tx: tx.connection.execute("ALTER TABLE gone RENAME TO notifications"))
    await until(lambda: len(server.taken) == 2)
    core.agents.connected("alice")
    report(core, "alice", AgentState.FAILED)
    await until(lambda: len(server.taken) == 3)
    await tasks.cancel()


async def test_parked_mail_is_pushed_each_time_that_it_is_parked_also_below_a_later_one(
    start: StartPhone, server: NtfyServer, clock: Clock
) -> None:
    core, phone = await start(kinds=["parked"])
    older, newer = await core.say("alice", "bob", "one"), await core.say("operator", "boss", "two")

    async def park(number: int, agent: str) -> None:
        for turn in range(3):
            await core.take(agent, f"{number}-{turn}")
            await core.messages.requeue(agent, f"{number}-{turn}", "API Error: 400")

    await park(newer.id, "boss")
    await phone.settle()
    await park(older.id, "bob")
    assert await phone.settle() == DELAY
    clock.advance(DELAY)
    assert await phone.settle() is None
    assert [push["title"] for push in server.taken] == ["Mail to boss is parked", "Mail to bob is parked"]
    assert server.taken[1] == {
        "topic": "hive",
        "title": "Mail to bob is parked",
        "message": f"Message {older.id} from alice: API Error: 400",
        "priority": 4,
        "tags": ["parking"],
        "click": f"{BASE}/#/parked/{older.id}",
    }

    await core.messages.retry(older.id)
    await phone.settle()
    await park(older.id, "bob")
    await core.messages.drop(newer.id)
    await phone.settle()
    clock.advance(DELAY)
    await phone.settle()
    assert [push["title"] for push in server.taken[2:]] == ["Mail to bob is parked"]
