"""How a client command finds the broker's admin socket."""

import argparse
import os
from pathlib import Path
from typing import Final

from hyperhive.system.admin import AdminClient, BrokerUnreachableError

VARIABLE: Final = "HYPERHIVE_SOCKET"
_USUAL: Final = (Path(".hyperhive/run/admin.sock"), Path("/run/hyperhive/admin.sock"))


def admin_client(args: argparse.Namespace) -> AdminClient:
    """Calls on the socket of `--socket`, `$HYPERHIVE_SOCKET`, `hyperhive up` here or the machine's broker.

    Raises:
        BrokerUnreachableError: None of them exists; the message names them.
    """
    return AdminClient(find_socket(args.socket))


def find_socket(given: str | None) -> Path:
    """Path of the socket to call; errors as in `admin_client`."""
    chosen = given or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    for path in _USUAL:
        # One that may not be looked at exists, and its error says more than "not found" would.
        if os.path.lexists(path):
            return path
    tried = ", ".join(str(path) for path in _USUAL)
    raise BrokerUnreachableError(
        f"no broker is running: there is no {tried}; start one with `hyperhive up`, or give --socket"
    )
