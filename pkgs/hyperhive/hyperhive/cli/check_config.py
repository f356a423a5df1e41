"""`hyperhive check-config`."""

import argparse
from pathlib import Path
from typing import Final

from hyperhive.cli.config_files import KINDS, check, guess_kind
from hyperhive.cli.exit_codes import OK
from hyperhive.cli.output import emit

DETAILS: Final = """
Every mistake is named with file, dotted key and value. NixOS runs this on the rendered files while the
system builds."""
EXAMPLES: Final = """
  hyperhive check-config hive.toml
  hyperhive check-config --kind harness /etc/hyperhive/harness.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a hive in TOML, broker.json or harness.json")
    parser.add_argument("--kind", choices=KINDS, help="what FILE is (default: seen from its ending and keys)")


def run(args: argparse.Namespace) -> int:
    """Check one file."""
    kind = args.kind or guess_kind(args.file)
    names = check(args.file, kind)
    emit(args, {"kind": kind, "agents": names}, f"{args.file}: a good {kind} file ({', '.join(names)})")
    return OK
