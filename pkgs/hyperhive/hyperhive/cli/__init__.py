"""The command line: one file per noun, of which only the one that is called is loaded."""

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from hyperhive.cli.command import FAILED, INTERRUPTED, UNREACHABLE, complain
from hyperhive.cli.parser import build_parser
from hyperhive.errors import HyperhiveError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are those of the process by default. Returns the exit code."""
    args = _parse(arguments)
    try:
        code: int = args.run(args)
        if not sys.stdout.closed:
            sys.stdout.flush()
    except HyperhiveError as error:
        mistakes = getattr(error, "mistakes", ())
        complain(error.key, error.message, as_json=args.json, mistakes=mistakes)
        return UNREACHABLE if getattr(error, "unreachable", False) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough; the interpreter's own flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Load the command and read its options, without looking for garbage in what modules make.

    Looking through all of that takes a tenth of the time until a broker or harness is up.
    """
    given = sys.argv[1:] if arguments is None else arguments
    gc.disable()
    try:
        return build_parser(given).parse_args(given)
    finally:
        if arguments is None:
            gc.freeze()
        gc.enable()
