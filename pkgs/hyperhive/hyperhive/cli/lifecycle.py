"""What `hyperhive start`, `stop` and `restart` share."""

import argparse
from typing import Final, Literal
from urllib.parse import quote

from hyperhive.cli.arguments import add_socket
from hyperhive.cli.broker_socket import find_socket
from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import emit, printable
from hyperhive.system.admin import AdminClient

#: Longer than the broker itself waits (`protocol/lifecycle.py`), so that its reason arrives.
_SECONDS: Final = 320.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the commands."""
    parser.add_argument("agent", metavar="AGENT", help="the agent's name")
    add_socket(parser)


def run(args: argparse.Namespace, verb: Literal["start", "stop", "restart"]) -> int:
    """Do it, wait until it is done, and say how the agent is then."""
    client = AdminClient(find_socket(args.socket), _SECONDS)
    view = client.post(f"/api/agents/{quote(args.agent, safe='')}/{verb}", {})
    status = view["status"]
    detail = f": {printable(status['detail'])}" if status["detail"] else ""
    emit(args, view, f"{view['name']} is {status['state'].replace('_', ' ')}{detail}")
    return OK
