"""The operator asks for checks and self-tests, over a link that a test plays; once from a container's uid."""

import ctypes
import os
import platform
import socket
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hyperhive.config import uid_base
from hyperhive.diagnosis.host_probes import OUTSIDE
from hyperhive.diagnosis.isolation import INSIDE
from hyperhive.system.tasks import Tasks
from tests.api.conftest import RunningHive, StartHive, call, refusal
from tests.systemctl import Systemctl

ROUTE = "/api/agents/alice/selftest"
HELLO = {"type": "hello", "version": "1", "turns": []}
#: Of one thread alone; the C library's own function changes all of them.
SETRESUID = {"x86_64": 117, "aarch64": 147}


@pytest.fixture
async def tasks() -> AsyncIterator[Tasks]:
    found = Tasks()
    yield found
    await found.cancel()


async def join(session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    link = await session.ws_connect("/v1/link")
    await link.send_json(HELLO)
    assert (await link.receive_json(timeout=30))["type"] == "welcome"
    return link


def said(asked: dict[str, Any], outcome: str = "ok") -> dict[str, Any]:
    observations = [{"key": probe.key, "outcome": outcome, "found": "seen"} for probe in INSIDE]
    return {"type": "self_test_done", "id": asked["id"], "observations": observations}


@pytest.mark.parametrize("door", ["browser", "admin"])
async def test_the_agent_is_asked_and_its_words_stand_beside_what_the_broker_saw(
    hive: RunningHive, tasks: Tasks, door: str
) -> None:
    client = getattr(hive, door)
    assert await call(client, "GET", ROUTE) == (200, {"running": False, "last": None})
    link = await join(hive.agents["alice"])
    running = tasks.start(call(client, "POST", ROUTE), "self-test")
    asked = await link.receive_json(timeout=30)
    state, runtime = hive.config.state_dir, hive.config.runtime_dir
    assert asked == {
        "type": "run_self_test",
        "id": asked["id"],
        "port": int(hive.url.rpartition(":")[2]),
        "hidden": [f"{state}/db", f"{state}/operator-token", f"{runtime}/admin.sock"],
    }
    assert (await call(client, "GET", ROUTE))[1] == {"running": True, "last": None}
    assert await refusal(client, "POST", ROUTE) == (409, "conflict")
    await link.send_json(said(asked, "failed"))
    status, test = await running
    assert (status, test["agent"], test["contained"]) == (200, "alice", False)
    # Walls that nobody promised are missing without a failure; what has to work anyway is not.
    assert {one["key"] for one in test["inside"] if one["outcome"] == "failed"} == {
        probe.key for probe in INSIDE if not probe.wall
    }
    assert [one["key"] for one in test["outside"]] == [probe.key for probe in OUTSIDE]
    assert test["outside"][0]["found"] == f"uid {os.geteuid()}, the broker's own"
    assert await call(client, "GET", ROUTE) == (200, {"running": False, "last": test})
    await link.close()


async def test_refusals_have_their_keys(hive: RunningHive, tasks: Tasks) -> None:
    assert await refusal(hive.browser, "POST", ROUTE) == (409, "conflict")
    for method in ("GET", "POST"):
        assert await refusal(hive.browser, method, "/api/agents/nobody/selftest") == (404, "not_found")
    link = await join(hive.agents["alice"])
    running = tasks.start(refusal(hive.browser, "POST", ROUTE), "self-test")
    await link.receive_json(timeout=30)
    await link.close()
    assert await running == (503, "unavailable")


async def test_a_newer_link_is_not_answered_for_by_the_older_one(hive: RunningHive, tasks: Tasks) -> None:
    first = await join(hive.agents["alice"])
    running = tasks.start(refusal(hive.browser, "POST", ROUTE), "self-test")
    await first.receive_json(timeout=30)
    second = await join(hive.agents["alice"])
    assert await running == (503, "unavailable")
    await second.close()
    await first.close()


async def test_an_answer_that_is_too_long_closes_the_link(hive: RunningHive, tasks: Tasks) -> None:
    link = await join(hive.agents["alice"])
    running = tasks.start(refusal(hive.browser, "POST", ROUTE), "self-test")
    asked = await link.receive_json(timeout=30)
    frame = said(asked)
    frame["observations"][0]["found"] = "x" * 100_000
    await link.send_json(frame)
    message = await link.receive(timeout=30)
    assert (message.type, link.close_code) == (aiohttp.WSMsgType.CLOSE, 1008)
    assert await running == (503, "unavailable")


def connect_as(uid: int, directory: Path) -> socket.socket:
    """A connection to `broker.sock` in a directory, made by a thread of that uid."""
    found = socket.socket(socket.AF_UNIX)
    # Into a container only this directory is mounted; the way to it from above is closed.
    mounted = os.open(directory, os.O_PATH)

    def connect() -> None:
        setresuid = SETRESUID[platform.machine()]
        assert ctypes.CDLL(None).syscall(setresuid, -1, uid, -1) == 0
        found.connect(f"/proc/self/fd/{mounted}/broker.sock")

    with ThreadPoolExecutor(1) as thread:
        thread.submit(connect).result()
    os.close(mounted)
    found.setblocking(False)
    return found


class Connected(aiohttp.UnixConnector):
    """Uses one connection that is there already."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__("/")
        self._connection = connection

    async def _create_connection(self, *_args: Any) -> Any:
        _, protocol = await self._loop.create_unix_connection(self._factory, sock=self._connection)
        return protocol


async def test_the_broker_knows_a_container_by_the_uid_that_the_kernel_tells(
    start_hive: StartHive, systemctl: Systemctl, tasks: Tasks
) -> None:
    if os.geteuid() != 0 or platform.machine() not in SETRESUID:
        pytest.skip("only root can be another uid")
    systemctl.unit("alice", "active", ControlGroup="/nowhere")
    hive = await start_hive(runtime="nixos")
    base = uid_base("alice")
    outside = {}
    for uid in (base, base + 3):
        connection = connect_as(uid, hive.socket("alice").parent)
        async with aiohttp.ClientSession("http://broker", connector=Connected(connection)) as session:
            link = await join(session)
            running = tasks.start(call(hive.admin, "POST", ROUTE), "self-test")
            await link.send_json(said(await link.receive_json(timeout=30)))
            _, test = await running
            assert (test["contained"], test["ok"]) == (True, False)
            outside[uid] = {one["key"]: (one["outcome"], one["found"]) for one in test["outside"]}
            await link.close()
    assert outside[base]["peer"] == ("ok", f"uid {base}, the first of its range")
    assert outside[base + 3]["peer"] == ("failed", f"uid {base + 3}, of its range")
    assert outside[base]["socket"] == ("ok", f"{hive.socket('alice')}, closed to all others")
    assert outside[base]["limits"][0] == "failed"


async def test_the_checks_of_the_broker_are_answered_with_what_to_do(hive: RunningHive) -> None:
    link = await hive.agents["alice"].ws_connect("/v1/link")
    await link.send_json(HELLO)
    await link.receive_json(timeout=30)
    status, answer = await call(hive.browser, "GET", "/api/doctor")
    assert status == 200
    found = {(check["about"], check["key"]): check for check in answer["checks"]}
    assert found["", "open_sockets"]["found"].startswith("4 below ")
    assert (found["", "database"]["outcome"], found["alice", "connection"]["outcome"]) == ("ok", "ok")
    # The pages of this test have no browser modules, and so the hive is not well.
    assert found["", "dashboard"] == {
        "key": "dashboard",
        "name": "dashboard",
        "about": "",
        "outcome": "failed",
        "found": f"{hive.config.dashboard_dir} lacks vendor",
        "option": "dashboard_dir",
        "command": "make vendor",
    }
    assert answer["ok"] is False
    assert (await call(hive.admin, "GET", "/api/doctor"))[0] == 200
    await link.close()
