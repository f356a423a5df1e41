"""`hyperhive harness`: builds one agent's harness from its configuration and runs it."""

import asyncio
import logging
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from claude_agent_sdk import ClaudeAgentOptions

from hyperhive.config import HarnessConfig
from hyperhive.diagnosis.isolation import INSIDE, INSIDE_SECONDS, Inside
from hyperhive.diagnosis.probe import observe
from hyperhive.domain.prompts import Persona, system_prompt
from hyperhive.harness.api_log import ApiLog
from hyperhive.harness.breaker import KeptBreaker
from hyperhive.harness.client import BrokerClient
from hyperhive.harness.extra_mcp import ExtraMcpServer
from hyperhive.harness.gate import Gate
from hyperhive.harness.inbox import TurnInbox
from hyperhive.harness.link import BrokerLink
from hyperhive.harness.notes import SYSTEM_PROMPT, NotesKeeper
from hyperhive.harness.options import PASSED_ENVIRONMENT, session_options
from hyperhive.harness.runner import Runner
from hyperhive.harness.session import Session
from hyperhive.harness.shell import ManualSession
from hyperhive.harness.status import StatusBoard
from hyperhive.harness.terminal import Terminals
from hyperhive.harness.tool_hook import ToolHook
from hyperhive.harness.tools import HiveTools
from hyperhive.protocol.agents import McpState, Me
from hyperhive.protocol.link import BrokerFrame, RunSelfTest, SelfTestDone, TerminalOrder
from hyperhive.protocol.mcp_names import OWN_SERVER
from hyperhive.system.credentials import read_credential
from hyperhive.system.tasks import Tasks

log = logging.getLogger(__name__)

#: States of an MCP server that the agent's log tells of.
_TROUBLED: Final = frozenset({McpState.FAILED, McpState.LISTING})


class Harness:
    """One agent's harness. `serve` runs until cancelled and leaves no process behind."""

    def __init__(
        self, config: HarnessConfig, credentials: dict[str, str], session: ManualSession | None = None
    ) -> None:
        """Connect nothing yet; `credentials` are environment variables for Claude Code."""
        self._config = config
        self._credentials = credentials
        agent = config.agent
        self._client = BrokerClient(config.socket)
        self._inbox = TurnInbox(self._client)
        self._tools = HiveTools(self._client, self._inbox, manager=agent.role == "manager")
        self._extra = [
            ExtraMcpServer(name, server, config.state_dir, self._on_server, self._on_new_tools)
            for name, server in agent.mcp_servers.items()
        ]
        self._failed_servers: set[str] = set()
        self._link = BrokerLink(self._client, lambda: self._inbox.leases, self._on_frame, agent.limits.broker)
        self._board = StatusBoard(agent.model, self._link.set_status)
        self._tool_hook = ToolHook(Gate(config), self._on_refusal, self._on_change)
        home = Path(config.claude.home)
        self.session = Session(self.options, home / "hyperhive-session.json", agent.silent_minutes)
        self.session.on_tools = self._on_tools
        self.session.on_turn_end = self._on_turn_end
        notes = NotesKeeper(
            Path(config.state_dir),
            agent.notes.compact_above_bytes,
            self.notes_session,
            self._breaker(home / "hyperhive-notes.json"),
        )
        self._runner = Runner(
            agent,
            self._client,
            self._inbox,
            self.session,
            board=self._board,
            notes=notes,
            breaker=self._breaker(home / "hyperhive-compaction.json"),
            emit=self._link.emit,
        )
        self._terminals = Terminals(config, self._client, self._link, session or ManualSession())
        self._tasks = Tasks()
        self._prompt = ""

    async def serve(self) -> None:
        tasks = self._tasks
        try:
            self._on_server()
            self._prompt = system_prompt(_persona(self._config, await self._client.me()))
            linked = tasks.start(self._link.run(), "link")
            running = tasks.start(self._runner.run(), "turns")
            done, _ = await asyncio.wait({linked, running}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._terminals.stop()
            await tasks.cancel()
            await asyncio.gather(*(server.stop() for server in self._extra))
            await self._client.close()

    def notes_session(self) -> Session:
        """A session without tools that rewrites the notes."""

        def options(_resume: str | None) -> ClaudeAgentOptions:
            changes: dict[str, Any] = {"system_prompt": SYSTEM_PROMPT, "tools": [], "allowed_tools": []}
            return replace(self.options(None), mcp_servers={}, **changes)

        session = Session(options, None, self._config.agent.silent_minutes)
        session.model = self.session.model
        return session

    def _breaker(self, file: Path) -> KeptBreaker:
        return KeptBreaker(file, lambda: self._board.status.model)

    def _on_frame(self, frame: BrokerFrame) -> None:
        if isinstance(frame, RunSelfTest):
            self._tasks.start(self._self_test(frame), "self-test")
        elif isinstance(frame, TerminalOrder):
            self._terminals.on_order(frame)
        else:
            self._runner.on_frame(frame)

    async def _self_test(self, asked: RunSelfTest) -> None:
        place = Inside(self._config, asked, self._client.me)
        seen = await observe(INSIDE, place, INSIDE_SECONDS)
        self._link.answer(SelfTestDone(id=asked.id, observations=seen))

    def _on_server(self) -> None:
        """Report the state of all, and log the ones that have failed just now."""
        servers = [extra.status() for extra in self._extra]
        self._link.set_servers(servers)
        failed = {server.name: server.reason for server in servers if server.state in _TROUBLED}
        for name in sorted(set(failed) - self._failed_servers):
            self._runner.note("error", f"MCP server {name}: {failed[name]}")
        self._failed_servers = set(failed)

    def _on_new_tools(self, name: str) -> None:
        """A server has other tools than the session."""
        self._tasks.start(self.session.tell_new_tools(name), f"new-tools-{name}")

    def _on_tools(self, tools: list[str]) -> None:
        """The session said which tools it has."""
        for server in self._extra:
            server.seen(tools)

    def _on_turn_end(self) -> None:
        """No turn waits for calls that are still open: it was cancelled, or broke."""
        for server in self._extra:
            server.end_calls("the turn ended")

    def _on_refusal(self, tool: str, given: dict[str, object], rule: str, reason: str) -> None:
        log.info("refused %s (%s): %s", tool, rule, reason)
        if self._runner.transcript is not None:
            self._runner.transcript.refused(tool, given, rule, reason)

    def _on_change(self, call: str, runs: str) -> None:
        if self._runner.transcript is not None:
            self._runner.transcript.changed(call, runs)

    def _on_limit(self, ends_at: float) -> None:
        if self._runner.transcript is not None:
            self._runner.transcript.limited(ends_at)

    def options(self, resume: str | None) -> ClaudeAgentOptions:
        """How a session is started that goes on with `resume`, or anew with None."""
        servers = {OWN_SERVER: self._tools.server()} | {extra.name: extra.server() for extra in self._extra}
        return session_options(
            self._config,
            prompt=self._prompt,
            model=self._config.agent.model,
            tool_hook=self._tool_hook,
            own_tools=self._tools.names,
            servers=servers,
            credentials=self._credentials,
            resume=resume,
            on_stderr=ApiLog(self._on_limit).write,
        )


def run(config: HarnessConfig, config_file: Path) -> int:
    """Run the harness until SIGTERM or SIGINT; returns the exit code.

    `config_file` is for the programs that are started by hand in a terminal.

    Raises:
        ConfigError: A credential is missing.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    credentials = {variable: read_credential(name) for variable, name in config.agent.credentials.items()}
    secrets = os.environ.get("CREDENTIALS_DIRECTORY")
    session = ManualSession(config_file.absolute(), Path(secrets) if secrets else None)
    prune_environment()
    for directory in (config.state_dir, config.claude.home):
        Path(directory).mkdir(mode=0o700, parents=True, exist_ok=True)
    return asyncio.run(_serve(Harness(config, credentials, session)))


async def _serve(harness: Harness) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = Tasks()
    serving = tasks.start(harness.serve(), "harness")
    stopping = tasks.start(stop.wait(), "stop")
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failed = serving.done() and not serving.cancelled() and serving.exception() is not None
    await tasks.cancel()
    return 1 if failed else 0


def prune_environment() -> None:
    """Unset what Claude Code must not inherit: the SDK hands it everything we have.

    `PATH` ends with our own Python's directory: a container without a Python of its own still has one for
    MCP servers, with the `mcp` package.
    """
    for name in [name for name in os.environ if name not in PASSED_ENVIRONMENT]:
        del os.environ[name]
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{Path(sys.executable).parent}"


def _persona(config: HarnessConfig, me: Me) -> Persona:
    agent = config.agent
    return Persona(
        name=agent.name,
        manager=agent.role == "manager",
        recipients=me.recipients,
        restricted=me.restricted,
        bash=agent.bash if "Bash" in agent.tools else [],
        pronouns=config.operator.pronouns,
        state_dir=config.state_dir,
        extra=agent.system_prompt,
    )
