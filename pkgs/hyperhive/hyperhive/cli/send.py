"""`hyperhive send`."""

import argparse
import sys
import uuid
from typing import Final

from hyperhive.cli.arguments import add_socket
from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import emit

DETAILS: Final = """
The message is stored before this returns, and delivered at least once."""
EXAMPLES: Final = """
  hyperhive send coder 'Please rebase onto main.'
  git diff | hyperhive send reviewer -
  hyperhive send '*' 'Finish what you are doing and report.'
  hyperhive send coder --reply-to 17 'Yes, go on.'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("to", metavar="TO", help="an agent's name, manager, or * for everyone")
    parser.add_argument("body", metavar="TEXT", help="the message; - reads it from standard input")
    parser.add_argument("--reply-to", metavar="ID", type=int, help="the message that this one answers")
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    """Send as the operator."""
    body = sys.stdin.read() if args.body == "-" else args.body
    request = {"to": args.to, "body": body, "idempotency_key": uuid.uuid4().hex}
    if args.reply_to is not None:
        request["in_reply_to"] = args.reply_to
    result = admin_client(args).post("/api/messages", request)
    lines = [
        f"#{message['id']} to {message['recipient']}: {message['state']}" for message in result["messages"]
    ]
    emit(args, result, "\n".join(lines))
    return OK
