"""Notes to systemd about this process (`sd_notify`): ready, stopping, and a line of status."""

import asyncio
import logging
import os
import socket
from typing import Final

log = logging.getLogger(__name__)

VARIABLE: Final = "NOTIFY_SOCKET"
_SECONDS: Final = 5.0


async def notify(*fields: str) -> None:
    """Send fields such as `READY=1`, if a service manager listens. A failure is logged, never raised."""
    address = os.environ.get(VARIABLE, "")
    if not address:
        return
    try:
        # The service manager may be busy, and the event loop does not wait for it.
        await asyncio.to_thread(_send, address, "\n".join(fields))
    except OSError as error:
        log.warning("cannot tell %s: %s", address, error)


def _send(address: str, text: str) -> None:
    if address[0] not in "/@":
        raise OSError("only paths and abstract names are known")
    # An abstract name is written with @ and begins with a zero byte.
    name = "\0" + address[1:] if address[0] == "@" else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.settimeout(_SECONDS)
        sender.connect(name)
        sender.sendall(text.encode())
