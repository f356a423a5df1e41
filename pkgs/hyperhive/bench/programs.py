"""Programs that run beside a measurement and end with it, whatever happens to the benchmark."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from hyperhive.errors import UnavailableError
from hyperhive.system import subreaper

_GRACE_SECONDS: Final = 3.0
_END_SECONDS: Final = 12.0
_ANSWER_SECONDS: Final = 20.0


@asynccontextmanager
async def running(command: Sequence[str], directory: Path) -> AsyncIterator[int]:
    """Run `command` in `directory` and give its pid; it is over when the block is left.

    A subreaper holds it, so it ends even when the benchmark is killed.

    Raises:
        UnavailableError: The program ended at once.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-S", subreaper.__file__, str(_GRACE_SECONDS), "", "0", "--"),
        *command,
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield await _child(process, command[0])
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await asyncio.wait_for(process.wait(), _END_SECONDS)


async def output(command: Sequence[str], environment: dict[str, str]) -> str:
    """What a short program prints, without the ends of white space.

    Raises:
        UnavailableError: It failed or took too long.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), _ANSWER_SECONDS)
    except TimeoutError:
        raise UnavailableError(f"{command[0]} does not end within {_ANSWER_SECONDS:g} s") from None
    finally:
        await end(process)
    if process.returncode:
        raise UnavailableError(f"{command[0]} ended with status {process.returncode}")
    return printed.decode(errors="replace").strip()


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill `process` unless it has ended by itself."""
    if process.returncode is None:
        process.kill()
        await process.wait()


async def _child(process: asyncio.subprocess.Process, name: str) -> int:
    for _ in range(200):
        below = subreaper.descendants(process.pid)
        if below:
            return below[0]
        if process.returncode is not None:
            break
        await asyncio.sleep(0.01)
    raise UnavailableError(f"{name} does not run")
