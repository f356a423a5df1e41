"""`hyperhive restart`."""

import argparse
from typing import Final

from hyperhive.cli import lifecycle

DETAILS: Final = """
As stop and start: a running turn ends, its messages go back to the queue and are delivered again."""
EXAMPLES: Final = """
  hyperhive restart coder"""

add_arguments = lifecycle.add_arguments


def run(args: argparse.Namespace) -> int:
    """Restart one agent."""
    return lifecycle.run(args, "restart")
