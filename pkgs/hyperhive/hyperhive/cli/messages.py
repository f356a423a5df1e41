"""`hyperhive send`, `inbox`, `answer`, `parked`, `retry` and `drop`."""

import argparse
import uuid
from collections.abc import Callable
from typing import Any, Final

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import (
    FAILED,
    OK,
    Command,
    add_socket,
    clock_time,
    complain,
    emit,
    one_line,
    printable,
)
from hyperhive.cli.streams import read_input, text_argument
from hyperhive.errors import RemoteError
from hyperhive.system.admin import AdminClient


def _send_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "to", metavar="TO", type=text_argument, help="an agent's name, manager, or * for everyone"
    )
    parser.add_argument(
        "body", metavar="TEXT", type=text_argument, help="the message; - reads it from standard input"
    )
    parser.add_argument("--reply-to", metavar="ID", type=int, help="the message that this one answers")
    add_socket(parser)


def _send(args: argparse.Namespace) -> int:
    body = read_input() if args.body == "-" else args.body
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
    parser.add_argument(
        "text", metavar="TEXT", type=text_argument, help="the answer; - reads it from standard input"
    )
    add_socket(parser)


def _answer(args: argparse.Namespace) -> int:
    text = read_input() if args.text == "-" else args.text
    question = admin_client(args).post(f"/api/questions/{args.id}/answer", {"answer": text})
    emit(args, question, f"question {question['id']} of {question['asker']} is answered")
    return OK


def _parked(args: argparse.Namespace) -> int:
    client, messages, before = admin_client(args), list[dict[str, Any]](), ""
    while True:
        page = client.get(f"/api/messages?state=parked&limit=200{before}")
        messages += page["messages"]
        if page["next_before"] is None:
            break
        before = f"&before={page['next_before']}"
    messages.reverse()
    emit(args, {"messages": messages}, "\n\n".join(map(_parked_shown, messages)) or "nothing is parked")
    return OK


def _parked_shown(message: dict[str, Any]) -> str:
    number = message["id"]
    return (
        f"#{number} from {message['sender']} to {message['recipient']}, {clock_time(message['sent_at'])}:"
        f" {one_line(message['body'], 200)}\n"
        f"  {message['failures']} turns failed with it: {one_line(message['error'] or '', 500)}\n"
        f"  hyperhive retry {number}, or hyperhive drop {number}"
    )


def _ids_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ids", metavar="ID", type=int, nargs="+", help="the message's number")
    add_socket(parser)


def _deciding(verb: str, done: str) -> Callable[[argparse.Namespace], int]:
    """One call for each message; those that can be decided are, whatever becomes of the others."""

    def run(args: argparse.Namespace) -> int:
        client, decided, refused = admin_client(args), list[dict[str, Any]](), list[RemoteError]()
        for number in args.ids:
            try:
                decided.append(client.post(f"/api/messages/{number}/{verb}", {}))
            except RemoteError as error:
                refused.append(error)
        lines = [done.format(**message) for message in decided]
        errors = [{"key": one.key, "message": one.message} for one in refused]
        emit(args, {"messages": decided, "errors": errors}, "\n".join(lines))
        for one in refused:
            complain(one.key, one.message, as_json=False)
        return FAILED if refused else OK

    return run


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
    "parked": Command(
        """
A message is parked when turns failed that carried it alone: the model refused the request, or would not
read it. It holds nothing up. `retry` has it delivered again, which helps after a change (another model, a
shorter session); `drop` gives it up.""",
        """
  hyperhive parked
  hyperhive parked --json | jq -r '.messages[] | [.id, .recipient, .error] | @tsv'""",
        add_socket,
        _parked,
    ),
    "retry": Command(
        """
A message goes back to its old place in the queue, with its failures forgotten. `hyperhive parked` has the
numbers.""",
        """
  hyperhive retry 12
  hyperhive retry 12 15""",
        _ids_arguments,
        _deciding("retry", "#{id} is queued again for {recipient}"),
    ),
    "drop": Command(
        """
Nobody gets a dropped message any more; its sender is told, and the question that it asks is closed.
`hyperhive parked` has the numbers.""",
        """
  hyperhive drop 12
  hyperhive drop 12 15""",
        _ids_arguments,
        _deciding("drop", "#{id} to {recipient} is dropped"),
    ),
}
