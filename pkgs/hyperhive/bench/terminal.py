"""The web terminal: bytes a second and the echo of a key, beside ttyd and beside the bare pseudo-terminal."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp

from bench.hive import bench_hive, settled
from bench.report import Section, Spread, ratio, rounded
from bench.ttyd import SKIPPED, ttyd_shell
from hyperhive.protocol.terminal import INPUT_BYTES, OUTPUT_HEADER, WINDOW_BYTES, Ack
from hyperhive.system.pty import Pty

AGENT: Final = "worker"

_COLUMNS: Final = 80
_ROWS: Final = 24
_LINE: Final = b"The quick brown fox jumps over the lazy dog; 0123456789 and once more.\n"
_MIB: Final = 1024 * 1024
_WARM_UP: Final = 10
_PAUSE: Final = 0.002
#: As the console does it.
_ACK_BYTES: Final = WINDOW_BYTES // 8
#: What the shell prints is not what was typed, so that an echo is not taken for it.
_QUIET: Final = b"PS1=; stty -echo; echo rea''dy\r"
_CAT: Final = "cat {}; echo do''ne\r"


class Shell(Protocol):
    """A shell, whatever carries its bytes."""

    async def type(self, data: bytes) -> None:
        """Give it input."""

    async def read(self) -> bytes:
        """The next output; empty when there will be no more."""


async def measure(directory: Path, *, quick: bool) -> Section:
    """The same commands over every carrier, one carrier after the other."""
    file = directory / "lines"
    size = (1 if quick else 32) * _MIB
    await asyncio.to_thread(file.write_bytes, _LINE * (size // len(_LINE)))
    carriers: dict[str, AbstractAsyncContextManager[Shell | None]] = {
        "hyperhive": _hive_shell(directory),
        "ttyd": ttyd_shell(directory, cols=_COLUMNS, rows=_ROWS),
        "bare": _bare_shell(directory),
    }
    found: dict[str, Section | None] = {}
    for name, carrier in carriers.items():
        async with carrier as shell:
            found[name] = None if shell is None else await _measured(shell, file, 10 if quick else 500)
    return section(found, size)


def section(found: dict[str, Section | None], size: int) -> Section:
    """The document's section; `found["ttyd"]` is None where there is no ttyd."""
    document: Section = {**found}
    ours, theirs = found["hyperhive"], found["ttyd"]
    if ours is None or theirs is None:
        document["ttyd"] = SKIPPED
    else:
        document["throughput_ratio"] = ratio(ours["mib_per_s"], theirs["mib_per_s"])
        document["echo_ratio"] = ratio(ours["echo_ms"]["p50"], theirs["echo_ms"]["p50"])
        document["ratio_of"] = "hyperhive / ttyd"
    return document | {
        "bytes": size,
        "mib_per_s": "`cat` of a file typed, to its last byte at a client that acknowledges as it reads",
        "echo_ms": "a key sent, to the key that the kernel's line discipline echoed",
        "hyperhive_path": "WebSocket, broker, WebSocket, harness, pseudo-terminal, and back",
        "ttyd_path": "WebSocket, ttyd, pseudo-terminal, and back",
        "bare_path": "pseudo-terminal, read as the harness reads it",
    }


async def _measured(shell: Shell, file: Path, keys: int) -> Section:
    await shell.type(_QUIET)
    await _until(shell, b"ready\r\n")
    began = time.perf_counter()
    await shell.type(_CAT.format(file).encode())
    count = await _until(shell, b"done\r\n")
    seconds = time.perf_counter() - began
    await shell.type(b"stty echo; echo rea''dy; cat > /dev/null\r")
    await _until(shell, b"ready\r\n")
    echoes = [await _echo(shell) for _ in range(_WARM_UP + keys)]
    return {
        "mib_per_s": rounded(count / seconds / _MIB),
        "echo_ms": Spread(echoes[_WARM_UP:]).summary(),
    }


async def _until(shell: Shell, end: bytes) -> int:
    """Read up to and with `end`; returns how many bytes came."""
    count, tail = 0, b""
    while end not in tail:
        data = await shell.read()
        if not data:
            raise ConnectionError("the shell ended")
        count += len(data)
        tail = (tail + data)[-4 * len(end) :]
    return count


async def _echo(shell: Shell) -> float:
    """Milliseconds from a key to its echo."""
    await asyncio.sleep(_PAUSE)
    began = time.perf_counter()
    await shell.type(b"x")
    await _until(shell, b"x")
    milliseconds = (time.perf_counter() - began) * 1000
    # A line of the line discipline has an end.
    await shell.type(b"\x15")
    await _until(shell, b" ")
    return milliseconds


class _Window:
    """A viewer of the hive's own terminal."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._acked = 0

    async def type(self, data: bytes) -> None:
        """Give it input."""
        await self._socket.send_bytes(data)

    async def read(self) -> bytes:
        """The next output; empty when there will be no more."""
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.BINARY:
                return await self._taken(message.data)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return b""

    async def _taken(self, frame: bytes) -> bytes:
        (offset,) = OUTPUT_HEADER.unpack_from(frame)
        data = frame[OUTPUT_HEADER.size :]
        end = offset + len(data)
        if end - self._acked >= _ACK_BYTES:
            self._acked = end
            await self._socket.send_str(Ack(offset=end).model_dump_json())
        return data


@asynccontextmanager
async def _hive_shell(directory: Path) -> AsyncIterator[Shell | None]:
    async with AsyncExitStack() as stack:
        hive = await stack.enter_async_context(bench_hive(directory / "hive", [AGENT], [AGENT]))
        operator = await stack.enter_async_context(hive.operator())
        await settled(operator, AGENT)
        path = f"/api/agents/{AGENT}/terminals"
        view: dict[str, Any] = await operator.post(path, {"cols": _COLUMNS, "rows": _ROWS})
        connector = aiohttp.UnixConnector(path=str(hive.processes.admin_socket))
        client = await stack.enter_async_context(aiohttp.ClientSession("http://admin", connector=connector))
        yield _Window(await stack.enter_async_context(client.ws_connect(f"{path}/{view['id']}")))


class _Bare:
    """A shell on a pseudo-terminal of this process."""

    def __init__(self, pty: Pty) -> None:
        self._pty = pty

    async def type(self, data: bytes) -> None:
        """Give it input."""
        self._pty.write(data)

    async def read(self) -> bytes:
        """The next output; empty when there will be no more."""
        return await self._pty.read(_ACK_BYTES)


@asynccontextmanager
async def _bare_shell(directory: Path) -> AsyncIterator[Shell | None]:
    environment = {"PATH": os.environ.get("PATH", os.defpath), "TERM": "dumb"}
    pty = await Pty.open(
        ["bash", "--norc"], directory, environment, cols=_COLUMNS, rows=_ROWS, input_limit=INPUT_BYTES
    )
    try:
        yield _Bare(pty)
    finally:
        await pty.terminate(1)
        await pty.wait()
