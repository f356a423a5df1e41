"""`hyperhive answer`."""

import argparse
import sys
from typing import Final

from hyperhive.cli.arguments import add_socket
from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import emit

DETAILS: Final = """
`hyperhive status` lists the open questions. Options that an agent gives are suggestions: any text will do."""
EXAMPLES: Final = """
  hyperhive answer 4 yes
  hyperhive answer 4 'Neither: keep both files.'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("id", metavar="ID", type=int, help="the question's number")
    parser.add_argument("text", metavar="TEXT", help="the answer; - reads it from standard input")
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    """Answer as the operator."""
    text = sys.stdin.read() if args.text == "-" else args.text
    question = admin_client(args).post(f"/api/questions/{args.id}/answer", {"answer": text})
    emit(args, question, f"question {question['id']} of {question['asker']} is answered")
    return OK
