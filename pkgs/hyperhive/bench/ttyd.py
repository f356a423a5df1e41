"""ttyd, the web terminal to compare with: a server of our own, and a client that speaks its protocol."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from bench.programs import running
from bench.waiting import until
from hyperhive.errors import UnavailableError

PROGRAM: Final = "ttyd"
SKIPPED: Final = f"skipped: {PROGRAM} is not in PATH; install it to compare with it"

_READY_SECONDS: Final = 10.0
#: The first byte of a frame says what it is, in both directions.
_OUTPUT: Final = ord("0")
_INPUT: Final = b"0"


class TtydShell:
    """A shell behind ttyd, over its own WebSocket protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def type(self, data: bytes) -> None:
        """Give it input."""
        await self._socket.send_bytes(_INPUT + data)

    async def read(self) -> bytes:
        """The next output; empty when there will be no more."""
        while True:
            message = await self._socket.receive()
            if message.type is not aiohttp.WSMsgType.BINARY:
                return b""
            if message.data[0] == _OUTPUT:
                return bytes(message.data[1:])


@asynccontextmanager
async def ttyd_shell(directory: Path, *, cols: int, rows: int) -> AsyncIterator[TtydShell | None]:
    """A shell in a ttyd that runs in `directory`; None where ttyd is not installed.

    Raises:
        UnavailableError: It is installed but does not come up.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        yield None
        return
    async with AsyncExitStack() as stack:
        # The path of a socket has to be short, and tells ttyd by its end that it is one.
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="hyperhive-bench-"))
        socket = Path(place) / "ttyd.sock"
        command = [program, "--interface", str(socket), "--writable", "bash", "--norc"]
        await stack.enter_async_context(running(command, directory))
        await until(partial(_answers, socket), _READY_SECONDS, f"{PROGRAM} does not answer")
        connector = aiohttp.UnixConnector(path=str(socket))
        client = await stack.enter_async_context(aiohttp.ClientSession("http://ttyd", connector=connector))
        try:
            opened = await stack.enter_async_context(
                client.ws_connect("/ws", protocols=["tty"], max_msg_size=0)
            )
        except aiohttp.ClientError as error:
            raise UnavailableError(f"{PROGRAM}: {error}") from error
        await opened.send_bytes(json.dumps({"AuthToken": "", "columns": cols, "rows": rows}).encode())
        yield TtydShell(opened)


async def _answers(socket: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(socket)
    except OSError:
        return False
    writer.close()
    return True
