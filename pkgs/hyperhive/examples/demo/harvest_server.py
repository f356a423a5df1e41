"""An MCP server over stdio that answers SQL queries about a small SQLite file.

Usage: harvest_server.py DATABASE CSV. The database is made from the CSV file when it is not there.
Tools: `tables`, `query` (reads only) and `clear`, which an agent should not get.
"""

import asyncio
import csv
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from mcp import types
from mcp.server import Server
from mcp.server.stdio import stdio_server

SQL = {"type": "object", "properties": {"sql": {"type": "string"}}, "required": ["sql"]}
NOTHING = {"type": "object", "properties": {}}
TOOLS = [
    types.Tool(name="tables", description="The tables and their columns.", inputSchema=NOTHING),
    types.Tool(name="query", description="Run one SELECT; rows come back as CSV.", inputSchema=SQL),
    types.Tool(name="clear", description="Delete all rows.", inputSchema=NOTHING),
]


def create(database: Path, source: Path) -> None:
    """Make the database from a CSV file with the columns apiary, honey, month and kg."""
    with source.open(newline="") as file, closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("CREATE TABLE harvest (apiary TEXT, honey TEXT, month TEXT, kg REAL)")
        rows = [(row["apiary"], row["honey"], row["month"], float(row["kg"])) for row in csv.DictReader(file)]
        connection.executemany("INSERT INTO harvest VALUES (?, ?, ?, ?)", rows)


def run(database: Path, name: str, arguments: dict[str, Any]) -> str:
    """Run one tool and return its text.

    Raises:
        ValueError: There is no such tool.
        sqlite3.Error: The statement is wrong or not allowed.
    """
    mode = "rw" if name == "clear" else "ro"
    address = f"{database.resolve().as_uri()}?mode={mode}"
    with closing(sqlite3.connect(address, uri=True)) as connection, connection:
        match name:
            case "tables":
                return "\n".join(row[0] for row in connection.execute("SELECT sql FROM sqlite_master"))
            case "query":
                cursor = connection.execute(arguments["sql"])
                head = [",".join(column[0] for column in cursor.description or [])]
                return "\n".join(head + [",".join(map(str, row)) for row in cursor.fetchmany(200)])
            case "clear":
                deleted = connection.execute("DELETE FROM harvest").rowcount
                return f"{deleted} rows deleted"
            case _:
                raise ValueError(f"there is no tool {name!r}")


async def serve(database: Path) -> None:
    """Serve MCP on stdin and stdout."""
    server: Server[object, object] = Server("harvest")

    async def list_tools() -> list[types.Tool]:
        return TOOLS

    async def call_tool(name: str, arguments: dict[str, Any]) -> list[types.TextContent]:
        text = await asyncio.to_thread(run, database, name, arguments)
        return [types.TextContent(type="text", text=text)]

    # mcp leaves these decorators untyped.
    server.list_tools()(list_tools)  # type: ignore[no-untyped-call]
    server.call_tool()(call_tool)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


def main() -> None:
    """Read the two paths from the command line and serve."""
    database, source = Path(sys.argv[1]), Path(sys.argv[2])
    if not database.exists():
        create(database, source)
    asyncio.run(serve(database))


if __name__ == "__main__":
    main()
