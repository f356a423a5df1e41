"""`hyperhive harness`."""

import argparse
from pathlib import Path
from typing import Final

from hyperhive.cli.command import add_rendered_config
from hyperhive.config import load_harness_config
from hyperhive.harness.main import run as run_harness

DETAILS: Final = """
Keeps one Claude Code session of the agent warm and feeds it with mail, until SIGTERM or SIGINT.
Secrets are files in $CREDENTIALS_DIRECTORY, named as the configuration names them."""
EXAMPLES: Final = "hyperhive harness --config .hyperhive/config/harness-coder.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_rendered_config(parser, "harness.json")


def run(args: argparse.Namespace) -> int:
    path = Path(args.config)
    return run_harness(load_harness_config(path), path)
