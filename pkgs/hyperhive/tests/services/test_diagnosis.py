"""Self-tests and the doctor without HTTP: who is asked, what is found and kept, and how no answer comes."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hyperhive.config import BrokerConfig, uid_base
from hyperhive.diagnosis.host_probes import OUTSIDE
from hyperhive.diagnosis.isolation import INSIDE
from hyperhive.domain.passwords import hash_password
from hyperhive.errors import ConflictError, NotFoundError, UnavailableError
from hyperhive.protocol.diagnosis import Check, Observation, Outcome, SelfTestView
from hyperhive.protocol.link import BrokerFrame, RunSelfTest, SelfTestDone
from hyperhive.services.diagnosis import Doctor, SelfTests, hidden_files
from hyperhive.store import integrity
from hyperhive.system.sockets import Peer
from hyperhive.system.supervisor import Supervised
from hyperhive.system.tasks import Tasks
from tests.conftest import Clock
from tests.services.conftest import Core, PushedTo

MakeDoctor = Callable[..., Doctor]


class Harness(PushedTo):
    """The link of `alice`."""

    def __init__(self) -> None:
        super().__init__(Peer(os.getpid(), os.geteuid(), "/s"))
        self.came = asyncio.Event()

    def push(self, frame: BrokerFrame) -> None:
        super().push(frame)
        self.came.set()

    def done(self) -> SelfTestDone:
        asked = self.frames[-1]
        assert isinstance(asked, RunSelfTest)
        return SelfTestDone(
            id=asked.id,
            observations=[Observation(key=probe.key, outcome=Outcome.OK, found="x") for probe in INSIDE],
        )


@pytest.fixture
def harness(core: Core) -> Harness:
    harness = Harness()
    core.links.join("alice", harness)
    return harness


@pytest.fixture
def selftests(
    core: Core, clock: Clock, hive_config: Callable[..., BrokerConfig], tmp_path: Path
) -> SelfTests:
    config = hive_config(runtime="nixos")
    runtime = Supervised(tmp_path / "s")
    return SelfTests(config, core.agents, runtime, core.links, clock, dashboard_port=lambda: 7000, seconds=3)


async def test_the_answer_and_what_the_broker_saw_are_kept_until_the_next(
    selftests: SelfTests, harness: Harness, clock: Clock, hive_config: Callable[..., BrokerConfig]
) -> None:
    tasks = Tasks()
    running = tasks.start(selftests.run("alice"), "run")
    await harness.came.wait()
    hidden = hidden_files(hive_config())
    assert harness.frames == [RunSelfTest(id=harness.done().id, port=7000, hidden=hidden)]
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
    assert [one.key for one in test.outside] == [probe.key for probe in OUTSIDE]
    assert [(one.key, one.outcome) for one in test.inside] == [(probe.key, Outcome.OK) for probe in INSIDE]
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
    assert len(harness.frames) == 1


async def test_an_agent_that_is_unknown_or_not_connected_is_not_waited_for(
    core: Core, selftests: SelfTests
) -> None:
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


@pytest.fixture
def doctor(core: Core, clock: Clock, hive_config: Callable[..., BrokerConfig], tmp_path: Path) -> MakeDoctor:
    def make(**fields: object) -> Doctor:
        config = hive_config(**fields)
        runtime = Supervised(tmp_path / "s")
        selftests = SelfTests(config, core.agents, runtime, core.links, clock, dashboard_port=lambda: 7000)
        return Doctor(config, core.db, core.agents, selftests, clock, tmp_path / "subuid")

    return make


async def found(doctor: Doctor) -> dict[str, Check]:
    """The checks of machine and broker, by name."""
    return {check.name: check for check in (await doctor.diagnose()).checks if not check.about}


async def test_the_machine_and_the_broker_come_first_and_then_every_agent(doctor: MakeDoctor) -> None:
    diagnosis = await doctor().diagnose()
    about = [check.about for check in diagnosis.checks]
    assert about == [*[""] * 7, *["alice"] * 2, *["bob"] * 2, *["boss"] * 2]
    names = [check.name for check in diagnosis.checks if not check.about]
    assert names == ["python", "state directory", "open sockets", "dashboard", "disk", "clock", "database"]
    assert diagnosis.ok is all(check.outcome is not Outcome.FAILED for check in diagnosis.checks)


async def test_a_socket_that_nobody_listens_on_is_named(doctor: MakeDoctor, tmp_path: Path) -> None:
    check = (await found(doctor()))["open sockets"]
    path = tmp_path / "run" / "admin.sock"
    assert (check.found, check.command) == (
        f"{path} does not answer: No such file or directory",
        f"ls -l {path}",
    )


async def test_a_database_that_is_damaged_is_failed_and_a_slow_one_is_skipped(
    doctor: MakeDoctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await found(doctor()))["database"].outcome is Outcome.OK
    monkeypatch.setattr(integrity, "quick_check", lambda _connection, _seconds: "wrong # of entries")
    damaged = (await found(doctor()))["database"]
    assert damaged.outcome is Outcome.FAILED
    assert damaged.found.endswith("wrong # of entries")
    monkeypatch.setattr(integrity, "quick_check", lambda _connection, _seconds: None)
    assert (await found(doctor()))["database"].outcome is Outcome.SKIPPED


async def test_a_password_that_is_missing_or_no_hash_is_named_without_repeating_it(
    doctor: MakeDoctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    made = doctor(operator={"pronouns": "they/them", "password_credential": "pw"})
    assert "there is no file" in (await found(made))["password"].found
    (tmp_path / "pw").write_text("hunter2")
    no_hash = (await found(made))["password"]
    assert (no_hash.outcome, no_hash.command) == (Outcome.FAILED, "hyperhive hash-password")
    assert "hunter2" not in no_hash.found
    (tmp_path / "pw").write_text(hash_password("hunter2", b"0" * 16))
    assert (await found(made))["password"].outcome is Outcome.OK


async def test_a_certificate_that_is_not_there_is_named(
    doctor: MakeDoctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "key").touch()
    listen = {
        "host": "127.0.0.1",
        "port": 0,
        "host_names": ["localhost"],
        "tls": {"certificate": "/none/cert.pem", "key_credential": "key"},
        "plain_remote": False,
    }
    check = (await found(doctor(listen=listen)))["certificate"]
    assert (check.outcome, check.option) == (Outcome.FAILED, "[dashboard] tls")
    assert check.found.startswith("/none/cert.pem: ")


async def test_on_nixos_the_uids_of_containers_are_looked_up(doctor: MakeDoctor, tmp_path: Path) -> None:
    (tmp_path / "subuid").write_text(f"# x\neve:{uid_base('bob')}:1\nbroken:x:y\nshort:1\n")
    check = (await found(doctor(runtime="nixos")))["uid ranges"]
    assert check.found == "/etc/subuid gives eve uids of bob"


async def test_whoever_asks_while_it_looks_gets_a_look_that_began_later(
    doctor: MakeDoctor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(_connection: object, _seconds: float) -> str:
        looks.append(clock.now)
        clock.advance(1)
        return "ok"

    monkeypatch.setattr(integrity, "quick_check", look)
    made = doctor()
    first = made.diagnose()
    await asyncio.gather(first, *(made.diagnose() for _ in range(5)))
    assert len(looks) <= 2
    await made.diagnose()
    assert len(looks) <= 3
