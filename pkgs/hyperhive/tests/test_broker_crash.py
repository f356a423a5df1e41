"""A broker that is killed again and again loses nothing that it said it had."""

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from hyperhive.config import BrokerConfig
from tests.conftest import HiveConfig

AGENTS: Final = ("ann", "ben", "cat", "dan")
MESSAGES: Final = 1000
KILLS: Final = 6

_RUN: Final = (
    "import sys; from pathlib import Path\n"
    "from hyperhive.broker import run; from hyperhive.config import load_broker_config\n"
    "sys.exit(run(load_broker_config(Path(sys.argv[1]))))"
)


@dataclass
class Record:
    """What the agents saw.

    Attributes:
        answered: Body of every message whose send was answered, by id.
        seen: Every delivery in the order of its arrival at its recipient: (id, body, redelivered).
        retries: How often a call had to be repeated.
    """

    answered: dict[int, str] = field(default_factory=dict)
    seen: dict[str, list[tuple[int, str, bool]]] = field(default_factory=lambda: defaultdict(list))
    retries: int = 0
    progress: asyncio.Condition = field(default_factory=asyncio.Condition)

    def delivered(self) -> set[int]:
        return {id_ for deliveries in self.seen.values() for id_, _, _ in deliveries}


class Agent:
    """A client of one agent's socket that repeats a call until it is answered."""

    def __init__(self, name: str, client: aiohttp.ClientSession, record: Record) -> None:
        self.name = name
        self._client = client
        self._record = record

    async def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        delay = 0.005
        while True:
            try:
                return await self.call_once(path, body)
            except (aiohttp.ClientError, OSError):
                self._record.retries += 1
                await asyncio.sleep(delay)
                delay = min(delay * 2, 0.1)

    async def call_once(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with self._client.post(path, json=body) as response:
            answer: dict[str, Any] = await response.json()
            if response.status == 503:
                raise aiohttp.ClientConnectionError(answer)
            assert response.status == 200, answer
            return answer

    async def send_all(self, count: int) -> None:
        others = [name for name in AGENTS if name != self.name]
        for number in range(count):
            body = f"{self.name} {number}"
            request = {"to": others[number % len(others)], "body": body, "idempotency_key": body}
            [message] = (await self.call("/v1/messages", request))["messages"]
            async with self._record.progress:
                self._record.answered[message["id"]] = body
                self._record.progress.notify_all()

    async def consume(self) -> None:
        turn = 0
        while True:
            turn += 1
            lease = {"turn": f"{self.name}-{turn}", "max": 8, "wait_seconds": 1}
            try:
                messages = (await self.call_once("/v1/inbox/lease", lease))["messages"]
            except (aiohttp.ClientError, OSError):
                # Something may be leased to this turn that nobody has seen.
                await self.call("/v1/inbox/requeue", {"turn": lease["turn"]})
                continue
            if messages:
                self._record.seen[self.name] += [
                    (one["id"], one["body"], one["redelivered"]) for one in messages
                ]
                ids = [one["id"] for one in messages]
                await self.call("/v1/inbox/ack", {"turn": lease["turn"], "ids": ids})


@pytest.fixture
def config(hive_config: HiveConfig) -> Iterator[BrokerConfig]:
    with tempfile.TemporaryDirectory(prefix="hh-") as name:
        yield hive_config(
            runtime_dir=f"{name}/run", state_dir=f"{name}/state", agents={agent: {} for agent in AGENTS}
        )


@asynccontextmanager
async def _broker(config: BrokerConfig) -> AsyncIterator[asyncio.subprocess.Process]:
    """A broker process that listens; killed at the end."""
    file = Path(config.state_dir).parent / "broker.json"
    file.write_text(config.model_dump_json())
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _RUN,
        file,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert process.stderr is not None
    try:
        line = await process.stderr.readline()
        assert b"dashboard at" in line, line + await process.stderr.read()
        yield process
    finally:
        process.kill()
        errors = await process.stderr.read()
        await process.wait()
    assert b"Traceback" not in errors, errors.decode()


async def test_no_message_is_lost_reordered_or_silently_repeated_when_the_broker_is_killed(
    config: BrokerConfig,
) -> None:
    dice = random.Random()
    record = Record()
    async with AsyncExitStack() as stack, asyncio.timeout(50):
        agents = [Agent(name, await _client(stack, config, name), record) for name in AGENTS]
        senders = [asyncio.ensure_future(one.send_all(MESSAGES // len(AGENTS))) for one in agents]
        consumers = [asyncio.ensure_future(one.consume()) for one in agents]
        for task in (*senders, *consumers):
            stack.callback(task.cancel)
        for kill in range(KILLS):
            async with _broker(config):
                await _answered(record, dice.randrange(kill * 150, kill * 150 + 150))
                await asyncio.sleep(dice.random() * 0.02)
        async with _broker(config):
            await asyncio.gather(*senders)
            await _until_all_are_acked(config)
    bodies = {f"{sender} {number}" for sender in AGENTS for number in range(MESSAGES // len(AGENTS))}
    assert sorted(record.answered.values()) == sorted(bodies)
    assert record.delivered() == set(record.answered)
    for deliveries in record.seen.values():
        _check_deliveries(deliveries, record)
    assert record.retries >= KILLS


def _check_deliveries(deliveries: list[tuple[int, str, bool]], record: Record) -> None:
    """First deliveries are in the sender's order; every later one is marked; the text is the sent one."""
    numbers = defaultdict(list)
    seen: set[int] = set()
    for id_, body, redelivered in deliveries:
        assert body == record.answered[id_]
        if id_ in seen:
            assert redelivered
            continue
        seen.add(id_)
        sender, number = body.split()
        numbers[sender].append(int(number))
    assert dict(numbers) == {sender: sorted(found) for sender, found in numbers.items()}


async def _client(stack: AsyncExitStack, config: BrokerConfig, agent: str) -> aiohttp.ClientSession:
    connector = aiohttp.UnixConnector(path=f"{config.runtime_dir}/agents/{agent}/broker.sock")
    return await stack.enter_async_context(aiohttp.ClientSession("http://broker", connector=connector))


async def _answered(record: Record, count: int) -> None:
    async with record.progress:
        await record.progress.wait_for(lambda: len(record.answered) >= count)


async def _until_all_are_acked(config: BrokerConfig) -> None:
    database = Path(config.state_dir) / "db" / "broker.sqlite"
    while (states := await asyncio.to_thread(_states, database)) != {"acked": MESSAGES}:
        assert set(states) <= {"queued", "leased", "acked"}
        await asyncio.sleep(0.02)


def _states(database: Path) -> dict[str, int]:
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return dict(connection.execute("select state, count(*) from messages group by state").fetchall())
    finally:
        connection.close()
