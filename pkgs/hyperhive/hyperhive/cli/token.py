"""`hyperhive token`."""

import argparse
from typing import Final

from hyperhive.cli.arguments import add_socket
from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import emit

DETAILS: Final = """
Whoever opens the address is the operator: treat it as a password."""
EXAMPLES: Final = """
  hyperhive token
  xdg-open "$(hyperhive token)\""""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    """Print the login address."""
    answer = admin_client(args).get("/admin/token")
    emit(args, answer, answer["url"])
    return OK
