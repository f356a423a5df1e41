"""A hive whose processes are stopped and continued, as on a laptop that slept."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from hyperhive.demo.claude_env import claude_environment
from hyperhive.demo.model_script import load_script
from hyperhive.demo.model_server import ModelServer
from hyperhive.system.admin import AdminClient
from hyperhive.system.subreaper import descendants
from tests.harness.conftest import until

LEASE_SECONDS: Final = 5
HIVE: Final = f"""
[dashboard]
port = 0
[delivery]
lease_seconds = {LEASE_SECONDS}
[credentials]
key = {{ env = "ANTHROPIC_API_KEY" }}
[agents.ada.credentials]
ANTHROPIC_API_KEY = "key"
[claude.env]
"""
SCRIPT: Final = """
[[turn]]
when = '\\| work'
[[turn.step]]
text = "worked"
delay_seconds = 8.0
"""


@dataclass
class Hive:
    up: asyncio.subprocess.Process
    admin: AdminClient
    model: ModelServer
    database: Path
    stopped: list[int]

    def processes(self, part: str = "") -> list[int]:
        """Those of the hive whose command line has the word."""
        return [pid for pid in [self.up.pid, *descendants(self.up.pid)] if part in _command(pid)]

    def stop(self, pids: Iterable[int]) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            self.stopped.append(pid)

    def go_on(self, pids: Iterable[int]) -> None:
        for pid in list(pids):
            os.kill(pid, signal.SIGCONT)
            self.stopped.remove(pid)

    def row(self) -> dict[str, Any]:
        """The newest message as it is on the disk, which asks no process."""
        with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return dict(connection.execute("SELECT * FROM messages ORDER BY id DESC").fetchone())

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(true):
                await asyncio.sleep(0.05)

    async def working(self) -> None:
        """Send the mail, and wait until the model has been asked."""
        await self.until(lambda: self.admin.get("/api/state")["agents"][0]["status"]["state"] == "idle")
        await asyncio.to_thread(self.admin.post, "/api/messages", {"to": "ada", "body": "work"})
        await self.until(lambda: len(self.turns()) == 1)
        assert self.row()["state"] == "leased"

    def turns(self) -> list[str]:
        return [one.prompt for one in self.model.requests if not one.side and "| work" in one.prompt]


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


@pytest.fixture
async def hive(tmp_path: Path) -> AsyncIterator[Hive]:
    (tmp_path / "script.toml").write_text(SCRIPT)
    model = ModelServer(load_script(tmp_path / "script.toml"))
    await model.start()
    variables = claude_environment(model.base_url("ada"), tmp_path / "home")
    key = variables.pop("ANTHROPIC_API_KEY")
    # `up` gives each agent a home of its own.
    for name in ("HOME", "CLAUDE_CONFIG_DIR"):
        del variables[name]
    shown = (f"{name} = {json.dumps(value)}\n" for name, value in variables.items() if value)
    (tmp_path / "hive.toml").write_text(HIVE + "".join(shown))
    with (tmp_path / "log").open("w") as log:
        up = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hyperhive", "up", "--json"),
            cwd=tmp_path,
            env=os.environ | {"ANTHROPIC_API_KEY": key},
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    assert up.stdout is not None
    document = json.loads(await up.stdout.readuntil(b"\n}\n"))
    directory = tmp_path / ".hyperhive"
    [database] = directory.rglob("broker.sqlite")
    hive = Hive(up, AdminClient(Path(document["socket"])), model, database, [])
    try:
        yield hive
    finally:
        hive.go_on(list(hive.stopped))
        up.terminate()
        await up.communicate()
        await model.stop()
        shutil.rmtree((directory / "run").resolve(), ignore_errors=True)


async def test_a_turn_goes_on_when_the_whole_hive_was_stopped_for_longer_than_a_lease(hive: Hive) -> None:
    await hive.working()
    everybody = hive.processes()
    brokers = hive.processes(" broker ")
    hive.stop(everybody)
    # By the time of day, which nobody of the hive can see.
    await hive.until(lambda: time.time() > float(hive.row()["lease_expires_at"]) + 1)

    # The broker is first to wake, and has to wait for the others.
    swept = hive.row()["lease_expires_at"]
    hive.go_on(brokers)
    await hive.until(lambda: hive.row()["lease_expires_at"] != swept)
    assert hive.row()["state"] == "leased"
    hive.go_on(pid for pid in everybody if pid not in brokers)

    await hive.until(lambda: hive.row()["state"] == "acked")
    assert (hive.row()["deliveries"], len(hive.turns())) == (1, 1)


async def test_the_end_of_a_turn_comes_in_time_though_its_lease_is_over(hive: Hive) -> None:
    await hive.working()
    sleepers = [pid for pid in hive.processes() if pid not in hive.processes(" broker ")]
    hive.stop(sleepers)
    await hive.until(lambda: hive.row()["state"] == "queued")
    hive.go_on(sleepers)

    await hive.until(lambda: hive.row()["state"] == "acked")
    assert (hive.row()["deliveries"], len(hive.turns())) == (1, 1)


LEFT_ALONE = """
import asyncio, sys
from pathlib import Path
from hyperhive.harness.terminal import Terminal
from hyperhive.protocol.link import OpenTerminal

async def main():
    terminal = Terminal(OpenTerminal(id="0" * 32, who="me", cols=80, rows=24), lambda: None)
    terminal._grace = 2.0
    running = asyncio.create_task(terminal.run(["sleep", "100"], Path("/"), {}))
    while not terminal.is_started:
        await asyncio.sleep(0.01)
    print("alone", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    # What is due by now has been called then.
    await asyncio.sleep(0.1)
    print(terminal._is_ending, flush=True)
    print((await running).reason, flush=True)

asyncio.run(main())
"""


async def test_no_time_of_grace_goes_by_while_the_machine_sleeps() -> None:
    harness = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LEFT_ALONE), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert harness.stdin is not None
    assert harness.stdout is not None
    try:
        async with asyncio.timeout(30):
            assert await harness.stdout.readline() == b"alone\n"
        harness.send_signal(signal.SIGSTOP)
        awake = time.monotonic() + 3

        async def slept() -> bool:
            return time.monotonic() > awake

        await until(slept, "the grace is over by the clock")
        harness.stdin.write(b"\n")
        harness.send_signal(signal.SIGCONT)
        async with asyncio.timeout(30):
            assert await harness.stdout.readline() == b"False\n"
            assert await harness.stdout.readline() == b"nobody looked at it for 0 minutes\n"
    finally:
        with contextlib.suppress(ProcessLookupError):
            harness.kill()
        await harness.communicate()
