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
        BrokerUnreachableError: None of them exists, or the first that does is not this user's; the message
            names them.
    """
    return AdminClient(find_socket(args.socket))


def find_socket(given: str | None) -> Path:
    """Path of the socket to call; errors as in `admin_client`."""
    chosen = given or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    for path in _USUAL:
        # One that may not be used exists, and saying so helps more than trying the next.
        if os.path.lexists(path):
            if not os.access(path, os.W_OK, effective_ids=True):
                raise BrokerUnreachableError(
                    f"the broker's socket {path} is not for this user: run the command as root (sudo)"
                )
            return path
    tried = ", ".join(str(path) for path in _USUAL)
    raise BrokerUnreachableError(
        f"no broker is running: there is no {tried}; start one with `hyperhive up`, or give --socket"
    )
