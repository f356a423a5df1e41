"""`hyperhive status`."""

import argparse
import time
from collections.abc import Iterator
from typing import Any, Final

from hyperhive.cli.broker_socket import admin_client
from hyperhive.cli.command import OK, add_socket, ago, emit, one_line, table

DETAILS: Final = """
With --json: the whole snapshot that the dashboard starts from."""
EXAMPLES: Final = """
  hyperhive status
  hyperhive status --json | jq '.agents[] | {name, state: .status.state}'"""

_HEAD: Final = ("AGENT", "ROLE", "STATE", "MODEL", "CONTEXT", "INBOX", "TURNS", "COST", "LAST TURN", "")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_socket(parser)


def run(args: argparse.Namespace) -> int:
    state = admin_client(args).get("/api/state")
    rows = [_HEAD, *(_row(agent, time.time()) for agent in state["agents"])]
    questions = [question for question in state["questions"] if question["state"] == "open"]
    servers = [line for agent in state["agents"] for line in _servers(agent)]
    limited = [_limited(agent) for agent in state["agents"] if agent["limited_today"]]
    parts = [
        table(rows),
        *(["\n".join(servers)] if servers else []),
        *(["\n".join(limited)] if limited else []),
        *(_question(question) for question in questions),
    ]
    if state["unread"]:
        parts.append(f"{state['unread']} messages to you: hyperhive inbox")
    if parked := len(state["parked"]):
        more = "" if state["parked_before"] is None else " or more"
        parts.append(f"{parked}{more} parked messages: hyperhive parked")
    emit(args, state, "\n\n".join(parts))
    return OK


def _row(agent: dict[str, Any], now: float) -> tuple[str, ...]:
    status = agent["status"]
    used, most, last = status["context_used"], status["context_max"], agent["last_turn_at"]
    waiting, tool = agent["waiting"], status["tool"]
    detail = status["detail"]
    if waiting:
        detail = f"an answer from {waiting['on']} to question {waiting['question']}"
    elif tool:
        detail = f"{tool['name']} for {ago(now - tool['since'])}"
    return (
        agent["name"],
        agent["role"],
        "waiting" if waiting else "silent" if status["silent"] else status["state"],
        one_line(status["model"], 30),
        f"{100 * used // most} %" if used is not None and most else "-",
        str(agent["inbox_depth"]),
        str(agent["turns_today"]),
        f"${agent['cost_today_usd']:.2f}",
        "-" if last is None else f"{ago(now - last)} ago",
        one_line(detail, 60),
    )


def _servers(agent: dict[str, Any]) -> Iterator[str]:
    """A line for each of its MCP servers that needs a look, and for each remark about one."""
    for server in agent["mcp_servers"]:
        where = f"MCP server {server['name']} of {agent['name']}"
        if server["reason"]:
            yield f"{where}: {one_line(server['reason'], 300)}"
            yield f"  hyperhive restart {agent['name']}, once it is mended"
        yield from (f"{where}: {one_line(remark, 300)}" for remark in server["remarks"])


def _limited(agent: dict[str, Any]) -> str:
    counts = ", ".join(f"{kind} {count} times" for kind, count in sorted(agent["limited_today"].items()))
    return f"{agent['name']} met limits at the broker today (limits.broker): {counts}"


def _question(question: dict[str, Any]) -> str:
    options = "".join(f"\n  - {one_line(option, 100)}" for option in question["options"])
    who = (
        question["asker"]
        if question["target"] == "operator"
        else f"{question['asker']} to {question['target']}"
    )
    return (
        f"question {question['id']} from {who}: {one_line(question['question'], 300)}{options}\n"
        f"  hyperhive answer {question['id']} TEXT"
    )
