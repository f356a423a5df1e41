"""How much memory the processes of a hive hold, each on its own."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

from bench.hive import bench_hive, settled
from bench.peers import HttpPeer
from bench.programs import running
from bench.report import Section, rounded
from bench.waiting import until
from hyperhive.errors import UnavailableError
from hyperhive.system import subreaper

AGENT: Final = "worker"
SINK: Final = "sink"
SENDERS: Final = 16
BODY: Final = "x" * 256

_EMPTY: Final = "import aiohttp, signal, pathlib; pathlib.Path('ready').touch(); signal.pause()"
_READY_SECONDS: Final = 20.0
_SEND_SECONDS: Final = 40.0


async def measure(directory: Path, *, quick: bool) -> Section:
    """Weigh an idle hive of one agent, then its broker after many messages."""
    wanted = 50 if quick else 10_000
    empty = await _empty_interpreter(directory)
    names = [f"sender{number}" for number in range(SENDERS)]
    async with AsyncExitStack() as stack:
        hive = await stack.enter_async_context(bench_hive(directory / "hive", [AGENT, SINK, *names], [AGENT]))
        operator = await stack.enter_async_context(hive.operator())
        await settled(operator, AGENT)
        broker = weigh([hive.pid()])
        sent = await operator.post("/api/messages", {"to": AGENT, "body": "A first turn."})
        await settled(operator, AGENT, sent["messages"][0]["id"])
        harness = weigh([hive.pid(AGENT)])
        below = subreaper.descendants(hive.pid(AGENT))
        claude = weigh(below)
        senders = [await stack.enter_async_context(hive.agent(name)) for name in names]
        messages = await _exchange(senders, await stack.enter_async_context(hive.agent(SINK)), wanted)
        return {
            "broker_idle_mib": broker,
            "broker_after_messages_mib": weigh([hive.pid()]),
            "messages": messages,
            "harness_idle_mib": harness,
            "claude_idle_mib": claude,
            "claude_processes": len(below),
            "python_aiohttp_mib": empty,
            "of": "/proc/PID/smaps_rollup; harness and Claude Code after their first turn",
        }


def weigh(pids: list[int]) -> dict[str, float]:
    """MiB that the processes hold together: `rss` counts shared pages for each, `pss` its share of them.

    Raises:
        UnavailableError: There is no such process.
    """
    kib = {"Rss": 0, "Pss": 0}
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        except OSError as error:
            raise UnavailableError(f"process {pid} cannot be weighed: {error.strerror}") from error
        for line in text.splitlines():
            key, _, value = line.partition(":")
            if key in kib:
                kib[key] += int(value.split()[0])
    return {key.lower(): rounded(value / 1024) for key, value in kib.items()}


async def _empty_interpreter(directory: Path) -> dict[str, float]:
    async with running([sys.executable, "-c", _EMPTY], directory) as pid:
        await until(
            partial(asyncio.to_thread, (directory / "ready").exists),
            _READY_SECONDS,
            "an interpreter with aiohttp does not start",
        )
        return weigh([pid])


async def _exchange(senders: list[HttpPeer], sink: HttpPeer, wanted: int) -> int:
    """Send `wanted` messages and take them out again; fewer when the machine is slow. Returns how many."""
    began = time.monotonic()
    left = wanted

    async def send(sender: HttpPeer) -> None:
        nonlocal left
        while left > 0 and time.monotonic() - began < _SEND_SECONDS:
            left -= 1
            await sender.post("/v1/messages", {"to": SINK, "body": BODY})

    async def receive(sending: "asyncio.Future[list[None]]") -> None:
        while await _take(sink) or not sending.done():
            pass

    sending = asyncio.gather(*(send(sender) for sender in senders))
    await receive(sending)
    await sending
    return wanted - left


async def _take(sink: HttpPeer) -> bool:
    leased = await sink.post("/v1/inbox/lease", {"turn": "take", "max": 32, "wait_seconds": 0.2})
    if leased["messages"]:
        await sink.post("/v1/inbox/ack", {"turn": "take"})
    return bool(leased["messages"])
