from hyperhive import __version__
from hyperhive.protocol.bus import AgentChanged, Notice
from hyperhive.protocol.events import HiveState, NoticeFrame, OperatorInfo
from hyperhive.protocol.questions import AskRequest
from hyperhive.services.hive import FIRST_MESSAGES
from tests.conftest import Clock, HiveConfig
from tests.services.conftest import Core, StartCore, taken


async def test_the_snapshot_holds_everything_and_the_seq_from_before_it(core: Core) -> None:
    seen = await core.say("alice", "bob")
    mail = await core.say("bob", "operator")
    question = await core.questions.ask("alice", AskRequest(question="?"))
    seq = core.hive.seq

    assert await core.hive.state() == HiveState(
        seq=seq,
        boot="b1",
        version=__version__,
        operator=OperatorInfo(pronouns="they/them"),
        agents=core.agents.views(),
        messages=[mail, seen],
        messages_before=None,
        inbox=[mail],
        inbox_after=None,
        unread=1,
        parked=[],
        parked_before=None,
        questions=[question],
    )


async def test_a_sweep_of_an_idle_hive_changes_nothing(core: Core, clock: Clock) -> None:
    before = core.hive.seq
    for _ in range(3):
        clock.advance(61)
        await core.sweep()

    assert core.hive.seq == before


async def test_the_snapshot_stays_short_whatever_agents_write(core: Core) -> None:
    for number in range(FIRST_MESSAGES + 5):
        await core.say("alice", "operator", f"note {number}")
    short = await core.hive.state()
    assert (len(short.messages), len(short.inbox), short.unread) == (
        FIRST_MESSAGES,
        FIRST_MESSAGES,
        FIRST_MESSAGES + 5,
    )
    assert short.messages_before == short.messages[-1].id
    assert short.inbox_after == short.inbox[-1].id
    for number in range(4):
        await core.say("alice", "operator", f"{number}" * 20_000)
    long = await core.hive.state()
    assert [message.body[0] for message in long.messages] == ["3", "2"]
    assert (long.unread, long.messages_before) == (FIRST_MESSAGES + 9, long.messages[-1].id)
    await core.say("alice", "operator", "x" * 200_000)
    assert len((await core.hive.state()).messages) == 1


async def test_watchers_get_every_frame_in_order_from_entering_on(core: Core) -> None:
    core.bus.publish(Notice("info", "before"))
    async with core.hive.watch() as first, core.hive.watch() as second:
        core.bus.publish(Notice("info", "1"), Notice("info", "2"))
        texts = [
            [frame.text for frame in await taken(frames) if isinstance(frame, NoticeFrame)]
            for frames in (first, second)
        ]
    assert texts == [["1", "2"], ["1", "2"]]


async def test_frames_are_numbered_without_gaps_also_unseen_ones_and_higher_after_a_restart(
    core: Core, start_core: StartCore, hive_config: HiveConfig, clock: Clock
) -> None:
    start = core.hive.seq
    core.bus.publish(Notice("info", "nobody looks"))
    async with core.hive.watch() as frames:
        core.bus.publish(Notice("info", "1"), AgentChanged("nobody"), Notice("info", "2"))
        assert [frame.seq for frame in await taken(frames)] == [start + 2, start + 3]

    clock.advance(1)
    assert (await start_core(hive_config())).hive.seq > core.hive.seq
