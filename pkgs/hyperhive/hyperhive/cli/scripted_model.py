"""`hyperhive scripted-model`."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from hyperhive.cli.command import OK, emit
from hyperhive.demo.model_server import serve

DETAILS: Final = """
An agent is sent to it by three variables of its Claude Code, `claude.env` in the configuration:
  ANTHROPIC_BASE_URL = http://HOST:PORT/agents/NAME
  ANTHROPIC_API_KEY = any text
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = 1
The script says in TOML what the model answers to which mail; `examples/demo/model.toml` is the demo's.
Prints its address as soon as it answers, reads the script again at SIGHUP, and runs until SIGTERM or SIGINT.
It asks nobody for a key: let only agents reach it."""
EXAMPLES: Final = """
  hyperhive scripted-model --script model.toml --port 4000
  hyperhive scripted-model --script model.toml --port 4000 --host 0.0.0.0    # for agents in containers"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--script", metavar="FILE", type=Path, required=True, help="the script to play")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    parser.add_argument(
        "--requests-file", metavar="FILE", type=Path, help="append one JSON line for every request"
    )


def run(args: argparse.Namespace) -> int:
    def tell(url: str) -> None:
        emit(args, {"url": url}, url)
        sys.stdout.flush()

    asyncio.run(serve(args.script, args.host, args.port, on_ready=tell, requests_file=args.requests_file))
    return OK
