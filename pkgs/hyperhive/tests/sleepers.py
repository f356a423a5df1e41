"""Agents that are programs which do nothing, under the supervisor that `hyperhive up` runs."""

import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

from hyperhive.config import BrokerConfig
from hyperhive.protocol.lifecycle import Verb
from hyperhive.system.processes import Child, Patience, Program
from hyperhive.system.supervisor import supervisor_socket
from hyperhive.up.supervisor import AgentProcesses, Supervisor


@contextlib.asynccontextmanager
async def sleeping_agents(config: BrokerConfig) -> AsyncIterator[AgentProcesses]:
    """All of them run, where the broker of that configuration finds them."""

    def make(name: str) -> Child:
        program = Program(name, ["sleep", "60"], Path("/"), {"PATH": os.environ["PATH"]})
        return Child(program, Patience(grace=5), on_event=agents.note, on_line=lambda *_: None)

    agents = AgentProcesses(config.agents, make)
    supervisor = Supervisor(agents, supervisor_socket(Path(config.runtime_dir)))
    await supervisor.start()
    try:
        for name in config.agents:
            await agents.act(Verb.START, name)
        yield agents
    finally:
        await supervisor.stop()
        await agents.close()
