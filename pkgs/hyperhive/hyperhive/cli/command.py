"""What commands share: what one is, options, exit codes, and output in which nothing steers a terminal."""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hyperhive.cli.streams import OutputError, drop_output, say
from hyperhive.text import is_unseen, sound

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
REFUSED: Final = 4
INTERRUPTED: Final = 130

#: `--help` prints it.
TABLE: Final = """exit codes:
  0    done
  1    failed; the reason is one line on standard error: hyperhive: KEY: MESSAGE
  2    wrong usage
  3    no broker answers
  4    explain: the command would be refused
  130  interrupted"""


@dataclass(frozen=True)
class Command:
    """One of the commands in a module that has several.

    Attributes:
        details: What `--help` says below the summary.
        run: Returns the exit code.
    """

    details: str
    examples: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add_socket(parser: argparse.ArgumentParser) -> None:
    """The option of every command that calls a running broker."""
    parser.add_argument(
        "--socket",
        metavar="PATH",
        help="the broker's admin socket (default: $HYPERHIVE_SOCKET, ./.hyperhive/run/admin.sock, "
        "/run/hyperhive/admin.sock)",
    )


def add_rendered_config(parser: argparse.ArgumentParser, name: str) -> None:
    """The rendered configuration file of a daemon."""
    parser.add_argument("--config", metavar="FILE", required=True, help=f"the rendered {name}")


def emit(args: argparse.Namespace, document: Any, text: str) -> None:
    """Print `document` with `--json`, `text` (without line end; nothing when empty) otherwise."""
    if args.json:
        document, _ = sound(document)
        print(json.dumps(document, indent=2))
    elif text:
        print(text)


def complain(
    key: str, message: str, *, as_json: bool, mistakes: Sequence[Mapping[str, str | None]] = ()
) -> None:
    """Print an error: on standard error in any case, and as the JSON document when one was asked for."""
    for line in message.splitlines() or [""]:
        say(f"hyperhive: {key}: {printable(line)}")
    if as_json:
        told = {"mistakes": list(mistakes)} if mistakes else {}
        document, _ = sound({"error": {"key": key, "message": message, **told}})
        try:
            print(json.dumps(document, indent=2), flush=True)
        except (OSError, OutputError):
            drop_output()


def printable(text: str) -> str:
    """The text with what could steer a terminal, or that nobody sees, written out; lines and tabs stay."""
    return "".join(
        char if (char.isprintable() and not is_unseen(char)) or char in "\n\t" else ascii(char)[1:-1]
        for char in text
    )


def one_line(text: str, width: int) -> str:
    """The beginning of the text on one line of at most `width` characters."""
    flat = printable(" ".join(text.split()))
    return flat if len(flat) <= width else flat[: width - 1] + "…"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; the last one is not padded."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def ago(seconds: float) -> str:
    """A length of time with one unit, as `4 min`."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"


def clock_time(timestamp: float) -> str:
    """Local date and time of day."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(timestamp))
