"""`hyperhive mcp`: hyperhive's tools over stdio, for a `claude` that somebody started by hand."""

import asyncio
import uuid

from mcp.server.stdio import stdio_server

from hyperhive.config import HarnessConfig
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.tools import HiveTools
from hyperhive.protocol.messages import LeaseResult


class AutoAckMailbox:
    """Mail for a session that has no turns: it is done once it was handed out."""

    def __init__(self, client: BrokerClient) -> None:
        self._client = client

    async def take(self, most: int, wait_seconds: float = 0) -> LeaseResult:
        lease = f"m-{uuid.uuid4().hex[:12]}"
        result = await self._client.lease(lease, most, wait_seconds)
        if result.messages:
            await self._client.ack(lease, [message.id for message in result.messages])
        return result


def run(config: HarnessConfig) -> int:
    """Serve MCP on stdin and stdout until stdin ends; returns the exit code."""
    asyncio.run(_serve(config))
    return 0


async def _serve(config: HarnessConfig) -> None:
    async with BrokerClient(config.socket) as client:
        tools = HiveTools(client, AutoAckMailbox(client), manager=config.agent.role == "manager")
        server = tools.server()
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
