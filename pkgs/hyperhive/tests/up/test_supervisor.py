"""Both ends of the supervisor's socket, over a hive of small real processes."""

import asyncio
import stat
from pathlib import Path

import aiohttp
import pytest

from hyperhive.errors import UnavailableError, UnitFailedError
from hyperhive.protocol.lifecycle import UnitState, UnitStatus, Verb
from hyperhive.system.processes import ChildState
from hyperhive.system.supervisor import Supervised, supervisor_socket
from tests.up.small_hive import Watched


async def test_the_broker_stops_and_starts_agents_through_it(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        path = supervisor_socket(processes.places.runtime_dir)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        runtime = Supervised(["ada", "bob"], path)
        running = {name: _status(name, UnitState.RUNNING) for name in ("ada", "bob")}
        assert await runtime.status() == running
        await runtime.act(Verb.STOP, "ada")
        assert await runtime.status() == running | {"ada": _status("ada", UnitState.STOPPED)}
        assert processes.pids["ada"] is None
        async with asyncio.timeout(15):
            # "Running" is its keeper, which starts it.
            while processes.pids["bob"] is None:
                await asyncio.sleep(0.01)
        await runtime.act(Verb.START, "ada")
        await runtime.act(Verb.RESTART, "bob")
        assert await runtime.status() == running
        assert [len(watched.of(name, ChildState.STARTED)) for name in ("ada", "bob")] == [2, 2]
    assert not path.exists()
    with pytest.raises(UnavailableError):
        await runtime.status()


async def test_a_stopped_agent_has_no_credentials_on_the_disk(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "hive")
    async with watched.processes as processes:
        runtime = Supervised(["ada"], supervisor_socket(processes.places.runtime_dir))
        key = processes.places.runtime_dir / "credentials" / "ada" / "key"
        assert key.exists()
        await runtime.act(Verb.STOP, "ada")
        assert not key.exists()
        await runtime.act(Verb.START, "ada")
        assert key.read_text() == "sk-ada"


async def test_an_agent_that_the_hive_does_not_have_is_refused(tmp_path: Path) -> None:
    async with Watched(tmp_path / "hive").processes as processes:
        runtime = Supervised(["ada", "ghost"], supervisor_socket(processes.places.runtime_dir))
        with pytest.raises(UnitFailedError, match="there is no agent 'ghost'"):
            await runtime.act(Verb.START, "ghost")
        found = await runtime.status()
        assert sorted(found) == ["ada", "ghost"]
        assert found["ghost"].reason == "the supervisor does not know it"


async def test_what_nobody_knows_is_answered_in_the_one_shape(tmp_path: Path) -> None:
    async with Watched(tmp_path / "hive").processes as processes:
        connector = aiohttp.UnixConnector(path=str(supervisor_socket(processes.places.runtime_dir)))
        async with aiohttp.ClientSession("http://supervisor", connector=connector) as client:
            for method, route in (("POST", "/agents/ada/fly"), ("GET", "/"), ("POST", "/agents/broker/stop")):
                async with client.request(method, route) as answer:
                    assert (answer.status, (await answer.json())["error"]["key"]) == (404, "not_found")


def _status(name: str, state: UnitState) -> UnitStatus:
    return UnitStatus(unit=f"process {name}", state=state, reason="")
