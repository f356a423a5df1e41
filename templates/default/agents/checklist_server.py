#!/usr/bin/env python3
"""An extra MCP server for an agent: the points of a review, as one tool over stdio, no packages needed."""

import json
import sys
from typing import Any, Final

ITEMS: Final = (
    "Does the change do what its description says, and nothing else?",
    "Is every new behaviour covered by a test that fails without it?",
    "Are errors handled where something can be done about them?",
)
TOOL: Final = {
    "name": "list_items",
    "description": "List the points that every review must answer.",
    "inputSchema": {"type": "object", "properties": {}},
}


def answer(method: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request, or null for one that this server does not know."""
    match method:
        case "initialize":
            return {
                "protocolVersion": parameters["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "checklist", "version": "1"},
            }
        case "tools/list":
            return {"tools": [TOOL]}
        case "tools/call" if parameters["name"] == TOOL["name"]:
            return {"content": [{"type": "text", "text": "\n".join(ITEMS)}]}
        case "ping":
            return {}
        case _:
            return None


def main() -> None:
    """Answer one JSON-RPC message a line until standard input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        result = answer(request["method"], request.get("params") or {})
        outcome = {"error": {"code": -32601, "message": "unknown"}} if result is None else {"result": result}
        print(json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}), flush=True)  # noqa: T201 - it speaks on stdout


if __name__ == "__main__":
    main()
