"""`hyperhive tool-hook`."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Final

from hyperhive.cli.command import OK, USAGE, add_rendered_config, printable
from hyperhive.cli.streams import read_input, say
from hyperhive.config import load_harness_config
from hyperhive.harness.gate import Gate

DETAILS: Final = """
Reads the call of a tool from standard input, as Claude Code hands it to a PreToolUse hook, and says whether
the agent may make it and what Bash is to run. Exit code 2 refuses, and stands for every failure, too."""
EXAMPLES: Final = "hyperhive tool-hook --config /etc/hyperhive/harness.json < call.json"

#: The only exit code at which Claude Code does not run the tool.
REFUSE: Final = USAGE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_rendered_config(parser, "harness.json")


def run(args: argparse.Namespace) -> int:
    try:
        gate = Gate(load_harness_config(Path(args.config)))
        call = json.loads(read_input())
        decision = asyncio.run(gate.decide(call))
        if decision.refusal is None:
            print(json.dumps(decision.answer(call)), flush=True)
            return OK
        reason = decision.reason
    except Exception as error:  # noqa: BLE001 - whatever went wrong, the call does not run
        reason = f"hyperhive could not check this: {error}"
    say(printable(reason))
    return REFUSE
