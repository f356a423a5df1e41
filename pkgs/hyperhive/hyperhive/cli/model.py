"""`hyperhive model`."""

import argparse
from typing import Any, Final
from urllib.parse import quote

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import OK, add_socket, emit, printable
from hyperhive.cli.streams import text_argument

DETAILS: Final = """
A choice counts from the agent's next turn on and survives restarts of everything; `default` goes back to
the model of the configuration. Without NAME: the agent's models, with what it uses now and next."""
EXAMPLES: Final = """
  hyperhive model coder
  hyperhive model coder opus
  hyperhive model coder default"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", metavar="AGENT", type=text_argument, help="the agent's name")
    parser.add_argument(
        "name", metavar="NAME", type=text_argument, nargs="?", help="one of the agent's models, or default"
    )
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    path = f"/api/agents/{quote(args.agent, safe='')}"
    client = admin_client(args)
    view = client.get(path) if args.name is None else client.post(f"{path}/model", {"model": args.name})
    emit(args, view, "\n".join(_lines(view)))
    return OK


def _lines(view: dict[str, Any]) -> list[str]:
    now, configured = view["status"]["model"], view["model"]["configured"]
    following = view["model"]["chosen"] or configured
    marks = {"now": now, "next": following, "default": configured}
    return [
        "  ".join([printable(model), *(mark for mark, marked in marks.items() if marked == model)])
        for model in view["models"]
    ]
