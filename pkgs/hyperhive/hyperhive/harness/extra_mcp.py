"""Extra MCP servers: started by the harness over stdio, shown to the session with only the allowed tools.

The session sees a small in-process server under the configured name. So a tool that is not allowed is not
even listed, one bad definition does not cost the others, and the server's process gets the environment from
its configuration instead of Claude Code's credentials.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Collection
from typing import Any, Final

from mcp import types
from mcp.client.stdio import get_default_environment
from mcp.server import InitializationOptions, NotificationOptions, Server
from pydantic import ValidationError

from hyperhive import __version__
from hyperhive.config import McpServerConfig
from hyperhive.harness.mcp_connection import PROTOCOL, AnsweredError, McpConnection, ServerFailedError
from hyperhive.harness.mcp_tools import DEPTH_LIMIT, ToolList, is_too_deep
from hyperhive.protocol.agents import McpServer, McpState
from hyperhive.protocol.mcp_names import allows, session_tool
from hyperhive.system.stderr_tail import StderrTail
from hyperhive.system.stdio_process import StdioProcess, obstacle
from hyperhive.system.tasks import Tasks
from hyperhive.text import replaced_note, sound

log = logging.getLogger(__name__)

#: Seconds a server may take from its start to the end of the handshake.
START_LIMIT: Final = 30.0
#: Seconds that a session waits for a list of tools. It goes on without, and gets them when they come.
LIST_PATIENCE: Final = 5.0
#: Seconds after which a list of tools does not come any more.
LIST_LIMIT: Final = 600.0
#: Seconds between two lists that a server asked us to read.
LIST_PAUSE: Final = 2.0
#: Seconds a server may take to end by itself when its input is closed.
STOP_PATIENCE: Final = 2.0
#: Seconds until all of it must be gone.
STOP_LIMIT: Final = 15.0

_NO_LIST: Final = (
    "it runs, but has not answered tools/list; turns go on without its tools, which come when it answers"
)


class _ChangingServer(Server[object, object]):
    """It tells that its tools may change, whoever asks for its options."""

    def create_initialization_options(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
    ) -> InitializationOptions:
        changing = notification_options or NotificationOptions(tools_changed=True)
        return super().create_initialization_options(changing, experimental_capabilities)


class ExtraMcpServer:
    """One configured server and its process. A server that dies is started again at its next call."""

    def __init__(
        self,
        name: str,
        config: McpServerConfig,
        cwd: str,
        on_change: Callable[[], object] = lambda: None,
        on_new_tools: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Start nothing yet; `on_change` is called after every change of `status`.

        `on_new_tools` is called with the name when the server has other tools than the session was told.
        """
        self.name: Final = name
        self._config = config
        self._cwd = cwd
        #: Of the process that runs or is being started.
        self._current: McpConnection | None = None
        #: The same once the handshake is done.
        self._connection: McpConnection | None = None
        self._tasks = Tasks()
        self._starting: asyncio.Task[None] | None = None
        self._serving: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._on_change = on_change
        self._on_new_tools = on_new_tools
        self._state = McpState.NOT_STARTED
        self._listing: asyncio.Task[None] | None = None
        self._relisting: asyncio.Task[None] | None = None
        self._list_changed = False
        #: Ends of turns so far; a call of an earlier one is not begun any more.
        self._turn = 0
        self._list: ToolList | None = None
        #: What the session was told last; None before it asked.
        self._given: list[types.Tool] | None = None
        #: Of those, what it does not have.
        self._lacking: list[str] = []
        self.error: str | None = None

    def allows(self, tool: str) -> bool:
        return allows(self._config.allowed_tools, tool)

    def status(self) -> McpServer:
        lacking = set(self._lacking)
        shown = [tool.name for tool in (self._list.tools if self._list else []) if tool.name not in lacking]
        return McpServer(
            name=self.name,
            state=self._state,
            reason=self.error or "",
            tools=shown,
            offered=len(shown),
            remarks=self._remarks(),
        )

    async def tools(self, patience: float = START_LIMIT) -> list[types.Tool]:
        """The allowed tools that can be used, as far as they are known after `patience` seconds.

        When the server cannot be started there are none, and `error` says why.
        """
        if self._list is None or self._connection is None:
            await asyncio.wait({self._read_list()}, timeout=patience)
        if self._list is None and self._state is McpState.RUNNING:
            self._become(McpState.LISTING, _NO_LIST)
        self._given = [] if self._list is None or self._state is McpState.FAILED else self._list.tools
        self._lacking = []
        return self._given

    async def call(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        """Call an allowed tool; a refusal, a dead server or one that is too slow is an error result."""
        if not self.allows(tool):
            return _error(f"{tool} is not among the allowed tools of {self.name}")
        arguments, replaced = sound(arguments)
        turn = self._turn
        try:
            connection = await self._connected()
            if turn != self._turn:
                return _error(f"MCP server {self.name}: the turn ended before it had started")
            given = {"name": tool, "arguments": arguments}
            answer = await connection.request("tools/call", given, self._config.call_timeout_seconds)
            if is_too_deep(answer):
                return _error(f"MCP server {self.name}: its answer has more than {DEPTH_LIMIT} levels")
            result = types.CallToolResult.model_validate(answer)
        except ValidationError:
            return _error(f"MCP server {self.name}: its answer is not the result of a tool")
        except (AnsweredError, ServerFailedError) as error:
            return _error(f"MCP server {self.name}: {error}")
        if replaced:
            note = f"(in the arguments, {replaced_note(replaced)})"
            result.content.append(types.TextContent(type="text", text=note))
        return result

    def server(self) -> Server[object, object]:
        """The in-process server that stands for this one in the session."""
        server = _ChangingServer(self.name)

        async def list_tools(_: types.ListToolsRequest) -> types.ServerResult:
            # Older SDKs write a missing description as null, for which Claude Code takes none of the tools.
            tools = [
                tool.model_copy(update={"description": tool.description or ""})
                for tool in await self.tools(LIST_PATIENCE)
            ]
            return types.ServerResult(types.ListToolsResult(tools=tools))

        async def call_tool(asked: types.CallToolRequest) -> types.ServerResult:
            return types.ServerResult(await self.call(asked.params.name, asked.params.arguments or {}))

        # mcp's own decorators list the tools again before a call.
        server.request_handlers[types.ListToolsRequest] = list_tools
        server.request_handlers[types.CallToolRequest] = call_tool
        return server

    def seen(self, tools: Collection[str]) -> None:
        """The session said which tools it has, by their names in it."""
        if self._given is None:
            return
        lacking = [tool.name for tool in self._given if session_tool(self.name, tool.name) not in tools]
        if lacking != self._lacking:
            self._lacking = lacking
            self._on_change()

    def end_calls(self, reason: str) -> None:
        """Fail the calls that are open, and tell the server that nobody waits for them."""
        self._turn += 1
        if self._connection is not None:
            self._connection.cancel("tools/call", reason)

    async def stop(self) -> None:
        """End the process with all that descended from it; open calls fail."""
        self._stopping.set()
        if self._current is not None:
            self._current.end("it was stopped")
        await self._tasks.finish(STOP_LIMIT)

    async def _connected(self) -> McpConnection:
        if self._connection is None:
            if self._starting is None:
                self._starting = self._tasks.start(self._start(), f"mcp-{self.name}-start")
            # Who waits may be cancelled; the process is there all the same, and is to be used.
            await asyncio.shield(self._starting)
        if self._connection is None:
            raise ServerFailedError(self.error or "it was stopped")
        return self._connection

    async def _start(self) -> None:
        """Returns when the server can be talked to, or has failed."""
        if self._serving is not None:
            # What is left of the one before may hold what this one needs.
            await asyncio.wait({self._serving})
        self._become(McpState.STARTING)
        settled = asyncio.Event()
        self._serving = self._tasks.start(self._serve(settled), f"mcp-{self.name}")
        await settled.wait()
        self._starting = None

    async def _serve(self, settled: asyncio.Event) -> None:
        """Own one process from its start to its end."""
        with StderrTail() as tail:
            try:
                process = await self._spawn(tail)
            except OSError as error:
                self._failed(f"cannot be started: {error}")
                settled.set()
                return
            connection = self._current = McpConnection(process, self.name, self._notified)
            reading = self._tasks.start(_read(connection, tail), f"mcp-{self.name}-output")
            try:
                if await self._shake_hands(connection, tail):
                    self._connection = connection
                    self._become(McpState.RUNNING)
                    settled.set()
                    self._read_list()
                await connection.over.wait()
            finally:
                self._connection = self._current = None
                connection.end("it was stopped")
                self._failed(connection.reason)
                settled.set()
                await process.stop(STOP_PATIENCE if self._stopping.is_set() else 0)
                await asyncio.wait({reading})

    async def _spawn(self, tail: StderrTail) -> StdioProcess:
        command = self._config.command
        environment = {**get_default_environment(), **self._config.env}
        path = environment.get("PATH", os.defpath)
        reason = await asyncio.to_thread(obstacle, command, self._cwd, path)
        if reason is not None:
            raise OSError(reason)
        return await StdioProcess.start(
            [command, *self._config.args], directory=self._cwd, environment=environment, errors=tail.file
        )

    async def _shake_hands(self, connection: McpConnection, tail: StderrTail) -> bool:
        """Whether the server can be asked; if not, the connection is over."""
        if self._stopping.is_set():
            connection.end("it was stopped")
        client = {"name": "hyperhive", "version": __version__}
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client}
        try:
            await connection.request("initialize", hello, START_LIMIT)
            connection.notify("notifications/initialized")
        except AnsweredError as error:
            connection.end(f"cannot be started: {error}")
        except ServerFailedError as error:
            if not isinstance(error.__cause__, TimeoutError):
                # It has ended; why, whoever reads its output says.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(connection.over.wait(), STOP_LIMIT)
            connection.end(_because(f"did not start within {START_LIMIT:.0f} s", tail))
        return not connection.over.is_set()

    def _read_list(self) -> asyncio.Task[None]:
        """The one task that asks the server for its tools, and starts it for that."""
        if self._listing is None or self._listing.done():
            self._listing = self._tasks.start(self._list_tools(), f"mcp-{self.name}-list")
        return self._listing

    async def _list_tools(self) -> None:
        found = ToolList(self.name, self._config.allowed_tools)
        try:
            connection = await self._connected()
            self._list_changed = False
            await _read_pages(connection, found)
        except ServerFailedError:
            # `_failed` said it.
            return
        if self._connection is not connection:
            return
        self._list = found
        for remark in found.remarks:
            log.warning("MCP server %s: %s", self.name, remark)
        self._become(McpState.RUNNING)
        if self._given is not None and self._given != found.tools:
            self._on_new_tools(self.name)

    def _notified(self, method: str) -> None:
        if method != "notifications/tools/list_changed":
            return
        self._list_changed = True
        if self._relisting is None or self._relisting.done():
            self._relisting = self._tasks.start(self._list_again(), f"mcp-{self.name}-list-again")

    async def _list_again(self) -> None:
        """Read the list anew as often as the server says that it changed, but no more often than useful."""
        while self._list_changed and self._connection is not None:
            if self._listing is not None:
                await asyncio.wait({self._listing})
            await asyncio.wait({self._read_list()})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LIST_PAUSE)

    def _failed(self, reason: str) -> None:
        """Say why it does not run; an ordinary stop is none of that."""
        if not self._stopping.is_set():
            self._become(McpState.FAILED, reason)
            log.warning("MCP server %s: %s", self.name, reason)

    def _become(self, state: McpState, error: str | None = None) -> None:
        self._state = state
        self.error = error
        self._on_change()

    def _remarks(self) -> list[str]:
        """What the operator should know of it besides its state, with what to do."""
        remarks = list(self._list.remarks) if self._list else []
        if self._lacking:
            names = ", ".join(self._lacking)
            remarks.insert(
                0, f"Claude Code does not take {names}: it refuses the definition. Mend it in the server."
            )
        return remarks


async def _read(connection: McpConnection, tail: StderrTail) -> None:
    """Read what the server writes; its end is that of the connection, and says the reason."""
    code = await connection.read()
    if code is None:
        connection.end(_because("it closed its standard output", tail))
    elif code == 0 or tail.line():
        connection.end(_because("its process ended", tail))
    else:
        how = f"exit status {code}" if code <= 128 else f"signal {code - 128}"
        connection.end(f"its process ended with {how}")


async def _read_pages(connection: McpConnection, found: ToolList) -> None:
    """Ask for the pages of the list; a `ServerFailedError` when there is not even a first one."""
    try:
        async with asyncio.timeout(LIST_LIMIT):
            while not found.pages or found.cursor is not None:
                asked = {} if found.cursor is None else {"cursor": found.cursor}
                page = await connection.request("tools/list", asked, LIST_LIMIT)
                # To check the definitions of a hundred tools takes seconds.
                await asyncio.to_thread(found.add, page)
    except (TimeoutError, AnsweredError, ServerFailedError) as error:
        reason = str(error) or f"not all of it came within {LIST_LIMIT:.0f} s"
        if not found.pages:
            connection.end(f"tools/list: {reason}")
            raise ServerFailedError(connection.reason) from error
        found.end(reason)


def _because(reason: str, tail: StderrTail) -> str:
    last = tail.line()
    return f"{reason}: {last}" if last else reason


def _error(text: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], isError=True)
