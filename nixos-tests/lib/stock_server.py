"""An extra MCP server for an agent: a shelf of jars to be counted and cleared; no packages needed."""

import json
import sys
from typing import Any, Final

SCHEMA: Final = {"type": "object", "properties": {}}
TOOLS: Final = [
    {"name": "count", "description": "Count the jars.", "inputSchema": SCHEMA},
    {"name": "clear", "description": "Take every jar away.", "inputSchema": SCHEMA},
]


class Shelf:
    """The jars of this process."""

    def __init__(self) -> None:
        self.jars = 12

    def call(self, tool: str) -> str:
        """Run a tool; what it says."""
        if tool == "clear":
            self.jars = 0
        return f"{self.jars} jars"


def answer(shelf: Shelf, method: str, parameters: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a request, or null for one that this server does not know."""
    match method:
        case "initialize":
            return {
                "protocolVersion": parameters["protocolVersion"],
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "stock", "version": "1"},
            }
        case "tools/list":
            return {"tools": TOOLS}
        case "tools/call":
            return {"content": [{"type": "text", "text": shelf.call(parameters["name"])}]}
        case _:
            return None


def main() -> None:
    """Answer one JSON-RPC message a line until standard input ends."""
    shelf = Shelf()
    for line in sys.stdin:
        request = json.loads(line)
        if "id" not in request:
            continue
        result = answer(shelf, request["method"], request.get("params") or {})
        outcome = {"error": {"code": -32601, "message": "unknown"}} if result is None else {"result": result}
        sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
