"""`hyperhive up`."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import textwrap
from pathlib import Path
from typing import Final

from hyperhive.cli.command import OK, emit, printable
from hyperhive.cli.config_files import load_hive_file
from hyperhive.cli.streams import say
from hyperhive.config.hive_file import Hive, documented_keys
from hyperhive.errors import ConfigError, NotFoundError
from hyperhive.system.installation import examples_dir
from hyperhive.system.processes import ChildEvent, ChildState
from hyperhive.up.credentials import Secrets, agents_without_account, read_sources
from hyperhive.up.paths import is_short
from hyperhive.up.processes import HiveProcesses

DETAILS: Final = f"""
Runs until Ctrl-C or SIGTERM and leaves no process behind. Agents are plain processes of yours: what keeps
them apart on NixOS (users, containers, networks) is missing here, their policies are not.

Every key that the file may leave out, with its default:
{textwrap.indent(documented_keys(), "  ")}"""
EXAMPLES: Final = """
  hyperhive up
  hyperhive up --config hive.toml --state-dir /var/tmp/hive
  hyperhive up --json     # one document with the login address as soon as the hive runs"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config", metavar="FILE", type=Path, default=Path("hive.toml"), help="the hive (%(default)s)"
    )
    parser.add_argument(
        "--state-dir",
        metavar="DIR",
        type=Path,
        default=Path(".hyperhive"),
        help="database, sockets and the agents' files (%(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Run the hive until it is told to end."""
    if not args.config.exists():
        raise NotFoundError(
            f"there is no {args.config}: start from {examples_dir() / 'hive.toml'}, or see `hyperhive demo`"
        )
    hive = load_hive_file(args.config, args.state_dir)
    secrets = read_sources(hive.credentials, os.environ)
    _check_accounts(args.config, hive, secrets)
    return asyncio.run(_serve(args, hive, secrets))


def _check_accounts(path: Path, hive: Hive, secrets: Secrets) -> None:
    """Say what is missing; without any account at all there is nothing to run."""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in secrets.missing.items())
    without = agents_without_account(hive, secrets)
    if len(without) == len(hive.harnesses):
        raise ConfigError(
            f"{path}: no agent has a Claude account ({reasons or 'none is configured'}): set one as "
            "[credentials] says (`claude setup-token` makes a token), or see a hive without: hyperhive demo"
        )
    if reasons:
        _say(f"missing credentials: {reasons}")
    if without:
        _say(f"without a Claude account, to be logged in by you: {', '.join(without)}")


async def _serve(args: argparse.Namespace, hive: Hive, secrets: Secrets) -> int:
    width = max(len(name) for name in ("broker", *hive.harnesses))
    processes = HiveProcesses(
        hive,
        secrets,
        on_line=lambda name, line: _say(line, name.ljust(width)),
        on_event=_tell,
    )
    _end_on_signals()
    with contextlib.suppress(asyncio.CancelledError):
        async with processes:
            if is_short(processes.paths):
                _say(f"sockets are in {processes.paths.runtime_dir}, where their paths are short enough")
            _welcome(args, hive, processes)
            await asyncio.Event().wait()
    return OK


def _end_on_signals() -> None:
    """Cancel the running task at the first signal; one more must not interrupt the cleaning up."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # `nohup` asks to outlive the terminal.
        numbers.append(signal.SIGHUP)

    def end() -> None:
        for number in numbers:
            loop.add_signal_handler(number, lambda: None)
        _say("ending")
        if task is not None:
            task.cancel()

    for number in numbers:
        loop.add_signal_handler(number, end)


def _welcome(args: argparse.Namespace, hive: Hive, processes: HiveProcesses) -> None:
    names = list(hive.harnesses)
    document = {
        "login_url": processes.login_url,
        "socket": str(processes.admin_socket),
        "agents": names,
        "pid": os.getpid(),
    }
    text = (
        f"The hive is up: {', '.join(names)}\n"
        f"  open it    {processes.login_url}\n"
        f"  look       hyperhive status --socket {processes.admin_socket}\n"
        "  end it     Ctrl-C"
    )
    emit(args, document, text)
    sys.stdout.flush()


def _tell(event: ChildEvent) -> None:
    match event.state:
        case ChildState.EXITED:
            _say(f"{event.name} ended with code {event.code}")
        case ChildState.RESTARTING:
            _say(f"{event.name} starts again in {event.delay:g} s")
        case ChildState.STARTED | ChildState.STOPPED:
            pass


def _say(line: str, name: str = "hyperhive") -> None:
    # The terminal may be gone; the hive is to be ended in order all the same.
    say(f"{name} | {printable(line)}")
