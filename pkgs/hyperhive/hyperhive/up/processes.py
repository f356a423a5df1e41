"""The hive's processes: one broker and one harness per agent, kept running and ended together."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from hyperhive.config import ConfigModel
from hyperhive.config.hive_file import Hive, Paths
from hyperhive.errors import UnavailableError
from hyperhive.protocol.lifecycle import Verb
from hyperhive.system.admin import AdminClient, BrokerUnreachableError
from hyperhive.system.processes import Child, ChildEvent, ChildState, Patience, Program
from hyperhive.system.supervisor import supervisor_socket
from hyperhive.up.credentials import CredentialFiles, Secrets, used_by_broker, without_missing
from hyperhive.up.paths import locked, make_private, make_runtime_dir, remove_runtime_dir, write_private
from hyperhive.up.supervisor import AgentProcesses, Supervisor

BROKER: Final = "broker"

Role = Literal["broker", "harness"]
Command = Callable[[Role, Path], Sequence[str]]

#: Environment variables that programs need to run; none of the operator's own secrets is among them.
_PASSED: Final = frozenset({
    "HOME", "LANG", "LOGNAME", "NIX_SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "PATH", "PYTHONDONTWRITEBYTECODE",
    "PYTHONUTF8", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TERM", "TMPDIR", "TZ", "USER", "XDG_RUNTIME_DIR",
    "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy",
})  # fmt: skip
_PASSED_PREFIXES: Final = ("HYPERHIVE_", "LC_")
_READY_SECONDS: Final = 30.0
_READY_INTERVAL: Final = 0.05


def own_command(role: Role, config: Path) -> list[str]:
    """Runs this very hyperhive; `-P` keeps an agent's working directory off the module path."""
    return [sys.executable, "-P", "-m", "hyperhive", role, "--config", str(config)]


def child_environment(environment: Mapping[str, str], credentials: Path) -> dict[str, str]:
    passed = {
        name: value
        for name, value in environment.items()
        if name in _PASSED or name.startswith(_PASSED_PREFIXES)
    }
    return passed | {
        "CREDENTIALS_DIRECTORY": str(credentials),
        # `python3` of an MCP server is to be the one that has the `mcp` package.
        "PATH": f"{Path(sys.executable).parent}:{passed.get('PATH', os.defpath)}",
        # Output goes through a pipe and is to appear line by line.
        "PYTHONUNBUFFERED": "1",
    }


class HiveProcesses:
    """A hive that runs between `start` and `stop`; also an async context manager.

    It needs the state directory for itself.

    Args:
        on_line: Given the name of a child and one line of its output.
        on_event: Told of every start, end and restart of a child.
        command: What to run for a role and its rendered configuration file.

    Attributes:
        login_url: Logs a browser in; valid after `start`.
    """

    login_url: str

    def __init__(
        self,
        hive: Hive,
        secrets: Secrets,
        *,
        on_line: Callable[[str, str], None],
        on_event: Callable[[ChildEvent], None] = lambda _: None,
        environment: Mapping[str, str] = os.environ,
        patience: Patience | None = None,
        command: Command = own_command,
    ) -> None:
        self._hive = hive
        self._secrets = secrets
        self._on_line = on_line
        self._on_event = on_event
        self._environment = environment
        self._patience = patience or Patience()
        self._command = command
        broker = hive.broker
        self._paths = Paths(Path(broker.state_dir), Path(broker.runtime_dir), Path(broker.dashboard_dir))
        self._credentials = CredentialFiles(self._paths.runtime_dir / "credentials", secrets.values)
        self._broker: Child | None = None
        self._agents = AgentProcesses(hive.harnesses, self._harness_child)
        self._supervisor = Supervisor(self._agents, supervisor_socket(self._paths.runtime_dir))
        self._resources = contextlib.ExitStack()
        self._last_line = "it said nothing"
        self._broker_ended = asyncio.Event()

    @property
    def paths(self) -> Paths:
        return self._paths

    @property
    def admin_socket(self) -> Path:
        return self._paths.runtime_dir / "admin.sock"

    @property
    def pids(self) -> dict[str, int | None]:
        """Pid of the broker (as `broker`) and of every agent's harness; null while it is down."""
        return ({BROKER: self._broker.pid} if self._broker else {}) | self._agents.pids

    async def start(self) -> None:
        """Listen for the broker, start it, wait until it answers, start the harnesses.

        Raises:
            ConflictError: Another hive runs in the same state directory.
            UnavailableError: A directory or process cannot be made, or the broker does not come up.
        """
        try:
            self._make_directories()
            await self._supervisor.start()
            self._broker = self._broker_child()
            await self._broker.start()
            await self._wait_for_broker()
            for name in self._hive.harnesses:
                await self._agents.act(Verb.START, name)
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End every process (harnesses first), remove the credentials, free the state directory."""
        try:
            await asyncio.gather(self._supervisor.stop(), self._agents.close())
            if self._broker is not None:
                await self._broker.stop()
        finally:
            self._broker = None
            self._resources.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _make_directories(self) -> None:
        self._resources.enter_context(locked(self._paths.state_dir))
        make_runtime_dir(self._paths)
        self._resources.callback(remove_runtime_dir, self._paths)
        self._credentials.remove()
        self._resources.callback(self._credentials.remove)
        make_private(self._paths.state_dir / "config")
        for name in self._hive.harnesses:
            for part in ("state", "home"):
                make_private(self._paths.agent_dir(name) / part)

    def _render(self, name: str, config: ConfigModel) -> Path:
        path = self._paths.state_dir / "config" / f"{name}.json"
        write_private(path, config.model_dump_json(indent=2) + "\n")
        return path

    def _broker_child(self) -> Child:
        broker = self._hive.broker
        path = self._render("broker", broker)
        return self._child(BROKER, "broker", path, self._paths.state_dir, used_by_broker(broker))

    def _harness_child(self, name: str) -> Child:
        harness = self._hive.harnesses[name]
        agent = without_missing(harness.agent, self._secrets)
        path = self._render(f"harness-{name}", harness.model_copy(update={"agent": agent}))
        return self._child(name, "harness", path, Path(harness.state_dir), list(agent.credentials.values()))

    def _child(self, name: str, role: Role, config: Path, directory: Path, credentials: list[str]) -> Child:
        granted = self._credentials.directory(name)
        program = Program(
            name=name,
            command=self._command(role, config),
            directory=directory,
            environment=child_environment(self._environment, granted),
            prepare=partial(self._credentials.grant, name, credentials),
            secrets=granted,
        )
        return Child(program, self._patience, on_event=self._note_event, on_line=self._note_line)

    def _note_event(self, event: ChildEvent) -> None:
        if event.name == BROKER and event.state is ChildState.EXITED:
            self._broker_ended.set()
        self._agents.note(event)
        self._on_event(event)

    def _note_line(self, name: str, line: str) -> None:
        if name == BROKER and line.strip():
            self._last_line = line.strip()
        self._on_line(name, line)

    async def _wait_for_broker(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        client = AdminClient(self.admin_socket)
        while True:
            # Before it answered once, a broker that ends will not do better when it is started again.
            if self._broker_ended.is_set() or time.monotonic() > deadline:
                raise UnavailableError(f"the broker does not come up: {self._last_line}")
            try:
                self.login_url = (await asyncio.to_thread(client.get, "/admin/token"))["url"]
            except BrokerUnreachableError:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._broker_ended.wait(), _READY_INTERVAL)
            else:
                return
