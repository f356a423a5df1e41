"""The real Claude Code with a file in `/etc/claude-code` that nobody else on the machine sees."""

import asyncio
import json
import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import claude_agent_sdk

from hyperhive.demo.claude_env import prepare_home
from tests.harness.conftest import SmallHive

CLI: Final = Path(claude_agent_sdk.__file__).parent / "_bundled" / "claude"
_UNSHARE: Final = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
#: $1: a directory for the layers. `/etc` gets one that is gone with the last process of the namespace.
_LAYER: Final = """
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work"
mount -t overlay none -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc
mkdir -p /etc/claude-code
"""


@dataclass(frozen=True)
class CliRun:
    """What came of a prompt to `claude --print`.

    Attributes:
        mode: The permission mode that the session was in.
        refused: For each tool call, whether its result was an error.
        said: Everything it printed.
    """

    mode: str
    refused: list[bool]
    said: str


def lacking(directory: Path) -> str | None:
    """Why no such `claude` can be had here, or None."""
    try:
        done = subprocess.run(
            [*_UNSHARE, "sh", "-euc", _LAYER, "sh", str(directory)],
            capture_output=True,
            check=False,
            text=True,
            timeout=10,
        )
    except FileNotFoundError:
        return "no unshare: install util-linux"
    return f"no mount namespace of one's own: {done.stderr.strip()}" if done.returncode else None


def managed_cli(directory: Path, settings: dict[str, Any]) -> str:
    """A program that is `claude` with these managed settings; its files go into `directory`."""
    layers = directory / "layers"
    layers.mkdir()
    file = directory / "managed-settings.json"
    file.write_text(json.dumps(settings))
    program = directory / "claude"
    start = f'{_LAYER}cp "$2" /etc/claude-code/\nshift 2\nexec {shlex.quote(str(CLI))} "$@"'
    program.write_text(
        f'#!/bin/sh\nexec {shlex.join([*_UNSHARE, "sh", "-euc", start, "sh", str(layers), str(file)])} "$@"\n'
    )
    program.chmod(0o755)
    return str(program)


async def run_cli(hive: SmallHive, cli: str, *arguments: str) -> CliRun:
    """Start `claude` as a person would in a terminal of alice's container, with one prompt."""
    config = hive.harness_config("alice")
    prepare_home(Path(config.claude.home), [Path(config.state_dir)])
    process = await asyncio.create_subprocess_exec(
        *(cli, "--print", "--verbose", "--output-format", "stream-json", *arguments),
        # Root may skip permissions only where the environment says that this is a sandbox.
        env={"PATH": os.environ["PATH"], "IS_SANDBOX": "1"} | config.claude.env,
        cwd=config.state_dir,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate(b"try it")
    said = output.decode()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    results = [
        block
        for line in lines
        if line["type"] == "user"
        for block in line["message"]["content"]
        if block["type"] == "tool_result"
    ]
    modes = [line["permissionMode"] for line in lines if line.get("subtype") == "init"]
    return CliRun(modes[0] if modes else "", [bool(result.get("is_error")) for result in results], said)
