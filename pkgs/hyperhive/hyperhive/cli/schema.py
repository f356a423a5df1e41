"""`hyperhive schema`."""

import argparse
from pathlib import Path
from typing import Final

from hyperhive.cli.command import FAILED, OK, emit
from hyperhive.config import schema
from hyperhive.errors import InvalidRequestError
from hyperhive.system.installation import contract_dir

DETAILS: Final = """
The NixOS module takes its options' defaults and descriptions from these schemas. Without --output they belong
to the checkout that this program runs from."""
EXAMPLES: Final = """
  hyperhive schema
  hyperhive schema --check
  hyperhive schema --output /tmp/contract
  hyperhive schema --json --check"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail when a file is not up to date"
    )
    parser.add_argument("--output", metavar="DIR", type=Path, help="the directory of the schema files")


def run(args: argparse.Namespace) -> int:
    directory = args.output or contract_dir()
    if directory is None:
        raise InvalidRequestError("this is an installed package and no checkout: say where with --output DIR")
    if not args.check:
        paths = [str(path) for path in schema.write(directory)]
        emit(args, {"written": paths}, "\n".join(paths))
        return OK
    stale = schema.stale(directory)
    refresh = f"hyperhive schema --output {directory}"
    text = f"not up to date: {', '.join(stale)}; refresh with: {refresh}" if stale else "up to date"
    emit(args, {"stale": stale, "refresh": refresh if stale else None}, text)
    return FAILED if stale else OK
