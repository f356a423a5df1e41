"""A raw MCP server for tests: newline-delimited JSON-RPC on standard streams, with one fault as told.

    python mcp_server.py '{"tools": [...], "fault": "..."}'

The first argument is JSON: `tools` are the definitions as they are sent, `pages` answers of `tools/list` by
cursor, `log` is a file that gets what was received. `fault` names what is done in the place of a sound
answer, other faults are tools. No library is used, so that it starts at once and can be as wrong as it likes.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: `"x*9"` stands for nine x: an argument has a bounded length.
TOLD: dict[str, Any] = json.loads(re.sub(r"x\*([0-9]+)", lambda found: "x" * int(found[1]), sys.argv[1]))
FAULT = TOLD.get("fault", "")
#: By id, in a list so that it can be added to.
HELD: list[dict[str, Any]] = []


def write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def send(**message: Any) -> None:
    write(json.dumps({"jsonrpc": "2.0", **message}))


def answer(call: dict[str, Any], result: Any) -> None:
    send(id=call["id"], result=result)


def said(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


def log(text: str) -> None:
    if "log" in TOLD:
        with Path(TOLD["log"]).open("a") as file:
            file.write(text + "\n")


def initialize(call: dict[str, Any]) -> None:
    if FAULT == "initialize silent":
        return
    if FAULT == "initialize closes":
        sys.stderr.write("listening on nothing\n")
        sys.stderr.flush()
        os.close(1)
        time.sleep(60)
    if FAULT == "initialize exits":
        sys.stderr.write("ModuleNotFoundError: No module named 'orders'\n")
        sys.exit(1)
    capabilities = {"tools": {"listChanged": True}}
    about = {"name": "raw", "version": "1"}
    answer(call, {"protocolVersion": "2025-06-18", "capabilities": capabilities, "serverInfo": about})


def list_tools(call: dict[str, Any]) -> None:
    cursor = (call.get("params") or {}).get("cursor")
    log(f"list {cursor}")
    if FAULT == "list silent":
        return
    while FAULT == "list late" and not Path(TOLD["gate"]).exists():
        time.sleep(0.05)
    if FAULT == "list error":
        send(id=call["id"], error={"code": -32603, "message": "the database is locked"})
    elif FAULT == "list without end":
        number = int(cursor or "0")
        tool = {"name": f"t{number}", "inputSchema": {"type": "object"}}
        answer(call, {"tools": [tool], "nextCursor": str(number + 1)})
    elif "pages" in TOLD:
        answer(call, TOLD["pages"][cursor or ""])
    else:
        answer(call, {"tools": TOLD.get("tools", [])})


def hold(call: dict[str, Any], _: str) -> None:
    HELD.append(call)


def release(call: dict[str, Any], _: str) -> None:
    while HELD:
        answer(HELD.pop(), said("much too late"))
    answer(call, said("released"))


def deep(call: dict[str, Any], text: str) -> None:
    levels = int(text)
    answer(call, {**said("deep"), "structuredContent": json.loads('{"a":' * levels + "1" + "}" * levels)})


def leave(_: dict[str, Any], __: str) -> None:
    sys.stderr.write("out of orders\n")
    sys.stderr.flush()
    os._exit(3)


def close(_: dict[str, Any], __: str) -> None:
    os.close(1)
    time.sleep(60)


def garbage(call: dict[str, Any], _: str) -> None:
    for line in ("Starting orders 1.0 …", "[1, 2]", '{"hello": "world"}', "17", "", "[" * 200_000):
        write(line)
    send(id=9999, result=said("of nobody"))
    send(id="x", result=said("of nobody"))
    answer(call, said("one"))
    answer(call, said("two"))


def half_a_pair(call: dict[str, Any], _: str) -> None:
    """JSON that Python makes, but that is not what others call JSON."""
    answer(call, {**said("a\ud83d!"), "structuredContent": {"n": float("nan")}})


def progress(call: dict[str, Any], text: str) -> None:
    token = call["params"]["_meta"]["progressToken"]
    for step in range(int(text)):
        time.sleep(0.25)
        send(method="notifications/progress", params={"progressToken": token, "progress": step})
    answer(call, said("done"))


def flood(call: dict[str, Any], _: str) -> None:
    for _ in range(20_000):
        send(method="notifications/message", params={"level": "info", "data": "x"})
    answer(call, said("dry"))


def asks(call: dict[str, Any], _: str) -> None:
    send(id=1, method="roots/list", params={})
    send(id="p", method="ping")
    answer(call, said("asked"))


def grow(call: dict[str, Any], text: str) -> None:
    TOLD.setdefault("tools", []).append({"name": text, "inputSchema": {"type": "object"}})
    for _ in range(50):
        send(method="notifications/tools/list_changed")
    answer(call, said("grown"))


def children(call: dict[str, Any], _: str) -> None:
    """One that has left the session and ignores what is polite, and one that holds the output."""
    stubborn = "trap '' TERM HUP; sleep 300 & sleep 300; sleep 300"
    pids = [
        subprocess.Popen(["sh", "-c", stubborn], start_new_session=True, stdout=2).pid,
        subprocess.Popen(["sleep", "300"]).pid,
    ]
    answer(call, said(" ".join(map(str, [os.getpid(), *pids]))))


TOOLS: dict[str, Callable[[dict[str, Any], str], object]] = {
    "asks": asks,
    "children": children,
    "close": close,
    "deep": deep,
    "error": lambda call, _: send(id=call["id"], error={"code": -32001, "message": "not today"}),
    "exit": leave,
    "flood": flood,
    "garbage": garbage,
    "grow": grow,
    "half a pair": half_a_pair,
    "huge": lambda call, text: answer(call, said("x" * int(text))),
    "late": hold,
    "nonsense": lambda call, _: answer(call, {"content": "no list"}),
    "null": lambda call, _: answer(call, None),
    "progress": progress,
    "release": release,
    "silent": hold,
    "text id": lambda call, _: send(id=str(call["id"]), result=said("by text")),
}


def call_tool(call: dict[str, Any]) -> None:
    name = call["params"]["name"]
    log(f"call {name}")
    text = call["params"].get("arguments", {}).get("text", "hi")
    TOOLS.get(name, lambda call, text: answer(call, said(f"{name}: {text}")))(call, text)


def main() -> None:
    if FAULT == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    log(f"pid {os.getpid()}")
    for line in sys.stdin:
        call = json.loads(line)
        log("got " + call.get("method", "an answer") + (" error" if "error" in call else ""))
        match call.get("method"):
            case "initialize":
                initialize(call)
            case "tools/list":
                list_tools(call)
            case "tools/call":
                call_tool(call)
    while FAULT == "stubborn":
        time.sleep(1)


main()
