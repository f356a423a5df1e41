"""A self-test of an agent of a real hive: `up`, broker and harness, and the command that asks for it."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config.hive_file import parse_hive
from hyperhive.diagnosis.host_probes import OUTSIDE
from hyperhive.diagnosis.isolation import INSIDE
from hyperhive.errors import RemoteError
from hyperhive.protocol.diagnosis import Outcome
from hyperhive.system.admin import AdminClient
from hyperhive.up.credentials import Secrets
from hyperhive.up.paths import choose_paths
from hyperhive.up.processes import HiveProcesses

HIVE = """
[dashboard]
port = 0
[agents.ada]
[agents.bob]
"""


@pytest.fixture
async def processes(tmp_path: Path) -> AsyncIterator[HiveProcesses]:
    """A hive of `ada` and `bob`, without an account: they need a login and are connected all the same."""
    hive = parse_hive(HIVE, choose_paths(tmp_path / "hive", Path("/nowhere")), directory=tmp_path)
    async with HiveProcesses(hive, Secrets({}, {}), on_line=lambda *_: None) as running:
        admin = AdminClient(running.admin_socket)
        async with asyncio.timeout(40):
            while not (await asyncio.to_thread(admin.get, "/api/agents/ada"))["linked"]:
                await asyncio.sleep(0.05)
        yield running


async def hyperhive(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hyperhive", *arguments), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


async def test_an_agent_that_is_a_process_is_shown_without_walls_and_without_red(
    processes: HiveProcesses,
) -> None:
    options = ("doctor", "--agent", "ada", "--socket", str(processes.admin_socket))
    code, output = await hyperhive(*options, "--json")
    test: dict[str, Any] = json.loads(output)
    assert (code, test["agent"], test["contained"], test["ok"]) == (0, "ada", False, True)
    found = {one["key"]: one for part in ("outside", "inside") for one in test[part]}
    assert list(found) == [probe.key for probe in (*OUTSIDE, *INSIDE)]
    assert {one["outcome"] for one in found.values()} <= {"ok", "none", "skipped"}
    state = processes.paths.agent_dir("ada") / "state"
    uid = os.geteuid()
    broken = OUTSIDE[0].meanings[Outcome.FAILED]
    assert found["peer"] | {"found": ""} == {
        "key": "peer",
        "name": "peer",
        "outcome": "none",
        "found": "",
        "meaning": broken,
    }
    assert found["peer"]["found"] == f"uid {uid}, the broker's own"
    socket = processes.paths.socket("ada")
    assert (found["socket"]["outcome"], found["socket"]["found"]) == (
        "ok",
        f"{socket}, closed to all others",
    )
    assert (found["state_directory"]["outcome"], found["state_directory"]["found"]) == (
        "ok",
        f"{state}: can be written",
    )
    assert (found["other_agents"]["outcome"], found["other_agents"]["found"]) == (
        "none",
        f"{state.parent.parent}: bob",
    )
    assert found["dashboard"]["outcome"] == "none"
    assert "127.0.0.1:" in found["dashboard"]["found"]
    assert str(processes.admin_socket) in found["broker_files"]["found"]
    assert found["broker"]["found"] == "answers ada"
    assert "(Claude Code)" in found["claude"]["found"]
    assert list(state.iterdir()) == []

    admin = AdminClient(processes.admin_socket)
    last = await asyncio.to_thread(admin.get, "/api/agents/ada/selftest")
    assert last == {"running": False, "last": test}

    code, output = await hyperhive(*options)
    assert code == 0
    assert f"no wall  peer: uid {uid}, the broker's own\n         {broken}\n" in output
    assert output.splitlines()[-2].startswith("ada: ")
    assert output.splitlines()[-1].endswith("no walls were promised")


async def test_an_agent_that_is_stopped_cannot_be_asked(processes: HiveProcesses) -> None:
    admin = AdminClient(processes.admin_socket)
    await asyncio.to_thread(admin.post, "/api/agents/ada/stop", {})
    with pytest.raises(RemoteError, match="ada is not connected") as refused:
        await asyncio.to_thread(admin.post, "/api/agents/ada/selftest", {})
    assert refused.value.key == "conflict"
