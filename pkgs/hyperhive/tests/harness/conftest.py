"""A whole small hive in one process: real broker, real Claude Code, scripted model."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from hyperhive.broker import Broker
from hyperhive.config import BrokerConfig, HarnessConfig
from hyperhive.config.models import BrokerLimitsConfig
from hyperhive.demo.claude_env import claude_environment
from hyperhive.demo.model_script import load_script
from hyperhive.demo.model_server import ModelServer
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.main import Harness
from hyperhive.protocol.agents import AgentState, BrokerLimits
from hyperhive.protocol.messages import Message, MessageState, SendRequest
from hyperhive.system.tasks import Tasks
from tests.harness.byte_model import ByteModel

WAIT = 30.0


async def until(true: Callable[[], Awaitable[bool]], what: str, within_seconds: float | None = None) -> None:
    """Wait, bounded, until something real has happened."""
    async with asyncio.timeout(within_seconds or WAIT):
        while not await true():
            await asyncio.sleep(0.01)
        return
    raise AssertionError(what)


def processes_of(group: int) -> list[int]:
    """Pids of the processes of a group that have not ended."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


class SmallHive:
    """Starts what a test asks for and stops all of it."""

    def __init__(self, broker_config: BrokerConfig, directory: Path) -> None:
        self.config = broker_config
        self.directory = directory
        self.broker = Broker(broker_config)
        self.tasks = Tasks()
        self.model: ModelServer | None = None
        #: Process groups that tests started.
        self.groups: list[int] = []

    async def start(self, script: str) -> None:
        path = self.directory / "script.toml"
        path.write_text(script)
        self.model = ModelServer(load_script(path))
        await self.model.start()
        await self.broker.start()

    def socket(self, name: str) -> str:
        return f"{self.config.runtime_dir}/agents/{name}/broker.sock"

    def client(self, name: str) -> BrokerClient:
        return BrokerClient(self.socket(name), patience=5)

    def harness_config(self, name: str, **claude: Any) -> HarnessConfig:
        assert self.model is not None
        home = self.directory / name / "home"
        return HarnessConfig.model_validate(
            {
                "agent": self.config.agents[name],
                "socket": self.socket(name),
                "state_dir": str(self.directory / name / "state"),
                "operator": {"pronouns": "they/them", "password_credential": None},
                "claude": {
                    "cli": None,
                    "home": str(home),
                    "env": claude_environment(self.model.base_url(name), home),
                }
                | claude,
            }
        )

    async def wake(self, name: str, **claude: Any) -> asyncio.Task[None]:
        """Start the harness of one agent and wait until it is idle."""
        config = self.harness_config(name, **claude)
        for directory in (config.state_dir, config.claude.home):
            Path(directory).mkdir(parents=True, exist_ok=True)
        task = self.tasks.start(Harness(config, {}).serve(), f"harness-{name}")
        await self.state(name, AgentState.IDLE)
        return task

    async def until(self, true: Callable[[], Awaitable[bool]], what: str) -> None:
        """As the function of the same name."""
        await until(true, what)

    async def end(self, harness: asyncio.Task[None]) -> None:
        """Stop a harness as SIGTERM does, and wait until it has cleaned up."""
        harness.cancel()
        await asyncio.wait([harness])

    async def state(self, name: str, state: AgentState) -> None:
        async def reached() -> bool:
            return self.broker.services.agents.view(name).status.state is state

        await until(reached, f"{name} is {state}")

    async def session(self, name: str) -> str | None:
        """Claude Code's session id, once the agent has reported one."""

        async def reported() -> bool:
            return self.broker.services.agents.view(name).status.session is not None

        await until(reported, f"{name} has a session")
        return self.broker.services.agents.view(name).status.session

    async def say(self, to: str, body: str) -> Message:
        request = SendRequest(to=to, body=body)
        return (await self.broker.services.messages.send("operator", request)).messages[0]

    async def settled(
        self, message: Message, state: MessageState = MessageState.ACKED, within_seconds: float | None = None
    ) -> Message:
        async def reached() -> bool:
            return (await self.broker.services.messages.get(message.id)).state is state

        await until(reached, f"message {message.id} is {state}", within_seconds)
        return await self.broker.services.messages.get(message.id)

    async def inbox(self, count: int) -> list[Message]:
        """The operator's inbox once it holds `count` messages."""

        async def reached() -> bool:
            return len((await self.broker.services.messages.inbox()).messages) >= count

        await until(reached, f"{count} messages to the operator")
        return (await self.broker.services.messages.inbox()).messages

    async def thinking(self, count: int = 1) -> None:
        """Wait until the model got its `count`-th request of a turn."""

        async def reached() -> bool:
            requests = [] if self.model is None else self.model.requests
            return len([request for request in requests if not request.side]) >= count

        await until(reached, f"{count} model requests")

    async def events(self, name: str, kind: str) -> list[dict[str, Any]]:
        page = await self.broker.services.events.page(name, None, 500)
        told = [event.model_dump(mode="json") for event in reversed(page.events)]
        return [event["data"] for event in told if event["kind"] == kind]

    async def restart_broker(self) -> None:
        """A new broker on the same state, after a clean stop of the old one."""
        await self.broker.stop()
        self.broker = Broker(self.config)
        await self.broker.start()

    async def cancel(self, name: str) -> None:
        """Cancel the running turn as the operator does."""
        await self.tell(name, "cancel")

    async def tell(self, name: str, verb: str, **body: str) -> None:
        """Tell an agent's session something as the operator does, over the admin socket."""
        connector = aiohttp.UnixConnector(path=f"{self.config.runtime_dir}/admin.sock")
        async with (
            aiohttp.ClientSession(base_url="http://broker", connector=connector) as session,
            session.post(f"/api/agents/{name}/{verb}", json=body) as response,
        ):
            assert response.status == 200, await response.text()

    def quick_failures(self, name: str) -> dict[str, str]:
        """Claude Code's environment without its own patience."""
        return {**self.harness_config(name).claude.env, "CLAUDE_CODE_MAX_RETRIES": "0"}

    async def stop(self) -> None:
        for group in self.groups:
            for pid in processes_of(group):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        await self.tasks.cancel()
        await self.broker.stop()
        if self.model is not None:
            await self.model.stop()


MakeHive = Callable[..., Awaitable[SmallHive]]


@pytest.fixture
async def small_hive(hive_config: Callable[..., BrokerConfig], tmp_path: Path) -> AsyncIterator[MakeHive]:
    """`await small_hive(script, alice={...}, ...)` runs a broker for those agents and a model."""
    hives: list[SmallHive] = []

    async def make(script: str, **agents: dict[str, Any]) -> SmallHive:
        named = {name: {"model": MODEL, "models": [MODEL], **fields} for name, fields in agents.items()}
        hive = SmallHive(hive_config(agents=named), tmp_path)
        hives.append(hive)
        await hive.start(script)
        return hive

    yield make
    for hive in hives:
        await hive.stop()
    views = [view for hive in hives for view in hive.broker.services.agents.views()]
    # An agent that works meets no limit of the broker, unless the test has set one.
    usual = BrokerLimits(**BrokerLimitsConfig.default_values())
    met = {view.name: view.limited_today for view in views if view.policy.broker_limits == usual}
    assert {name: kinds for name, kinds in met.items() if kinds} == {}


@pytest.fixture
async def byte_model() -> AsyncIterator[ByteModel]:
    model = ByteModel()
    runner = await model.start()
    yield model
    await runner.cleanup()


MODEL = "claude-sonnet-4-5"
