"""How many messages a second are committed, beside plain SQLite and Redis that keep them as safely."""

import asyncio
import sqlite3
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final

from bench.hive import bench_hive
from bench.peers import HttpPeer, RedisPeer
from bench.redis import SKIPPED, redis_server
from bench.report import Section, ratio, rounded

SENDERS: Final = 16
SINK: Final = "sink"
BODY: Final = "x" * 256

_DRAIN: Final = "drain"

#: Runs for that many seconds; returns messages per second.
Contender = Callable[[float], Awaitable[float]]


async def measure(directory: Path, *, quick: bool) -> Section:
    """Let every contender write for a while, in turns, several times."""
    rounds, seconds = (1, 0.2) if quick else (5, 1.5)
    names = [f"sender{number}" for number in range(SENDERS)]
    async with AsyncExitStack() as stack:
        hive = await stack.enter_async_context(bench_hive(directory / "hive", [*names, SINK]))
        senders = [await stack.enter_async_context(hive.agent(name)) for name in names]
        sink = await stack.enter_async_context(hive.agent(SINK))
        contenders: dict[str, Contender] = {
            "hyperhive_4": partial(_hyperhive, senders[:4], sink),
            "sqlite_raw": partial(_sqlite, directory / "raw.sqlite"),
            "hyperhive_16": partial(_hyperhive, senders, sink),
        }
        socket = await stack.enter_async_context(redis_server(directory))
        if socket is not None:
            clients = [await stack.enter_async_context(RedisPeer(socket)) for _ in range(4)]
            contenders["redis_always_4"] = partial(_redis, clients)
        rates = await _interleaved(contenders, rounds, seconds)
    return section(rates, rounds, seconds)


async def _interleaved(
    contenders: dict[str, Contender], rounds: int, seconds: float
) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        # Every other round runs backwards, so that nobody always follows the same neighbour.
        order = list(contenders)[:: -1 if number % 2 else 1]
        for name in order:
            rates[name].append(await contenders[name](seconds))
    return rates


def section(rates: dict[str, list[float]], rounds: int, seconds: float) -> Section:
    """The document's section from the messages per second of every round, by contender."""
    medians = {name: statistics.median(found) for name, found in rates.items()}
    order = ("hyperhive_4", "hyperhive_16", "sqlite_raw", "redis_always_4")
    pairs = [(one, other) for one in order[:2] for other in order[2:] if other in medians]
    redis = {} if "redis_always_4" in medians else {"redis": SKIPPED}
    return {
        "messages_per_second": {name: rounded(medians[name]) if name in medians else None for name in order},
        "lowest_and_highest": {
            name: [rounded(min(rates[name])), rounded(max(rates[name]))] for name in order if name in rates
        },
        "ratios": {f"{one} / {other}": ratio(medians[one], medians[other]) for one, other in pairs},
        **redis,
        "rounds": rounds,
        "seconds_each": seconds,
        "body_bytes": len(BODY),
        "safety": "an answer comes after fsync: SQLite WAL with synchronous=FULL, Redis appendfsync always",
        "sqlite_raw": "one connection, one commit per row, one table without further indexes",
        "hyperhive": "POST /v1/messages on the senders' own sockets, loop breaker off",
    }


async def _hyperhive(senders: list[HttpPeer], sink: HttpPeer, seconds: float) -> float:
    async def send(sender: HttpPeer) -> None:
        await sender.post("/v1/messages", {"to": SINK, "body": BODY})

    rate = await _rate([partial(send, sender) for sender in senders], seconds)
    # An inbox that nobody reads is another measurement.
    while (await sink.post("/v1/inbox/lease", {"turn": _DRAIN, "max": 32}))["messages"]:
        await sink.post("/v1/inbox/ack", {"turn": _DRAIN})
    return rate


async def _redis(clients: list[RedisPeer], seconds: float) -> float:
    async def add(client: RedisPeer) -> None:
        await client.call("XADD", SINK, "*", "sender", "sender0", "recipient", SINK, "body", BODY)

    return await _rate([partial(add, client) for client in clients], seconds)


async def _rate(writers: list[Callable[[], Awaitable[None]]], seconds: float) -> float:
    """Calls per second of all writers together, each calling one after the other."""
    began = time.perf_counter()

    async def write(call: Callable[[], Awaitable[None]]) -> int:
        count = 0
        while time.perf_counter() - began < seconds:
            await call()
            count += 1
        return count

    counts = await asyncio.gather(*(write(call) for call in writers))
    return sum(counts) / (time.perf_counter() - began)


async def _sqlite(path: Path, seconds: float) -> float:
    return await asyncio.to_thread(_insert, path, seconds)


def _insert(path: Path, seconds: float) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS messages"
            " (id INTEGER PRIMARY KEY, sender TEXT, recipient TEXT, body TEXT, sent_at REAL)"
        )
        count, began = 0, time.perf_counter()
        while (now := time.perf_counter()) - began < seconds:
            connection.execute(
                "INSERT INTO messages (sender, recipient, body, sent_at) VALUES ('sender0', ?, ?, ?)",
                (SINK, BODY, now),
            )
            count += 1
        return count / (time.perf_counter() - began)
