"""`hyperhive stats`."""

import argparse
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import OK, add_socket, ago, emit, printable, table
from hyperhive.cli.streams import text_argument

DETAILS: Final = """
Without an agent: of the whole hive. What is older is kept less finely; [retention] says for how long.
With --json: the report that the dashboard's charts are drawn from."""
EXAMPLES: Final = """
  hyperhive stats
  hyperhive stats coder --since 7d
  hyperhive stats --since 30d --json | jq .totals"""

_UNITS: Final = {"m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_MIB: Final = 1024 * 1024
_BARS: Final = " ▁▂▃▄▅▆▇█"
_BUCKETS: Final = 48

Totals = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "agent", metavar="AGENT", type=text_argument, nargs="?", default="", help="an agent's name"
    )
    parser.add_argument(
        "--since",
        metavar="AGO",
        type=_seconds,
        default="24h",
        help="how far back: a number with m, h, d or w (%(default)s)",
    )
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    now = time.time()
    asked = {"agent": args.agent, "since": now - args.since, "until": now, "buckets": _BUCKETS}
    report = admin_client(args).get(f"/api/stats?{urlencode(asked)}")
    title = f"{args.agent or 'the hive'}, the last {ago(args.since)}"
    emit(args, report, f"{title}\n{table(list(_rows(report, now)))}")
    return OK


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhdw])", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time such as 30m, 24h, 7d or 4w")
    return float(match[1]) * _UNITS[match[2]]


def _rows(report: Mapping[str, Any], now: float) -> Iterator[tuple[str, str]]:
    totals, series = report["totals"], report["series"]
    last = report["last_turn_at"]
    yield "last turn", "never" if last is None else f"{ago(now - last)} ago"
    yield "turns", f"{_spark(series.get('turn.count', ()))} {totals.get('turn.count', 0)}".strip()
    yield "results", _parts(totals, "turn.result.")
    yield "duration", f"p50 {_duration(totals, 'p50')}, p95 {_duration(totals, 'p95')}"
    yield (
        "tool calls",
        f"{totals.get('turn.tool_calls', 0)}, {_number(totals, 'turn.tool_calls_per_turn')} a turn",
    )
    yield "tools", ", ".join(f"{printable(name)} {count}" for name, count in report["tools"].items()) or "-"
    yield "inbox", f"{totals.get('inbox.depth', 0)} queued, {totals.get('inbox.depth.max', 0)} at most"
    yield "sent to", _parts(totals, "messages.sent.")
    yield "received from", _parts(totals, "messages.received.")
    subagents = totals.get("subagents.tokens")
    beside = f" ({subagents} of them by subagents)" if subagents else ""
    yield "tokens", f"{_parts(totals, 'tokens.')}{beside}"
    yield "cost", f"${totals.get('cost_usd', 0):.2f} (estimate)"
    limit = report["stored_limit"]
    at_most = f" of {limit / _MIB:.0f} MiB" if limit else ""
    yield "stored", f"{report['stored_bytes'] / _MIB:.1f} MiB{at_most}"
    if report["agent"]:
        yield "context", f"{_number(totals, 'context.used')} tokens"
        yield "notes", f"{_number(totals, 'notes.bytes')} bytes"


def _parts(totals: Totals, prefix: str) -> str:
    """`peer 3, operator 1` of the keys with that prefix."""
    found = [(key.removeprefix(prefix), value) for key, value in totals.items() if key.startswith(prefix)]
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in found if value) or "-"


def _duration(totals: Totals, quantile: str) -> str:
    milliseconds = totals.get(f"turn.duration_ms.{quantile}")
    if milliseconds is None:
        return "-"
    return f"{milliseconds / 1000:.1f} s" if milliseconds < 60_000 else ago(milliseconds / 1000)


def _number(totals: Totals, key: str) -> str:
    value = totals.get(key)
    return "-" if value is None else f"{value:.1f}".removesuffix(".0")


def _spark(numbers: Sequence[float | None]) -> str:
    """One character a bucket, as high as its number."""
    most = max((one for one in numbers if one is not None), default=0)
    steps = len(_BARS) - 1
    return "".join(" " if one is None else _BARS[-int(-one * steps // (most or 1))] for one in numbers)
