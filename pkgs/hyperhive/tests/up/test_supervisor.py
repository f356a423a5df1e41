"""The agents' processes, and both ends of the supervisor's socket, over small real processes."""

import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from hyperhive.errors import ConflictError, NotFoundError, UnavailableError, UnitFailedError
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.system.processes import Child, ChildEvent, ChildState, Patience, Program
from hyperhive.system.supervisor import Supervised, supervisor_socket
from hyperhive.up.supervisor import AgentProcesses
from tests.up.small_hive import Watched


class Farm:
    """Real child processes, of which a test says what they run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.script = "echo up; exec sleep 60"
        self.patience = Patience(first=0.05, ceiling=0.05, grace=5)
        self.changed = asyncio.Event()
        self.lines: list[str] = []
        self.agents = AgentProcesses(["ada", "bob"], self._make)

    def _make(self, name: str) -> Child:
        program = Program(name, ["sh", "-c", self.script], self.directory, {"PATH": os.environ["PATH"]})
        return Child(program, self.patience, on_event=self._note, on_line=lambda _, line: self._line(line))

    def _note(self, event: ChildEvent) -> None:
        self.agents.note(event)
        self.changed.set()

    def _line(self, line: str) -> None:
        self.lines.append(line)
        self.changed.set()

    async def pid(self, starts: int) -> int:
        """Of ada's program, once it has said so many times that it is up."""
        await self.until(lambda: self.lines == ["up"] * starts)
        pid = self.agents.pids["ada"]
        assert pid is not None
        return pid

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    def state(self, name: str) -> tuple[str, str]:
        status = self.agents.status[name]
        return status.state.value, status.reason


@pytest.fixture
async def farm(tmp_path: Path) -> AsyncIterator[Farm]:
    farm = Farm(tmp_path)
    yield farm
    await farm.agents.close()


async def test_an_agent_is_on_its_way_then_runs_then_is_stopped(farm: Farm) -> None:
    assert farm.agents.status == {
        "ada": UnitStatus(unit="process ada", state=UnitState.STARTING, reason=""),
        "bob": UnitStatus(unit="process bob", state=UnitState.STARTING, reason=""),
    }
    await farm.agents.act(Verb.START, "ada")
    assert (farm.state("ada"), farm.state("bob")) == (("running", ""), ("starting", ""))
    pid = await farm.pid(1)
    await farm.agents.act(Verb.STOP, "ada")
    assert (farm.state("ada"), farm.agents.pids) == (("stopped", ""), {"ada": None})
    assert not Path(f"/proc/{pid}").exists()


async def test_a_restart_is_a_new_process(farm: Farm) -> None:
    await farm.agents.act(Verb.START, "ada")
    first = await farm.pid(1)
    await farm.agents.act(Verb.RESTART, "ada")
    assert await farm.pid(2) != first
    await farm.agents.act(Verb.STOP, "ada")
    await farm.agents.act(Verb.RESTART, "ada")
    assert farm.state("ada") == ("running", "")


async def test_what_is_so_already_stays_so(farm: Farm) -> None:
    await farm.agents.act(Verb.STOP, "ada")
    await farm.agents.act(Verb.START, "ada")
    first = await farm.pid(1)
    await farm.agents.act(Verb.START, "ada")
    assert await farm.pid(1) == first
    await farm.agents.act(Verb.STOP, "ada")
    await farm.agents.act(Verb.STOP, "ada")
    assert farm.state("ada") == ("stopped", "")


async def test_one_that_ends_by_itself_says_why_and_when_it_starts_again(farm: Farm) -> None:
    farm.script = "exit 3"
    farm.patience = Patience(first=60, ceiling=60)
    await farm.agents.act(Verb.START, "ada")
    await farm.until(lambda: "starts again" in farm.state("ada")[1])
    assert farm.state("ada") == ("retrying", "it ended with code 3; starts again in 60 s")
    # A restart does not wait for its time, a stop ends the waiting.
    await asyncio.wait_for(farm.agents.act(Verb.RESTART, "ada"), 30)
    await farm.until(lambda: "starts again" in farm.state("ada")[1])
    await asyncio.wait_for(farm.agents.act(Verb.STOP, "ada"), 30)
    assert farm.state("ada") == ("stopped", "")


async def test_one_that_was_killed_names_the_signal(farm: Farm) -> None:
    farm.patience = Patience(first=60, ceiling=60)
    await farm.agents.act(Verb.START, "ada")
    os.kill(await farm.pid(1), signal.SIGKILL)
    await farm.until(lambda: farm.state("ada")[0] == "retrying" and "starts" in farm.state("ada")[1])
    assert farm.state("ada") == ("retrying", "it was killed by signal 9; starts again in 60 s")


async def test_one_that_cannot_be_started_has_failed_and_can_be_started_again(
    farm: Farm, tmp_path: Path
) -> None:
    farm.directory = tmp_path / "later"
    with pytest.raises(UnavailableError, match="cannot start ada"):
        await farm.agents.act(Verb.START, "ada")
    assert farm.state("ada")[0] == "failed"
    assert "No such file" in farm.state("ada")[1]
    farm.directory.mkdir()
    await farm.agents.act(Verb.START, "ada")
    assert farm.state("ada") == ("running", "")


async def test_calls_for_one_agent_come_one_after_the_other(farm: Farm) -> None:
    verbs = (Verb.START, Verb.RESTART, Verb.STOP, Verb.START)
    await asyncio.gather(*(farm.agents.act(verb, "ada") for verb in verbs))
    assert farm.state("ada") == ("running", "")


async def test_an_unknown_agent_is_not_found_and_a_closed_hive_starts_nothing(farm: Farm) -> None:
    with pytest.raises(NotFoundError):
        await farm.agents.act(Verb.START, "ghost")
    await farm.agents.act(Verb.START, "ada")
    await farm.agents.close()
    assert farm.agents.pids == {}
    with pytest.raises(ConflictError, match="the hive is ending"):
        await farm.agents.act(Verb.START, "bob")


async def test_the_broker_stops_and_starts_agents_through_it(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        path = supervisor_socket(processes.paths.runtime_dir)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        runtime = Supervised(path)
        running = {name: _status(name, UnitState.RUNNING) for name in ("ada", "bob")}
        assert await runtime.status(["ada", "bob"]) == running
        await runtime.act(Verb.STOP, "ada")
        assert await runtime.status(["ada", "bob"]) == running | {"ada": _status("ada", UnitState.STOPPED)}
        assert processes.pids["ada"] is None
        async with asyncio.timeout(15):
            # "Running" is its subreaper, which starts it.
            while processes.pids["bob"] is None:
                await asyncio.sleep(0.01)
        await runtime.act(Verb.START, "ada")
        await runtime.act(Verb.RESTART, "bob")
        assert await runtime.status(["ada", "bob"]) == running
        assert [len(watched.of(name, ChildState.STARTED)) for name in ("ada", "bob")] == [2, 2]
    assert not path.exists()
    with pytest.raises(UnavailableError):
        await runtime.status(["ada", "bob"])


async def test_a_stopped_agent_has_no_credentials_on_the_disk(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        runtime = Supervised(supervisor_socket(processes.paths.runtime_dir))
        key = processes.paths.runtime_dir / "credentials" / "ada" / "key"
        assert key.exists()
        await runtime.act(Verb.STOP, "ada")
        assert not key.exists()
        await runtime.act(Verb.START, "ada")
        assert key.read_text() == "sk-ada"


async def test_an_agent_that_the_hive_does_not_have_is_refused(tmp_path: Path) -> None:
    async with Watched(tmp_path / "hive").processes as processes:
        runtime = Supervised(supervisor_socket(processes.paths.runtime_dir))
        with pytest.raises(UnitFailedError, match="there is no agent 'ghost'"):
            await runtime.act(Verb.START, "ghost")
        found = await runtime.status(["ada", "ghost"])
        assert sorted(found) == ["ada", "ghost"]
        assert found["ghost"].reason == "the supervisor does not know it"


async def test_what_nobody_knows_is_answered_in_the_one_shape(tmp_path: Path) -> None:
    async with Watched(tmp_path / "hive").processes as processes:
        connector = aiohttp.UnixConnector(path=str(supervisor_socket(processes.paths.runtime_dir)))
        async with aiohttp.ClientSession("http://supervisor", connector=connector) as client:
            for method, route in (("POST", "/agents/ada/fly"), ("GET", "/"), ("POST", "/agents/broker/stop")):
                async with client.request(method, route) as answer:
                    assert (answer.status, (await answer.json())["error"]["key"]) == (404, "not_found")


def _status(name: str, state: UnitState) -> UnitStatus:
    return UnitStatus(unit=f"process {name}", state=state, reason="")
