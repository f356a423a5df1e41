"""`hyperhive demo`."""

import argparse
import asyncio
from pathlib import Path
from typing import Final

from hyperhive.cli.command import FAILED, OK, emit, printable
from hyperhive.cli.streams import say
from hyperhive.demo.run import Stage, play
from hyperhive.up.processes import HiveProcesses

DETAILS: Final = """
Needs no account and no network: the agents are real Claude Code sessions that talk to a scripted model on
this machine. The operator's question goes to the manager, who delegates; one agent asks the database of an
extra MCP server and is refused a recipient, the other is refused a command and asks you. Runs until Ctrl-C
or SIGTERM and leaves nothing behind."""
EXAMPLES: Final = """
  hyperhive demo
  hyperhive demo --port 0           # any free port
  hyperhive demo --once --json      # play the story, answer in your place, print what happened, end"""

_PORT: Final = 7000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=_PORT, help="of the dashboard (%(default)s)")
    parser.add_argument(
        "--state-dir", metavar="DIR", type=Path, help="keep everything there (default: a temporary directory)"
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="end after the story, on a free port; exit code 1 if it went wrong",
    )


def run(args: argparse.Namespace) -> int:
    stage = Stage(args.state_dir, 0 if args.once else args.port, args.once)
    summary = asyncio.run(play(stage, _tell, lambda processes: _welcome(stage, processes)))
    document = summary.document()
    text = "\n".join(f"{key:>18}: {value}" for key, value in document.items()) if args.once else ""
    emit(args, document, text)
    return OK if summary.ok or not args.once else FAILED


def _welcome(stage: Stage, processes: HiveProcesses) -> None:
    if stage.once:
        return
    _tell(
        f"The demo runs. Open   {processes.login_url}\n"
        "Look on, answer Wren's question, write to the agents. End it with Ctrl-C.\n"
        f"From a second terminal: hyperhive status --socket {processes.admin_socket}\n"
    )


def _tell(line: str) -> None:
    say(printable(line))
