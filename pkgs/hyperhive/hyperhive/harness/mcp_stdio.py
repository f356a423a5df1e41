"""`hyperhive mcp`: hyperhive's tools over stdio, for a `claude` that somebody started by hand."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator
from typing import cast

import anyio
from mcp.server.stdio import stdio_server

from hyperhive.config import HarnessConfig
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.tools import HiveTools
from hyperhive.protocol.messages import LeaseResult
from hyperhive.text import sound_json


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
        # What has an `__aiter__` of lines is all that it needs of a file.
        lines = cast("anyio.AsyncFile[str]", _lines())
        async with stdio_server(stdin=lines) as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())


async def _lines() -> AsyncIterator[str]:
    """Standard input: a call whose text is not sound would have no answer at all."""
    async for line in anyio.wrap_file(sys.stdin.buffer):
        yield sound_json(line).text
