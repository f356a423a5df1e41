"""A harness without Claude Code: its real link and its real terminals, for one agent of a running broker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hyperhive.config import BrokerConfig, HarnessConfig
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.link import BrokerLink
from hyperhive.harness.shell import ManualSession
from hyperhive.harness.terminal import Terminals
from hyperhive.protocol.link import BrokerFrame, TerminalOrder
from hyperhive.system.tasks import Tasks


def harness_config(config: BrokerConfig, agent: str, directory: Path) -> HarnessConfig:
    """Of an agent whose places are below `directory`."""
    return HarnessConfig.model_validate(
        {
            "agent": config.agents[agent],
            "socket": f"{config.runtime_dir}/agents/{agent}/broker.sock",
            "state_dir": str(directory / "state"),
            "operator": {"pronouns": "they/them", "password_credential": None},
            "claude": {"cli": None, "home": str(directory / "home"), "env": {}},
        }
    )


class TerminalHost:
    """Attributes: `terminals`, which the link hands what the broker asks for."""

    def __init__(self, config: HarnessConfig) -> None:
        self._client = BrokerClient(config.socket, patience=5)
        self._tasks = Tasks()
        self._link = BrokerLink(self._client, list, self._on_frame, config.agent.limits.broker)
        self.terminals = Terminals(config, self._client, self._link, ManualSession())

    def start(self) -> None:
        self._tasks.start(self._link.run(), "link")

    async def cut(self) -> None:
        """Break every connection to the broker; the shells live on, and `start` connects again."""
        await self._tasks.cancel()
        await self._client.close()
        self._client._session = None

    async def stop(self) -> None:
        await self.terminals.stop()
        await self._tasks.cancel()
        await self._client.close()

    def _on_frame(self, frame: BrokerFrame) -> None:
        if isinstance(frame, TerminalOrder):
            self.terminals.on_order(frame)


@asynccontextmanager
async def terminal_host(config: BrokerConfig, agent: str, directory: Path) -> AsyncIterator[TerminalHost]:
    """Run one; it ends with the block."""
    harness = harness_config(config, agent, directory)
    for place in (harness.state_dir, harness.claude.home):
        Path(place).mkdir(parents=True, exist_ok=True)
    host = TerminalHost(harness)
    host.start()
    try:
        yield host
    finally:
        await host.stop()
