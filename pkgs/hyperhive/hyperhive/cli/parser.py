"""The parser: knows every command's name and summary, and loads only the module of the one that is called."""

import argparse
import importlib
from collections.abc import Collection, Sequence
from typing import Any, Final, NoReturn

from hyperhive import __version__
from hyperhive.cli.command import TABLE, Command

#: Longest message about wrong usage, in characters; one that lists all commands is shorter.
_ERROR_LENGTH: Final = 800

#: Command -> summary.
COMMANDS: Final = {
    "up": "run a whole hive from one file: broker and agents as child processes",
    "demo": "show a hive without account or network: real Claude Code, scripted model",
    "status": "show the agents, what they do and what waits for you",
    "send": "send a message to an agent, to the manager or to everyone",
    "inbox": "show the messages to you, or mark them as read",
    "answer": "answer an open question",
    "parked": "show the messages that agents' turns failed with, too often to go on",
    "retry": "give parked messages to their recipients again",
    "drop": "give parked messages up; their senders are told",
    "start": "start an agent that was stopped or has failed",
    "stop": "stop an agent; its mail waits until it is started again",
    "restart": "stop and start an agent",
    "model": "show or choose the model that an agent uses from its next turn on",
    "stats": "show what the hive or an agent did: turns, tools, messages, tokens, cost",
    "explain": "say whether an agent may run a Bash command, and which rule decides",
    "token": "print the address that logs a browser in",
    "hash-password": "print the hash of an operator's password, for a credential",
    "doctor": "check what a first run trips over; every failure says what to do",
    "check-config": "check a configuration file",
    "schema": "write, or compare, the JSON schemas of the configuration",
    "broker": "run the broker",
    "harness": "run one agent's harness",
    "tool-hook": "decide on a tool call of a claude that was started by hand",
    "mcp": "offer hyperhive's tools over stdio to a claude that was started by hand",
    "scripted-model": "play a script in the place of Claude's API, to try a hive offline",
}
#: Modules with several commands, which are in their COMMANDS; a command's own module has its name.
_MODULES: Final = {
    "send": "messages",
    "inbox": "messages",
    "answer": "messages",
    "parked": "messages",
    "retry": "messages",
    "drop": "messages",
    "start": "lifecycle",
    "stop": "lifecycle",
    "restart": "lifecycle",
    "token": "login",
    "hash-password": "login",
    "check-config": "config_files",
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """As argparse does it, but without repeating a whole text that stands where it does not belong."""
        super().error(message if len(message) <= _ERROR_LENGTH else f"{message[:_ERROR_LENGTH]}…")


class _Version(argparse.Action):
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        _values: str | Sequence[Any] | None,
        _option: str | None = None,
    ) -> None:
        print(f"hyperhive {__version__}")
        parser.exit()


def build_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """A parser for these arguments; the parsed namespace has `json` and `run`, the command's function."""
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    return _parser({called})


def whole_parser() -> argparse.ArgumentParser:
    """The parser with all of every command, for shell completions and the manual page."""
    return _parser(COMMANDS.keys())


def _parser(loaded: Collection[str | None]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hyperhive",
        description="A hive of Claude Code agents: durable messages, enforced policies, one operator.",
        epilog=f"`hyperhive COMMAND --help` has examples.\n\n{TABLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", nargs=0, action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(
            name,
            help=summary,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if name in loaded:
            _complete(command, name, summary)
    return parser


def load(name: str) -> Command:
    """Import a command, and no other module than its own."""
    module = importlib.import_module(f"hyperhive.cli.{_MODULES.get(name, name.replace('-', '_'))}")
    if name in _MODULES:
        command: Command = module.COMMANDS[name]
        return command
    return Command(module.DETAILS, module.EXAMPLES, module.add_arguments, module.run)


def _complete(parser: argparse.ArgumentParser, name: str, summary: str) -> None:
    command = load(name)
    parser.description = f"{summary[0].upper()}{summary[1:]}.\n\n{command.details.strip()}".strip()
    parser.epilog = f"examples:\n  {command.examples.strip()}\n\n{TABLE}"
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    command.add_arguments(parser)
    parser.set_defaults(run=command.run)
