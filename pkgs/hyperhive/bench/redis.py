"""A Redis server of the benchmark's own, which writes every command to the disk before it answers."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

from bench.peers import RedisPeer
from bench.programs import running
from bench.waiting import until
from hyperhive.errors import UnavailableError

PROGRAM: Final = "redis-server"
SKIPPED: Final = f"skipped: {PROGRAM} is not in PATH; install redis-server to compare with it"

_READY_SECONDS: Final = 10.0


def installed() -> str | None:
    """Path of the server program."""
    return shutil.which(PROGRAM)


@asynccontextmanager
async def redis_server(directory: Path) -> AsyncIterator[Path | None]:
    """Run a server whose data lie below `directory`; gives its socket, None where it is not installed.

    Raises:
        UnavailableError: It is installed but does not come up.
    """
    program = installed()
    if program is None:
        yield None
        return
    data = directory / "redis"
    data.mkdir()
    # The data belong on the disk that is measured; the socket needs a short path.
    with tempfile.TemporaryDirectory(prefix="hyperhive-bench-") as name:
        socket = Path(name) / "redis.sock"
        command = [program, "--port", "0", "--unixsocket", str(socket), "--dir", str(data), "--save", ""]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0"]
        async with running(command, data):
            await until(partial(_answers, socket), _READY_SECONDS, f"{PROGRAM} does not answer")
            yield socket


async def _answers(socket: Path) -> bool:
    try:
        async with RedisPeer(socket) as peer:
            return bool(await peer.call("PING") == "PONG")
    except (OSError, UnavailableError, asyncio.IncompleteReadError):
        return False
