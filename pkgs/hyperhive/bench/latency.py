"""How long a message takes to a consumer that waits for it, beside a Redis stream."""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

from bench.hive import bench_hive
from bench.peers import HttpPeer, RedisPeer
from bench.redis import SKIPPED, redis_server
from bench.report import Section, Spread, ratio

SENDER: Final = "sender"
RECEIVER: Final = "receiver"
BODY: Final = "x" * 256

#: The consumer's call has arrived and waits by then, in seconds.
_SETTLE: Final = 0.005
_WAIT_SECONDS: Final = 30
_WARM_UP: Final = 5


async def measure(directory: Path, *, quick: bool) -> Section:
    """Send to a waiting consumer, the hive and Redis in turns."""
    count = 5 if quick else 300
    hive_ms: list[float] = []
    redis_ms: list[float] = []
    async with AsyncExitStack() as stack:
        hive = await stack.enter_async_context(bench_hive(directory / "hive", [SENDER, RECEIVER]))
        sender = await stack.enter_async_context(hive.agent(SENDER))
        receiver = await stack.enter_async_context(hive.agent(RECEIVER))
        socket = await stack.enter_async_context(redis_server(directory))
        stream = None
        if socket is not None:
            adding = await stack.enter_async_context(RedisPeer(socket))
            stream = _Stream(adding, await stack.enter_async_context(RedisPeer(socket)))
        for number in range(_WARM_UP + count):
            hive_ms.append(await hive_milliseconds(sender, receiver, f"turn-{number}"))
            if stream is not None:
                redis_ms.append(await stream.milliseconds())
    return section(hive_ms[_WARM_UP:], redis_ms[_WARM_UP:])


def section(hive_ms: list[float], redis_ms: list[float]) -> Section:
    """The document's section; `redis_ms` is empty where there is no Redis."""
    hive = Spread(hive_ms)
    found: Section = {"hyperhive_ms": hive.summary()}
    if redis_ms:
        redis = Spread(redis_ms)
        found |= {
            "redis_ms": redis.summary(),
            "ratio": ratio(hive.median, redis.median),
            "ratio_of": "hyperhive_ms.p50 / redis_ms.p50",
        }
    else:
        found |= {"redis_ms": None, "redis": SKIPPED}
    return found | {
        "hyperhive": "POST /v1/messages called, to the answer of a waiting POST /v1/inbox/lease: two commits",
        "redis_stream": "XADD called, to the answer of a waiting XREAD BLOCK: one fsync, no lease is kept",
    }


async def hive_milliseconds(sender: HttpPeer, receiver: HttpPeer, turn: str) -> float:
    """Milliseconds from a send to the answer of the receiver's waiting lease, which is acked then."""
    lease = receiver.post("/v1/inbox/lease", {"turn": turn, "wait_seconds": _WAIT_SECONDS})
    milliseconds, leased = await _handed_over(
        lease, sender.post("/v1/messages", {"to": RECEIVER, "body": BODY})
    )
    await receiver.post("/v1/inbox/ack", {"turn": turn, "ids": [one["id"] for one in leased["messages"]]})
    return milliseconds


class _Stream:
    """A Redis stream between two clients."""

    def __init__(self, adding: RedisPeer, reading: RedisPeer) -> None:
        self._adding = adding
        self._reading = reading

    async def milliseconds(self) -> float:
        """Send one entry to the waiting reader."""
        limit = str(_WAIT_SECONDS * 1000)
        read = self._reading.call("XREAD", "BLOCK", limit, "STREAMS", RECEIVER, "$")
        add = self._adding.call("XADD", RECEIVER, "*", "sender", SENDER, "body", BODY)
        return (await _handed_over(read, add))[0]


async def _handed_over(waiting: Awaitable[Any], sending: Awaitable[Any]) -> tuple[float, Any]:
    """Milliseconds from the beginning of `sending` to the end of `waiting`, and what that gave."""
    ended = 0.0

    async def wait() -> Any:
        nonlocal ended
        answer = await waiting
        ended = time.perf_counter()
        return answer

    async with asyncio.TaskGroup() as group:
        task = group.create_task(wait())
        await asyncio.sleep(_SETTLE)
        began = time.perf_counter()
        await sending
    return (ended - began) * 1000, task.result()
