from hyperhive.protocol.events import HiveState, OperatorInfo
from hyperhive.protocol.questions import AskRequest
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
        inbox=[mail],
        questions=[question],
    )


async def test_a_sweep_of_an_idle_hive_changes_nothing(core: Core, clock: Clock) -> None:
    before = core.bus.seq
    for _ in range(3):
        clock.advance(61)
        await core.hive.sweep()

    assert core.bus.seq == before
