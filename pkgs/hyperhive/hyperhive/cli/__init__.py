"""The command line: one file per noun, of which only the one that is called is loaded."""

import os
import sys
from collections.abc import Sequence

from hyperhive.cli.exit_codes import FAILED, INTERRUPTED, UNREACHABLE
from hyperhive.cli.output import complain
from hyperhive.cli.parser import build_parser
from hyperhive.errors import HyperhiveError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; `arguments` are those of the process by default. Returns the exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    args = build_parser(given).parse_args(given)
    try:
        code: int = args.run(args)
        if not sys.stdout.closed:
            sys.stdout.flush()
    except HyperhiveError as error:
        key = getattr(error, "reason", error.key)
        complain(key, error.message, as_json=args.json)
        return UNREACHABLE if getattr(error, "unreachable", False) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`head`, a pager) has seen enough; the interpreter's own flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code
