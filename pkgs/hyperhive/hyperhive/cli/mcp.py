"""`hyperhive mcp`."""

import argparse
from pathlib import Path
from typing import Final

from hyperhive.cli.command import add_rendered_config
from hyperhive.config import load_harness_config
from hyperhive.harness.mcp_stdio import run as run_stdio

DETAILS: Final = """
Speaks MCP on standard input and output as the agent of the given configuration, until its input ends."""
EXAMPLES: Final = "claude mcp add hyperhive -- hyperhive mcp --config .hyperhive/config/harness-coder.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_rendered_config(parser, "harness.json")


def run(args: argparse.Namespace) -> int:
    return run_stdio(load_harness_config(Path(args.config)))
