"""`hyperhive inbox`."""

import argparse
from typing import Any, Final

from hyperhive.cli.arguments import add_socket
from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import clock_time, emit, printable
from hyperhive.system.admin import AdminClient

DETAILS: Final = """
Messages stay in the inbox until they are marked as read."""
EXAMPLES: Final = """
  hyperhive inbox
  hyperhive inbox --read 12 15
  hyperhive inbox --read        # everything that is in it now"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--read", metavar="ID", type=int, nargs="*", help="mark these as read; without a number all of them"
    )
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    """List or clear the operator's inbox."""
    client = admin_client(args)
    if args.read is None:
        messages = _inbox(client)
        emit(args, {"messages": messages}, "\n\n".join(map(_shown, messages)) or "nothing new")
        return OK
    ids = args.read or [message["id"] for message in _inbox(client)]
    result = client.post("/api/inbox/ack", {"ids": ids}) if ids else {"ids": []}
    emit(args, result, f"{len(result['ids'])} marked as read")
    return OK


def _inbox(client: AdminClient) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = client.get("/api/inbox?limit=500")["messages"]
    return messages


def _shown(message: dict[str, Any]) -> str:
    reply = "" if message["in_reply_to"] is None else f" (answers #{message['in_reply_to']})"
    head = f"#{message['id']} from {message['sender']}, {clock_time(message['sent_at'])}{reply}"
    return f"{head}\n{printable(message['body'])}"
