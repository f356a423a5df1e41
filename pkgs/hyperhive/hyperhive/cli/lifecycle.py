"""`hyperhive start`, `stop` and `restart`."""

import argparse
from collections.abc import Callable
from typing import Final, Literal
from urllib.parse import quote

from hyperhive.cli.broker_socket import find_socket
from hyperhive.cli.command import OK, Command, add_socket, emit, printable
from hyperhive.cli.streams import text_argument
from hyperhive.system.admin import AdminClient

#: Longer than the broker itself waits (`protocol/lifecycle.py`), so that its reason arrives.
_SECONDS: Final = 320.0


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", metavar="AGENT", type=text_argument, help="the agent's name")
    add_socket(parser)


def _doing(verb: Literal["start", "stop", "restart"]) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        client = AdminClient(find_socket(args.socket), _SECONDS)
        view = client.post(f"/api/agents/{quote(args.agent, safe='')}/{verb}", {})
        status = view["status"]
        detail = f": {printable(status['detail'])}" if status["detail"] else ""
        emit(args, view, f"{view['name']} is {status['state'].replace('_', ' ')}{detail}")
        return OK

    return run


COMMANDS: Final = {
    "start": Command(
        """
It returns when the agent's container (with `hyperhive up`: its process) runs; the agent connects soon
after.""",
        """
  hyperhive start coder
  hyperhive start --json coder | jq .status""",
        _add_arguments,
        _doing("start"),
    ),
    "stop": Command(
        """
A running turn ends and its messages go back to the queue. Nothing sent to a stopped agent is lost. On NixOS
an agent with autoStart comes back at the next boot or nixos-rebuild switch; with `hyperhive up`, at its next
start.""",
        """
  hyperhive stop coder
  hyperhive stop --json coder | jq -r .unit.unit""",
        _add_arguments,
        _doing("stop"),
    ),
    "restart": Command(
        """
As stop and start: a running turn ends, its messages go back to the queue and are delivered again.""",
        """
  hyperhive restart coder""",
        _add_arguments,
        _doing("restart"),
    ),
}
