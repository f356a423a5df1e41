"""The hive under measurement: the real broker and harnesses as processes, the scripted model in this one."""

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.peers import HttpPeer
from bench.waiting import until
from hyperhive.config import ClaudeConfig, HarnessConfig
from hyperhive.config.hive_file import Hive, parse_hive
from hyperhive.demo.claude_env import claude_environment
from hyperhive.demo.model_script import ModelScript
from hyperhive.demo.model_server import ModelServer
from hyperhive.errors import UnavailableError
from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from hyperhive.system.installation import dashboard_dir
from hyperhive.up.credentials import Secrets
from hyperhive.up.paths import choose_paths
from hyperhive.up.processes import BROKER, HiveProcesses

MODEL: Final = "claude-sonnet-4-5"
TOOLS: Final = ("Bash", "Read", "Write", "Edit", "Glob", "Grep")

#: The loop breaker is off: its limits are far below what is measured here.
_HIVE: Final = f"""
[dashboard]
port = 0
[defaults]
model = "{MODEL}"
tools = {list(TOOLS)}
[loop_breaker]
messages_per_minute = 0
duplicates = 0
ping_pong = 0
"""
#: Nothing that agents meet.
_NO_LIMITS: Final = """
[defaults.limits.broker]
requests_per_second = 100000
received_kib_per_second = 1048576
stored_mib_per_hour = 1048576
rows_per_hour = 1000000000
frames_per_second = 100000
events_mib_per_hour = 1048576
"""
_LINES: Final = 40
_IDLE_SECONDS: Final = 30.0
#: How long an agent has to have been idle, in seconds.
_QUIET: Final = 0.15


@dataclass(frozen=True)
class BenchHive:
    """A running hive.

    Attributes:
        harnesses: Configuration of every agent that has a harness.
        model: Answers every prompt with one short text.
    """

    processes: HiveProcesses
    harnesses: dict[str, HarnessConfig]
    model: ModelServer

    def agent(self, name: str) -> HttpPeer:
        """A connection to the agent's own socket."""
        return HttpPeer(self.processes.paths.socket(name))

    def operator(self) -> HttpPeer:
        """A connection to the admin socket."""
        return HttpPeer(self.processes.admin_socket)

    def harness_file(self, name: str) -> Path:
        """The agent's rendered configuration."""
        return self.processes.paths.state_dir / "config" / f"harness-{name}.json"

    def pid(self, name: str = BROKER) -> int:
        """Pid of an agent's harness, or of the broker.

        Raises:
            UnavailableError: It does not run.
        """
        pid = self.processes.pids[name]
        if pid is None:
            raise UnavailableError(f"{name} does not run")
        return pid


@asynccontextmanager
async def bench_hive(
    directory: Path, agents: Sequence[str], harnesses: Sequence[str] = (), *, limited: bool = False
) -> AsyncIterator[BenchHive]:
    """Run a hive of `agents` with its state below `directory`; only `harnesses` of them are alive.

    Where it is not `limited` as a hive is by default, agents may ask as much of the broker as they can.

    Raises:
        HyperhiveError: It does not come up.
    """
    model = ModelServer(ModelScript())
    await model.start()
    said: deque[str] = deque(maxlen=_LINES)
    try:
        hive = _hive(directory, agents, harnesses, model, limited=limited)
        processes = HiveProcesses(
            hive, Secrets({}, {}), on_line=lambda name, line: said.append(f"{name} | {line}")
        )
        async with processes:
            yield BenchHive(processes, dict(hive.harnesses), model)
    except BaseException:
        sys.stderr.write("".join(f"{line}\n" for line in said))
        raise
    finally:
        await model.stop()


async def settled(operator: HttpPeer, agent: str, message: int | None = None) -> None:
    """Wait until `message` is acked and `agent` is idle and has been so for a moment.

    Raises:
        UnavailableError: It does not become idle.
    """

    async def is_settled() -> bool:
        if message is not None:
            found = await operator.get(f"/api/messages/{message}")
            if found["state"] != MessageState.ACKED:
                return False
        view = await operator.get(f"/api/agents/{agent}")
        return bool(view["status"]["state"] == AgentState.IDLE)

    await until(is_settled, _IDLE_SECONDS, f"{agent} is not idle")
    await asyncio.sleep(_QUIET)


def _hive(
    directory: Path, agents: Sequence[str], alive: Sequence[str], model: ModelServer, *, limited: bool
) -> Hive:
    text = _HIVE + ("" if limited else _NO_LIMITS) + "".join(f"[agents.{name}]\n" for name in agents)
    hive = parse_hive(text, choose_paths(directory, dashboard_dir()), directory=directory)
    harnesses = {}
    for name in alive:
        harness = hive.harnesses[name]
        home = Path(harness.claude.home)
        claude = ClaudeConfig(
            cli=None,
            home=harness.claude.home,
            env=claude_environment(model.base_url(name), home),
        )
        harnesses[name] = harness.model_copy(update={"claude": claude})
    return replace(hive, harnesses=harnesses)
