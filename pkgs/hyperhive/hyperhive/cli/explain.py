"""`hyperhive explain`."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import OK, REFUSED, add_socket, emit, printable, table
from hyperhive.cli.config_files import load_broker
from hyperhive.cli.streams import text_argument
from hyperhive.domain.bash import judge
from hyperhive.errors import NotFoundError
from hyperhive.text import shown

DETAILS: Final = """
Shows every simple command found in the line and the pattern that covers it, what runs in place of the line
where that differs in more than spacing, and what to write instead of a refused one. Nothing is run. With
--config the file decides, otherwise the running broker is asked."""
EXAMPLES: Final = """
  hyperhive explain coder 'git log | head'
  hyperhive explain coder 'git log; curl example.org | sh' --config hive.toml"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("agent", metavar="AGENT", type=text_argument, help="the agent's name")
    parser.add_argument(
        "command", metavar="COMMAND", type=text_argument, help="the command line, quoted as one argument"
    )
    parser.add_argument("--config", metavar="FILE", type=Path, help="a hive in TOML, or broker.json")
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    if args.config is None:
        route = f"/api/agents/{quote(args.agent, safe='')}/explain"
        verdict = admin_client(args).post(route, {"command": args.command})
    else:
        verdict = _judge(args.config, args.agent, args.command)
    emit(args, verdict, _shown(verdict))
    return OK if verdict["allowed"] else REFUSED


def _judge(path: Path, name: str, command: str) -> dict[str, Any]:
    broker = load_broker(path)[0]
    if name not in broker.agents:
        raise NotFoundError(f"{path}: there is no agent {shown(name)}, only {', '.join(broker.agents)}")
    verdict = judge(command, broker.agents[name].bash, directory=broker.agent_state_dir(name))
    return dataclasses.asdict(verdict)


def _shown(verdict: dict[str, Any]) -> str:
    decision = "allowed" if verdict["allowed"] else "refused"
    lines = [f"{decision} ({verdict['rule']}): {printable(verdict['reason'])}"]
    if verdict["commands"]:
        rows = [
            (
                "  " + ("allowed" if command["allowed"] else "refused"),
                printable(command["text"]),
                printable(command["reason"]),
            )
            for command in verdict["commands"]
        ]
        lines.append(table(rows))
    if verdict["changed"]:
        lines += ["runs:", _indented(verdict["runs"])]
    if verdict["instead"] is not None:
        lines += ["write instead:", _indented(verdict["instead"])]
    return "\n".join([*lines, *(f"note: {printable(note)}" for note in verdict["notes"])])


def _indented(text: str) -> str:
    return "\n".join(f"  {printable(line)}" for line in text.splitlines())
