"""`python -m bench`: measures what was asked for and prints one document."""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bench import commits, dashboard, evaluate, hostile, judging, latency, machine, memory, terminal, wake
from bench.report import Section, readable
from hyperhive.errors import HyperhiveError


class Measure(Protocol):
    """Measures in a directory of its own; `quick` only shows that it works."""

    def __call__(self, directory: Path, *, quick: bool) -> Awaitable[Section]:
        """The section of the document."""


@dataclass(frozen=True)
class Measurement:
    """One section of the document and the seconds after which it is given up."""

    measure: Measure
    limit: float


MEASUREMENTS: Final = {
    "wake": Measurement(wake.measure, 80),
    "commits": Measurement(commits.measure, 55),
    "latency": Measurement(latency.measure, 30),
    "terminal": Measurement(terminal.measure, 60),
    "memory": Measurement(memory.measure, 65),
    "dashboard": Measurement(dashboard.measure, 420),
    "evaluate": Measurement(evaluate.measure, 120),
    "judging": Measurement(judging.measure, 180),
    "hostile": Measurement(hostile.measure, 300),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; the exit code is 1 when a section failed, 128 + n when signal n ended it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(MEASUREMENTS), help="may be given again")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    parser.add_argument("--quick", action="store_true", help="show that it works; the numbers mean nothing")
    parser.add_argument(
        "--directory",
        type=Path,
        default=Path(),
        help="a directory on the disk to measure (default: this one)",
    )
    options = parser.parse_args(arguments)
    try:
        document = asyncio.run(
            _measured(options.directory.resolve(), options.only or list(MEASUREMENTS), quick=options.quick)
        )
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except asyncio.CancelledError:
        return 128 + signal.SIGTERM
    except (HyperhiveError, OSError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(document, indent=2) if options.json else readable(document)}\n")
    return 1 if any("error" in document[name] for name in MEASUREMENTS if name in document) else 0


async def _measured(place: Path, names: list[str], *, quick: bool) -> Section:
    _cancel_on_sigterm()
    began = time.monotonic()
    # Not the system's temporary directory: that may be memory, and this is about a disk.
    with tempfile.TemporaryDirectory(
        prefix=".hyperhive-bench-", dir=place, ignore_cleanup_errors=True
    ) as made:
        directory = Path(made)
        document: Section = {"machine": await machine.facts(directory, quick=quick)}
        for name in MEASUREMENTS:
            if name in names:
                sys.stderr.write(f"bench: {name} ...\n")
                document[name] = await _section(MEASUREMENTS[name], directory / name, quick=quick)
    document["quick"] = quick
    document["seconds"] = round(time.monotonic() - began, 1)
    return document


async def _section(measurement: Measurement, directory: Path, *, quick: bool) -> Section:
    """What was measured, or why it was not: one section that fails must not cost the others."""
    try:
        await asyncio.to_thread(directory.mkdir)
        async with asyncio.timeout(measurement.limit):
            return await measurement.measure(directory, quick=quick)
    except TimeoutError:
        return {"error": f"took longer than {measurement.limit:g} s"}
    except (HyperhiveError, OSError, asyncio.IncompleteReadError) as error:
        return {"error": str(error)}


def _cancel_on_sigterm() -> None:
    task = asyncio.current_task()
    cancel: Callable[[], object] = task.cancel if task is not None else lambda: None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, cancel)


if __name__ == "__main__":
    sys.exit(main())
