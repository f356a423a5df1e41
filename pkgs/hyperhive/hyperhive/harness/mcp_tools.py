"""The tools that an MCP server lists: pages become one list, without what a session cannot use."""

import json
import re
from collections.abc import Collection
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped] # it has no types
from mcp import types
from pydantic import ValidationError

from hyperhive.protocol.mcp_names import SESSION_NAME_LIMIT, allows, session_tool

#: Pages that are asked for, tools that are taken, and bytes of all their definitions.
PAGE_LIMIT: Final = 100
TOOL_LIMIT: Final = 1000
TOTAL_LIMIT: Final = 4 * 1024 * 1024
#: Bytes of one definition; it is part of every request to the model.
DEFINITION_LIMIT: Final = 128 * 1024
#: Levels of a definition, or of the answer to a call. Of a whole message pydantic writes no more than 250;
#: where it cannot, the session loses the server.
DEPTH_LIMIT: Final = 100
#: Parts of a definition that reach the session. It would not check a result by `outputSchema` as we do not.
_PARTS: Final = ("name", "title", "description", "inputSchema", "annotations", "_meta")
#: Names of parameters that models take.
_PARAMETER: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SHOWN: Final = 60

_DRAFTS: Final[dict[str, type[Any]]] = {
    "http://json-schema.org/draft-04/schema": jsonschema.Draft4Validator,
    "http://json-schema.org/draft-06/schema": jsonschema.Draft6Validator,
    "http://json-schema.org/draft-07/schema": jsonschema.Draft7Validator,
    "https://json-schema.org/draft/2019-09/schema": jsonschema.Draft201909Validator,
}


class ToolList:
    """What `tools/list` answered so far: `add` each page, then ask for `cursor` until it is None."""

    def __init__(self, server: str, allowed: Collection[str]) -> None:
        self._server = server
        self._allowed = allowed
        self._names: set[str] = set()
        self._called: dict[str, str] = {}
        self._cursors: set[str] = set()
        self._seen = 0
        self._bytes = 0
        self.pages = 0
        self.cursor: str | None = None
        #: Those that are allowed and can be used.
        self.tools: list[types.Tool] = []
        #: What was left out, or where the list was ended, and why: one sentence each.
        self.remarks: list[str] = []

    def add(self, page: dict[str, Any]) -> None:
        """Take one answer; the next `cursor` is None at the end, and where going on leads nowhere."""
        self.pages += 1
        found = page.get("tools")
        if not isinstance(found, list):
            self.remarks.append(f"Page {self.pages} of its list has no tools in it; mend the server.")
            found = []
        known = len(self._names)
        full = not all(self._take(definition) for definition in found)
        stuck = bool(found) and len(self._names) == known
        self.cursor = None if full else self._next(page.get("nextCursor"), stuck=stuck)

    def _next(self, cursor: object, *, stuck: bool) -> str | None:
        if cursor is None or cursor == "":
            return None
        why = None
        if not isinstance(cursor, str):
            why = "nextCursor is no text"
        elif cursor in self._cursors:
            why = "nextCursor is one that was followed already"
        elif stuck:
            why = "the page has no tool that was not on those before"
        elif self.pages >= PAGE_LIMIT:
            why = f"{PAGE_LIMIT} pages are the most that are read"
        if why is not None:
            self.end(why)
            return None
        self._cursors.add(str(cursor))
        return str(cursor)

    def end(self, why: str) -> None:
        """Say that there may be more, and why it is not asked for."""
        self.remarks.append(
            f"Its list of tools was ended after page {self.pages}: {why}. Later tools are missing; mend "
            "the server."
        )

    def _take(self, definition: object) -> bool:
        """Whether there is space for more."""
        self._seen += 1
        size = None if is_too_deep(definition) else len(json.dumps(definition))
        self._bytes += min(size or 0, DEFINITION_LIMIT)
        if self._seen > TOOL_LIMIT or self._bytes > TOTAL_LIMIT:
            self.end(f"{TOOL_LIMIT} tools and {TOTAL_LIMIT // 1024**2} MiB are the most that are taken")
            return False
        name = definition.get("name") if isinstance(definition, dict) else None
        if not isinstance(definition, dict) or not isinstance(name, str) or not name.strip():
            self.remarks.append(f"Tool {self._seen} of its list is left out: it has no name. Mend it there.")
            return True
        if not allows(self._allowed, name):
            self._names.add(name)
            return True
        fault = self._name_fault(name) or _definition_fault(definition, size)
        self._names.add(name)
        if fault is not None:
            self.remarks.append(f"{_short(name)} is left out: {fault}. Mend its definition in the server.")
            return True
        self._called[session_tool(self._server, name)] = name
        self.tools.append(types.Tool.model_validate(_parts(definition)))
        return True

    def _name_fault(self, name: str) -> str | None:
        called = session_tool(self._server, name)
        if name in self._names:
            return "a tool of the same name stands before it"
        if called in self._called:
            return f"it would be called {called}, as {_short(self._called[called])} is"
        if len(called) > SESSION_NAME_LIMIT:
            return f"its name with the server's is longer than {SESSION_NAME_LIMIT} characters"
        return None


def is_too_deep(value: object) -> bool:
    """Whether it has more than `DEPTH_LIMIT` levels."""
    level = [value]
    for _ in range(DEPTH_LIMIT):
        holders = [one for one in level if isinstance(one, dict | list)]
        level = [inner for one in holders for inner in (one.values() if isinstance(one, dict) else one)]
    return bool(level)


def _definition_fault(definition: dict[str, Any], size: int | None) -> str | None:
    if size is None:
        return f"its definition has more than {DEPTH_LIMIT} levels"
    if size > DEFINITION_LIMIT:
        return f"its definition has {size // 1024} KiB, of at most {DEFINITION_LIMIT // 1024}"
    schema = definition.get("inputSchema")
    if not isinstance(schema, dict):
        return "its inputSchema is no object"
    if schema.get("type") != "object":
        return 'the "type" of its inputSchema is not "object"'
    try:
        types.Tool.model_validate(_parts(definition))
        return _schema_fault(schema)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        return f"its {_short(where)} is not what MCP says"


def _schema_fault(schema: dict[str, Any]) -> str | None:
    try:
        _draft(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        where = "/".join(map(str, error.absolute_path))
        return f"its inputSchema is not valid JSON Schema{where and f' at {_short(where)}'}"
    except RecursionError:
        return "its inputSchema is nested too deep"
    wrong = [name for name in schema.get("properties", {}) if not _PARAMETER.fullmatch(name)]
    if wrong:
        return f"the name of its parameter {_short(wrong[0])} must be 1 to 64 letters, digits and . _ -"
    return None


def _draft(schema: dict[str, Any]) -> type[Any]:
    named = schema.get("$schema")
    known = _DRAFTS.get(named.rstrip("#")) if isinstance(named, str) else None
    return known or jsonschema.Draft202012Validator


def _parts(definition: dict[str, Any]) -> dict[str, Any]:
    return {part: definition[part] for part in _PARTS if part in definition}


def _short(text: str) -> str:
    line = "".join(char if char.isprintable() else "�" for char in text)
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
