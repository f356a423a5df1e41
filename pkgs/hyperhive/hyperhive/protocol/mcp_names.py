"""Names of extra MCP servers and their tools: as they are configured, and as a session calls them."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

#: Of the server with hyperhive's own tools.
OWN_SERVER: Final = "hyperhive"
#: Longest name of a tool that models are offered, in characters; Claude Code does not shorten it.
SESSION_NAME_LIMIT: Final = 128
#: Servers of which Claude Code keeps the tools for itself.
_KEPT_SERVERS: Final = {OWN_SERVER: "hyperhive's own tools", "ide": "Claude Code's link to editors"}

_REPLACED: Final = re.compile(r"[^A-Za-z0-9_-]")


def allows(allowed: Collection[str], tool: str) -> bool:
    """Whether `allowed_tools` has a server's `tool`, by its own name or by the one it gets in a session."""
    return "*" in allowed or tool in allowed or _segment(tool) in allowed


def session_tool(server: str, tool: str) -> str:
    """What a session calls `tool` of `server`; Claude Code counts in UTF-16, so an emoji becomes two `_`."""
    return f"mcp__{server}__{_segment(tool)}"


def server_fault(server: str) -> str | None:
    """Why no server may have this name; None when one may."""
    if server in _KEPT_SERVERS:
        return f"the name is taken by {_KEPT_SERVERS[server]}"
    if "__" in server or server.endswith("_"):
        # `a` with the tool `b__c` and `a__b` with the tool `c` would be one.
        return "two underscores part a server from its tool: have no two in a row and none at the end"
    return None


def tool_faults(server: str, tools: Collection[str]) -> Iterator[str]:
    """What is wrong with the names in a server's `allowed_tools`, a sentence each."""
    called: dict[str, str] = {}
    for tool in dict.fromkeys(tools):
        name = session_tool(server, tool)
        if len(name) > SESSION_NAME_LIMIT:
            yield f"{server}: {tool!r} would be called {name}, longer than {SESSION_NAME_LIMIT} characters"
        elif name in called:
            yield f"{server}: {called[name]!r} and {tool!r} would both be called {name}; allow one of them"
        called.setdefault(name, tool)


def allow_rules(servers: Mapping[str, Collection[str]]) -> list[str]:
    """The tools that a session may call, as it calls them; `mcp__SERVER` is all of a server's."""
    rules = []
    for server, tools in servers.items():
        every = "*" in tools
        rules += [f"mcp__{server}"] if every else [session_tool(server, tool) for tool in tools]
    return rules


def allowed_in_session(name: str, servers: Mapping[str, Collection[str]]) -> bool:
    """Whether what a session calls `name` is an allowed tool of one of the servers."""
    server = name.removeprefix("mcp__").partition("__")[0]
    tools = servers.get(server, ())
    return name.startswith(f"mcp__{server}__") and (
        "*" in tools or name in {session_tool(server, tool) for tool in tools}
    )


def _segment(tool: str) -> str:
    return _REPLACED.sub(lambda found: "_" * _units(found[0]), tool)


def _units(character: str) -> int:
    return len(character.encode("utf-16-le", "surrogatepass")) // 2
