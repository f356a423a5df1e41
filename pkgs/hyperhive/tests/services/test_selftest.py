"""Self-tests without HTTP: who is asked, what is kept, and every way in which no answer comes."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig
from hyperhive.domain.selftest import INSIDE, OUTSIDE, observed
from hyperhive.errors import ConflictError, NotFoundError, UnavailableError
from hyperhive.protocol.link import RunSelfTest, SelfTestDone
from hyperhive.protocol.selftest import Outcome, SelfTestView
from hyperhive.services.selftest import SelfTests
from hyperhive.services.witness import Witness
from hyperhive.system.sockets import Peer
from hyperhive.system.supervisor import Supervised
from hyperhive.system.tasks import Tasks
from tests.conftest import Clock
from tests.services.conftest import Core


@dataclass
class Harness:
    """Is asked; `connected` says whether it can be."""

    connected: bool = True
    asked: list[RunSelfTest] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, name: str, frame: RunSelfTest) -> Peer | None:
        assert name == "alice"
        self.asked.append(frame)
        self.came.set()
        return Peer(os.getpid(), os.geteuid(), "/s") if self.connected else None

    def done(self) -> SelfTestDone:
        return SelfTestDone(
            id=self.asked[-1].id, observations=[observed(name, "x", held=True) for name in INSIDE]
        )


@pytest.fixture
def harness() -> Harness:
    return Harness()


@pytest.fixture
def selftests(
    core: Core, harness: Harness, clock: Clock, hive_config: Callable[..., BrokerConfig], tmp_path: Path
) -> SelfTests:
    config = hive_config()
    return SelfTests(
        core.agents,
        Witness(config, Supervised(config.agents, tmp_path / "s")),
        harness.ask,
        clock,
        contained=True,
        dashboard_port=lambda: 7000,
        hidden=["/db"],
        seconds=3,
    )


async def test_the_answer_and_what_the_broker_saw_are_kept_until_the_next(
    selftests: SelfTests, harness: Harness, clock: Clock
) -> None:
    tasks = Tasks()
    running = tasks.start(selftests.run("alice"), "run")
    await harness.came.wait()
    assert harness.asked == [RunSelfTest(id=harness.asked[0].id, port=7000, hidden=["/db"])]
    assert selftests.view("alice") == SelfTestView(running=True, last=None)
    clock.advance(2)
    selftests.answered("alice", SelfTestDone(id="older", observations=[]))
    selftests.answered("bob", harness.done())
    selftests.answered("alice", harness.done())
    # Said twice, and said when nobody listens any more: neither matters.
    selftests.answered("alice", harness.done())
    test = await running
    selftests.answered("alice", harness.done())
    assert (test.agent, test.at, test.seconds, test.contained) == ("alice", clock.now - 2, 2.0, True)
    assert [one.name for one in test.outside] == list(OUTSIDE)
    assert {(one.name, one.outcome) for one in test.inside} == {(name, Outcome.OK) for name in INSIDE}
    # The peer is this process, which no container's root is: the agent's good word does not help.
    assert not test.ok
    assert selftests.view("alice") == SelfTestView(running=False, last=test)
    assert selftests.view("bob") == SelfTestView(running=False, last=None)


async def test_one_at_a_time_for_each_agent(selftests: SelfTests, harness: Harness) -> None:
    tasks = Tasks()
    running = tasks.start(selftests.run("alice"), "run")
    await harness.came.wait()
    with pytest.raises(ConflictError, match="a self-test of alice is running"):
        await selftests.run("alice")
    selftests.answered("alice", harness.done())
    await running
    assert len(harness.asked) == 1


async def test_an_agent_that_is_unknown_or_not_connected_is_not_waited_for(
    selftests: SelfTests, harness: Harness
) -> None:
    harness.connected = False
    with pytest.raises(ConflictError, match="alice is not connected"):
        await selftests.run("alice")
    for call in (selftests.run("nobody"), asyncio.to_thread(selftests.view, "nobody")):
        with pytest.raises(NotFoundError):
            await call
    assert not selftests.view("alice").running


async def test_a_harness_that_goes_or_is_silent_ends_the_wait_and_the_next_one_may_run(
    selftests: SelfTests, harness: Harness
) -> None:
    tasks = Tasks()
    running = tasks.start(selftests.run("alice"), "run")
    await harness.came.wait()
    selftests.lost("alice")
    selftests.lost("alice")
    with pytest.raises(UnavailableError, match="lost its connection"):
        await running
    selftests.lost("alice")
    selftests._seconds = 0.05
    with pytest.raises(UnavailableError, match=r"did not finish the self-test within 0\.05 seconds"):
        await selftests.run("alice")
    assert selftests.view("alice") == SelfTestView(running=False, last=None)
