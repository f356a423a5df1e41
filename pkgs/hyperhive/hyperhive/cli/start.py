"""`hyperhive start`."""

import argparse
from typing import Final

from hyperhive.cli import lifecycle

DETAILS: Final = """
It returns when the agent's container (with `hyperhive up`: its process) runs; the agent connects soon
after."""
EXAMPLES: Final = """
  hyperhive start coder
  hyperhive start --json coder | jq .status"""

add_arguments = lifecycle.add_arguments


def run(args: argparse.Namespace) -> int:
    """Start one agent."""
    return lifecycle.run(args, "start")
