"""`hyperhive stop`."""

import argparse
from typing import Final

from hyperhive.cli import lifecycle

DETAILS: Final = """
A running turn ends and its messages go back to the queue. Nothing sent to a stopped agent is lost. On NixOS
an agent with autoStart comes back at the next boot or nixos-rebuild switch; with `hyperhive up`, at its next
start."""
EXAMPLES: Final = """
  hyperhive stop coder
  hyperhive stop --json coder | jq -r .unit.unit"""

add_arguments = lifecycle.add_arguments


def run(args: argparse.Namespace) -> int:
    """Stop one agent."""
    return lifecycle.run(args, "stop")
