"""The harness as a process of its own."""

import asyncio
import os
import signal
import sys

from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive, processes_of

SLOW = """
[[turn]]
times = 1
[[turn.step]]
text = "late"
delay_seconds = 30.0
"""


async def start(hive: SmallHive, name: str) -> asyncio.subprocess.Process:
    """Start a harness that ends with the test, whatever happens."""
    path = hive.directory / f"{name}.json"
    path.write_text(hive.harness_config(name).model_dump_json())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hyperhive", "harness", "--config", str(path)),
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    hive.groups.append(process.pid)
    await hive.state(name, AgentState.IDLE)
    return process


async def end(process: asyncio.subprocess.Process, number: int = signal.SIGTERM) -> int:
    process.send_signal(number)
    async with asyncio.timeout(15):
        return await process.wait()


async def test_sigterm_ends_the_harness_and_claude_code(small_hive: MakeHive) -> None:
    hive = await small_hive('default_text = "ok"', alice={})
    process = await start(hive, "alice")
    await hive.settled(await hive.say("alice", "hello"))
    assert len(processes_of(process.pid)) >= 2
    assert await end(process) == 0
    assert processes_of(process.pid) == []


async def test_a_harness_killed_in_the_middle_of_a_turn_gives_its_mail_back(small_hive: MakeHive) -> None:
    hive = await small_hive(SLOW, alice={})
    process = await start(hive, "alice")
    mail = await hive.say("alice", "one")
    await hive.thinking()
    assert await end(process, signal.SIGKILL) == -signal.SIGKILL
    assert (await hive.settled(mail, MessageState.QUEUED)).deliveries == 1
    await hive.state("alice", AgentState.OFFLINE)
    again = await start(hive, "alice")
    assert (await hive.settled(mail)).redelivered
    assert await end(again) == 0


async def test_a_turn_goes_on_over_a_restart_of_the_broker_and_is_acked_once(small_hive: MakeHive) -> None:
    hive = await small_hive(SLOW.replace("30.0", "1.5"), alice={})
    process = await start(hive, "alice")
    mail = await hive.say("alice", "one")
    await hive.thinking()
    await hive.restart_broker()
    settled = await hive.settled(mail)
    assert (settled.deliveries, settled.redelivered) == (1, False)
    await end(process)


async def test_a_harness_ends_soon_although_the_broker_is_away(small_hive: MakeHive) -> None:
    hive = await small_hive(SLOW, alice={})
    process = await start(hive, "alice")
    mail = await hive.say("alice", "one")
    await hive.thinking()
    await hive.broker.stop()
    async with asyncio.timeout(8):
        assert await end(process) == 0
    await hive.restart_broker()
    assert (await hive.settled(mail, MessageState.LEASED)).deliveries == 1
    again = await start(hive, "alice")
    assert (await hive.settled(mail)).redelivered
    assert await end(again) == 0


async def test_a_missing_credential_is_named(small_hive: MakeHive) -> None:
    hive = await small_hive("", alice={"credentials": {"ANTHROPIC_API_KEY": "claude"}})
    path = hive.directory / "alice.json"
    path.write_text(hive.harness_config("alice").model_dump_json())
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hyperhive", "harness", "--config", str(path)),
        stderr=asyncio.subprocess.PIPE,
        env={key: value for key, value in os.environ.items() if key != "CREDENTIALS_DIRECTORY"},
    )
    _, stderr = await process.communicate()
    assert process.returncode == 1
    assert "credential 'claude'" in stderr.decode()
