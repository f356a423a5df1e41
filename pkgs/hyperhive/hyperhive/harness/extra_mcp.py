"""Extra MCP servers: started by the harness over stdio, shown to the session with only the allowed tools.

The session sees a small in-process server under the configured name. So a tool that is not allowed is not
even listed, and the server's process gets the environment from its configuration instead of Claude Code's
credentials.
"""

import asyncio
import logging
import sys
from contextlib import AsyncExitStack
from typing import Any, Final

from mcp import ClientSession, McpError, types
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.server import Server

from hyperhive.config import McpServerConfig
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: Seconds a server may take from its start to its list of tools.
START_LIMIT: Final = 30.0
#: Seconds a server may take to end.
STOP_LIMIT: Final = 5.0


class ExtraMcpServer:
    """One configured server and its process. A server that dies is started again at its next call."""

    def __init__(self, name: str, config: McpServerConfig, cwd: str) -> None:
        """Describe the server; nothing is started yet."""
        self.name: Final = name
        self._config = config
        self._cwd = cwd
        self._session: ClientSession | None = None
        self._tasks = Tasks()
        self._stop = asyncio.Event()
        self._lock = asyncio.Lock()
        self.error: str | None = None

    def allows(self, tool: str) -> bool:
        """Whether the configuration exposes this tool of the server."""
        return "*" in self._config.allowed_tools or tool in self._config.allowed_tools

    async def tools(self) -> list[types.Tool]:
        """The allowed tools; empty when the server cannot be started, with the reason in `error`."""
        try:
            session = await self._connected()
            listed = await session.list_tools()
        except (McpError, OSError, TimeoutError) as error:
            self._failed(error)
            return []
        return [tool for tool in listed.tools if self.allows(tool.name)]

    async def call(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        """Call an allowed tool; a refusal or a dead server is an error result."""
        if not self.allows(tool):
            return _error(f"{tool} is not among the allowed tools of {self.name}")
        try:
            session = await self._connected()
            return await session.call_tool(tool, arguments)
        except (McpError, OSError, TimeoutError) as error:
            self._failed(error)
            return _error(f"MCP server {self.name}: {self.error}")

    def server(self) -> Server[object, object]:
        """The in-process server that stands for this one in the session."""
        server: Server[object, object] = Server(self.name)

        async def list_tools() -> list[types.Tool]:
            return await self.tools()

        async def call_tool(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
            return await self.call(name, arguments)

        # mcp leaves these decorators untyped.
        server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
        server.call_tool(validate_input=False)(call_tool)
        return server

    async def stop(self) -> None:
        """End the server's process and wait for it."""
        self._stop.set()
        await self._tasks.finish(STOP_LIMIT)

    async def _connected(self) -> ClientSession:
        async with self._lock:
            if self._session is None:
                started: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
                self._stop = asyncio.Event()
                self._tasks.start(self._serve(started), f"mcp-{self.name}")
                async with asyncio.timeout(START_LIMIT):
                    self._session = await started
                self.error = None
            return self._session

    async def _serve(self, started: asyncio.Future[ClientSession]) -> None:
        """Own the process: MCP's context managers must be left by the task that entered them."""
        parameters = StdioServerParameters(
            command=self._config.command, args=self._config.args, env=self._config.env, cwd=self._cwd
        )
        try:
            async with AsyncExitStack() as stack:
                streams = await stack.enter_async_context(stdio_client(parameters, errlog=sys.stderr))
                session = await stack.enter_async_context(ClientSession(*streams))
                await session.initialize()
                if not started.done():
                    started.set_result(session)
                await self._stop.wait()
        except (McpError, OSError, ExceptionGroup) as error:
            if not started.done():
                started.set_exception(OSError(f"cannot be started: {error}"))
        finally:
            self._session = None

    def _failed(self, error: Exception) -> None:
        self.error = str(error) or type(error).__name__
        self._stop.set()
        log.warning("MCP server %s: %s", self.name, self.error)


def _error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=True)
