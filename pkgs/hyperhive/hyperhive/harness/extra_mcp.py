"""Extra MCP servers: started by the harness over stdio, shown to the session with only the allowed tools.

The session sees a small in-process server under the configured name. So a tool that is not allowed is not
even listed, and the server's process gets the environment from its configuration instead of Claude Code's
credentials.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Final

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import ClientSession, McpError, types
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.server import Server
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from hyperhive.config import McpServerConfig
from hyperhive.protocol.agents import McpServer, McpState
from hyperhive.system.stderr_tail import StderrTail
from hyperhive.system.tasks import Tasks
from hyperhive.text import replaced_note, shown, sound, sound_json

log = logging.getLogger(__name__)

#: Seconds a server may take from its start to its list of tools.
START_LIMIT: Final = 30.0
#: Seconds a server may take to end.
STOP_LIMIT: Final = 5.0


class ExtraMcpServer:
    """One configured server and its process. A server that dies is started again at its next call."""

    def __init__(
        self, name: str, config: McpServerConfig, cwd: str, on_change: Callable[[], object] = lambda: None
    ) -> None:
        """Start nothing yet; `on_change` is called after every change of `status`."""
        self.name: Final = name
        self._config = config
        self._cwd = cwd
        self._session: ClientSession | None = None
        self._tasks = Tasks()
        self._stop = asyncio.Event()
        self._lock = asyncio.Lock()
        self._on_change = on_change
        self._state = McpState.NOT_STARTED
        self._offered: list[str] = []
        self.error: str | None = None

    def allows(self, tool: str) -> bool:
        return "*" in self._config.allowed_tools or tool in self._config.allowed_tools

    def status(self) -> McpServer:
        return McpServer(
            name=self.name,
            state=self._state,
            reason=self.error or "",
            tools=self._offered,
            offered=len(self._offered),
        )

    async def tools(self) -> list[types.Tool]:
        """The allowed tools; none when the server cannot be started, and `error` says why."""
        try:
            session = await self._connected()
            listed = await session.list_tools()
        except (McpError, OSError, TimeoutError) as error:
            self._failed(error)
            return []
        allowed = [tool for tool in listed.tools if self.allows(tool.name)]
        self._offered = [tool.name for tool in allowed]
        self._on_change()
        return allowed

    async def call(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        """Call an allowed tool; a refusal or a dead server is an error result."""
        if not self.allows(tool):
            return _error(f"{tool} is not among the allowed tools of {self.name}")
        arguments, replaced = sound(arguments)
        try:
            session = await self._connected()
            result = await session.call_tool(tool, arguments)
        except McpError as error:
            # While the server runs, this is its answer; its end has a reason of its own.
            return _error(f"MCP server {self.name}: {error if self._session else self.error}")
        except (OSError, TimeoutError) as error:
            self._failed(error)
            return _error(f"MCP server {self.name}: {self.error}")
        if replaced:
            note = f"(in the arguments, {replaced_note(replaced)})"
            result.content.append(types.TextContent(type="text", text=note))
        return result

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
        self._stop.set()
        await self._tasks.finish(STOP_LIMIT)

    async def _connected(self) -> ClientSession:
        async with self._lock:
            if self._session is None:
                started: asyncio.Future[ClientSession] = asyncio.get_running_loop().create_future()
                self._stop = asyncio.Event()
                self._become(McpState.STARTING)
                serving = self._tasks.start(self._serve(started, self._stop), f"mcp-{self.name}")
                try:
                    async with asyncio.timeout(START_LIMIT):
                        session = await started
                except TimeoutError as error:
                    serving.cancel()
                    raise TimeoutError(f"did not start within {START_LIMIT:.0f} s") from error
                if self._stop.is_set():
                    raise OSError(self.error)
                self._session = session
                self._become(McpState.RUNNING)
            return self._session

    async def _serve(self, started: asyncio.Future[ClientSession], stop: asyncio.Event) -> None:
        """Own the process: MCP's context managers must be left by the task that entered them."""
        parameters = StdioServerParameters(
            command=self._config.command,
            args=self._config.args,
            env=self._config.env,
            cwd=self._cwd,
            encoding_error_handler="replace",
        )
        # A reader that is cancelled before it has begun leaves its streams open.
        with StderrTail() as tail, ExitStack() as streams:
            try:
                async with AsyncExitStack() as stack:
                    output, given = await stack.enter_async_context(
                        stdio_client(parameters, errlog=tail.file)
                    )
                    streams.callback(output.close)
                    relay, relayed = anyio.create_memory_object_stream[SessionMessage | Exception](0)
                    streams.callback(relay.close)
                    streams.callback(relayed.close)
                    self._tasks.start(self._watch(output, relay, started, tail), f"mcp-{self.name}-output")
                    session = await stack.enter_async_context(ClientSession(relayed, given))
                    await session.initialize()
                    if not started.done():
                        started.set_result(session)
                    await stop.wait()
            except (McpError, OSError, ExceptionGroup) as error:
                if not started.done():
                    started.set_exception(OSError(_because(f"cannot be started: {error}", tail)))

    async def _watch(
        self,
        output: MemoryObjectReceiveStream[SessionMessage | Exception],
        relay: MemoryObjectSendStream[SessionMessage | Exception],
        started: asyncio.Future[ClientSession],
        tail: StderrTail,
    ) -> None:
        """Relay what the server writes; nothing but the end of that reports that its process ended."""
        async with relay:
            async for message in output:
                await relay.send(self._mended(message))
            if started.done() and not self._stop.is_set():
                self._failed(OSError(_because("its process ended", tail)))

    def _mended(self, message: SessionMessage | Exception) -> SessionMessage | Exception:
        """A line that was not understood, read again with sound texts: a lost answer leaves its call open."""
        if not isinstance(message, ValidationError):
            return message
        line = str(message.errors(include_url=False)[0]["input"])
        text, replaced = sound_json(line)
        try:
            read = SessionMessage(types.JSONRPCMessage.model_validate_json(text))
        except ValidationError:
            log.warning("MCP server %s wrote what is no message: %s", self.name, shown(line))
            return message
        log.warning("MCP server %s: in what it sent, %s", self.name, replaced_note(replaced))
        return read

    def _failed(self, error: Exception) -> None:
        """Say why, and let the next call start it again."""
        if self._state is McpState.FAILED:
            return
        self._session = None
        self._stop.set()
        self._become(McpState.FAILED, str(error) or type(error).__name__)
        log.warning("MCP server %s: %s", self.name, self.error)

    def _become(self, state: McpState, error: str | None = None) -> None:
        self._state = state
        self.error = error
        self._on_change()


def _because(reason: str, tail: StderrTail) -> str:
    last = tail.line()
    return f"{reason}: {last}" if last else reason


def _error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=True)
