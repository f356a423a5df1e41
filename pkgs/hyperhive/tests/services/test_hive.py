from hyperhive.protocol.events import HiveState, OperatorInfo
from hyperhive.protocol.questions import AskRequest
from hyperhive.services.hive import FIRST_MESSAGES
from tests.conftest import Clock
from tests.services.conftest import Core


async def test_the_snapshot_holds_everything_and_the_seq_from_before_it(core: Core) -> None:
    seen = await core.say("alice", "bob")
    mail = await core.say("bob", "operator")
    question = await core.questions.ask("alice", AskRequest(question="?"))
    seq = core.bus.seq

    assert await core.hive.state() == HiveState(
        seq=seq,
        boot="b1",
        version="v1",
        operator=OperatorInfo(pronouns="they/them"),
        agents=core.agents.views(),
        messages=[mail, seen],
        messages_before=None,
        inbox=[mail],
        inbox_after=None,
        unread=1,
        questions=[question],
    )


async def test_a_sweep_of_an_idle_hive_changes_nothing(core: Core, clock: Clock) -> None:
    before = core.bus.seq
    for _ in range(3):
        clock.advance(61)
        await core.hive.sweep()

    assert core.bus.seq == before


async def test_the_snapshot_stays_short_whatever_agents_write(core: Core) -> None:
    for number in range(FIRST_MESSAGES + 5):
        await core.say("alice", "operator", f"note {number}")
    short = await core.hive.state()
    assert (len(short.messages), len(short.inbox), short.unread) == (FIRST_MESSAGES, FIRST_MESSAGES, 105)
    assert short.messages_before == short.messages[-1].id
    assert short.inbox_after == short.inbox[-1].id
    for number in range(4):
        await core.say("alice", "operator", f"{number}" * 20_000)
    long = await core.hive.state()
    assert [message.body[0] for message in long.messages] == ["3", "2"]
    assert (long.unread, long.messages_before) == (109, long.messages[-1].id)
    await core.say("alice", "operator", "x" * 200_000)
    assert len((await core.hive.state()).messages) == 1
