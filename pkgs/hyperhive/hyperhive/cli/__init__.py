"""The command line: one file per noun, of which only the one that is called is loaded."""

import argparse
import gc
import sys
from collections.abc import Sequence

from hyperhive.cli.command import FAILED, INTERRUPTED, UNREACHABLE, complain
from hyperhive.cli.parser import build_parser
from hyperhive.cli.streams import OutputError, drop_output, flush_output, take_streams
from hyperhive.errors import HyperhiveError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are those of the process by default. Returns the exit code."""
    if arguments is None:
        take_streams()
    args = argparse.Namespace(json=False)
    try:
        try:
            args = _parse(arguments)
            code: int = args.run(args)
        finally:
            # Also of `--help`, which ends the process from within.
            flush_output()
    except (HyperhiveError, KeyboardInterrupt, BrokenPipeError) as error:
        return _failed(error, as_json=args.json)
    except BaseExceptionGroup as group:
        # Tasks that belong together end with one; what is none of ours is still a traceback.
        ours, rest = group.split((HyperhiveError, KeyboardInterrupt, BrokenPipeError))
        if ours is None or rest is not None:
            raise
        return _failed(_first(ours), as_json=args.json)
    return code


def _failed(error: BaseException, *, as_json: bool) -> int:
    """Say what went wrong, where there is still somewhere to say it; returns the exit code."""
    match error:
        case OutputError():
            drop_output()
            complain(error.key, error.message, as_json=False)
        case HyperhiveError():
            complain(error.key, error.message, as_json=as_json, mistakes=getattr(error, "mistakes", ()))
            return UNREACHABLE if getattr(error, "unreachable", False) else FAILED
        case BrokenPipeError():
            # The reader (`head`, a pager) has seen enough, which is nothing to tell anybody.
            drop_output()
        case _:
            return INTERRUPTED
    return FAILED


def _first(group: BaseExceptionGroup) -> BaseException:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


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
