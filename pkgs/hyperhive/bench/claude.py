"""Claude Code as one process per turn: what a hive without a warm session does for every message."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

from bench.hive import BenchHive
from bench.machine import claude_program
from bench.programs import end
from hyperhive.demo.claude_env import claude_environment
from hyperhive.demo.model_server import RecordedRequest
from hyperhive.domain.prompts import Persona, system_prompt
from hyperhive.errors import UnavailableError
from hyperhive.harness.options import CLOSED_TOOLS, PASSED_ENVIRONMENT, QUIET_ENVIRONMENT
from hyperhive.protocol.mcp_names import OWN_SERVER

_TURN_SECONDS: Final = 30.0


class ClaudePerTurn:
    """Starts `claude --print` for each prompt, with the options of the hive's agent `agent`.

    Args:
        hive: Where the model and the agent's configuration are.
        agent: Whose tools it has.
        directory: Its home and working directory are made below it.
        hive_tools: Whether it has hyperhive's own tools too, over stdio; without them it has Claude
            Code's built-in tools alone.
    """

    def __init__(self, hive: BenchHive, agent: str, directory: Path, *, hive_tools: bool) -> None:
        self._hive = hive
        self._agent = agent
        self._state = directory / "state"
        self._hive_tools = hive_tools
        home = directory / "home"
        for path in (home, self._state):
            path.mkdir(parents=True)
        passed = {name: value for name, value in os.environ.items() if name in PASSED_ENVIRONMENT}
        self._environment = (
            passed | QUIET_ENVIRONMENT | claude_environment(hive.model.base_url(directory.name), home)
        )

    async def turn(self, prompt: str) -> tuple[float, RecordedRequest]:
        """Run one turn to its end; milliseconds from the start of the process to the model request.

        Raises:
            UnavailableError: The process did not ask the model or failed.
        """
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *self._command(),
            cwd=self._state,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(_TURN_SECONDS):
                printed, _ = await process.communicate(prompt.encode())
                request = await self._hive.model.wait_for_request(lambda one: prompt in one.prompt, 1)
        except TimeoutError:
            raise UnavailableError("a process per turn did not end its turn in time") from None
        finally:
            await end(process)
        if process.returncode:
            raise UnavailableError(f"claude --print failed: {printed.decode(errors='replace')[-2000:]}")
        return (request.at - began) * 1000, request

    def _command(self) -> list[str]:
        agent = self._hive.harnesses[self._agent].agent
        command = [claude_program(), "--print", "--output-format", "stream-json", "--verbose"]
        command += ["--model", agent.model, "--system-prompt", self._system_prompt()]
        command += ["--tools", ",".join(agent.tools), "--permission-mode", "dontAsk"]
        command += ["--allowedTools", ",".join([*agent.tools, f"mcp__{OWN_SERVER}"])]
        command += ["--disallowedTools", ",".join(CLOSED_TOOLS)]
        command += ["--setting-sources=", "--strict-mcp-config"]
        if self._hive_tools:
            arguments = ["-P", "-m", "hyperhive", "mcp", "--config", str(self._harness_file)]
            server = {"command": sys.executable, "args": arguments}
            command += ["--mcp-config", json.dumps({"mcpServers": {OWN_SERVER: server}})]
        return command

    @property
    def _harness_file(self) -> Path:
        return self._hive.harness_file(self._agent)

    def _system_prompt(self) -> str:
        return system_prompt(
            Persona(
                name=self._agent,
                manager=False,
                recipients=["caller", "operator"],
                restricted=False,
                bash=None,
                pronouns="they/them",
                state_dir=str(self._state),
                extra="",
            )
        )
