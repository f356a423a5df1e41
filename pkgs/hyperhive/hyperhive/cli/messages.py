"""`hyperhive send`, `inbox` and `answer`."""

import argparse
import sys
import uuid
from typing import Any, Final

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import OK, Command, add_socket, clock_time, emit, printable
from hyperhive.system.admin import AdminClient


def _send_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("to", metavar="TO", help="an agent's name, manager, or * for everyone")
    parser.add_argument("body", metavar="TEXT", help="the message; - reads it from standard input")
    parser.add_argument("--reply-to", metavar="ID", type=int, help="the message that this one answers")
    add_socket(parser)


def _send(args: argparse.Namespace) -> int:
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


def _inbox_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--read", metavar="ID", type=int, nargs="*", help="mark these as read; without a number all of them"
    )
    add_socket(parser)


def _inbox(args: argparse.Namespace) -> int:
    client = admin_client(args)
    if args.read is None:
        messages = _unread(client)
        emit(args, {"messages": messages}, "\n\n".join(map(_shown, messages)) or "nothing new")
        return OK
    ids = args.read or [message["id"] for message in _unread(client)]
    result = client.post("/api/inbox/ack", {"ids": ids}) if ids else {"ids": []}
    emit(args, result, f"{len(result['ids'])} marked as read")
    return OK


def _unread(client: AdminClient) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = client.get("/api/inbox?limit=500")["messages"]
    return messages


def _shown(message: dict[str, Any]) -> str:
    reply = "" if message["in_reply_to"] is None else f" (answers #{message['in_reply_to']})"
    head = f"#{message['id']} from {message['sender']}, {clock_time(message['sent_at'])}{reply}"
    return f"{head}\n{printable(message['body'])}"


def _answer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", type=int, help="the question's number")
    parser.add_argument("text", metavar="TEXT", help="the answer; - reads it from standard input")
    add_socket(parser)


def _answer(args: argparse.Namespace) -> int:
    text = sys.stdin.read() if args.text == "-" else args.text
    question = admin_client(args).post(f"/api/questions/{args.id}/answer", {"answer": text})
    emit(args, question, f"question {question['id']} of {question['asker']} is answered")
    return OK


COMMANDS: Final = {
    "send": Command(
        """
The message is stored before this returns, and delivered at least once.""",
        """
  hyperhive send coder 'Please rebase onto main.'
  git diff | hyperhive send reviewer -
  hyperhive send '*' 'Finish what you are doing and report.'
  hyperhive send coder --reply-to 17 'Yes, go on.'""",
        _send_arguments,
        _send,
    ),
    "inbox": Command(
        """
Messages stay in the inbox until they are marked as read.""",
        """
  hyperhive inbox
  hyperhive inbox --read 12 15
  hyperhive inbox --read        # everything that is in it now""",
        _inbox_arguments,
        _inbox,
    ),
    "answer": Command(
        """
`hyperhive status` lists the open questions. Options that an agent gives are suggestions: any text will do.
""",
        """
  hyperhive answer 4 yes
  hyperhive answer 4 'Neither: keep both files.'""",
        _answer_arguments,
        _answer,
    ),
}
