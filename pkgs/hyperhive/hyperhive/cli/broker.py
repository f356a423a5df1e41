"""`hyperhive broker`."""

import argparse
from pathlib import Path
from typing import Final

from hyperhive.broker import run as run_broker
from hyperhive.cli.command import add_rendered_config
from hyperhive.config import load_broker_config

DETAILS: Final = """
Runs until SIGTERM or SIGINT. It is ready when its admin socket answers (`hyperhive status`).
NixOS starts it as a unit, `hyperhive up` as a child process; by hand it is rarely needed."""
EXAMPLES: Final = "hyperhive broker --config .hyperhive/config/broker.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_rendered_config(parser, "broker.json")


def run(args: argparse.Namespace) -> int:
    return run_broker(load_broker_config(Path(args.config)))
