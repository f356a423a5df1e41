"""Rules between agents, looked at also in a file whose tables are wrong: none is taken to be valid."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from hyperhive.config.mistakes import Mistake, did_you_mean
from hyperhive.protocol.mcp_names import tool_faults
from hyperhive.protocol.messages import EVERYONE, MANAGER, OPERATOR, SYSTEM

#: Names that never belong to an agent; `manager` is free for the one agent with that role.
RESERVED_NAMES: Final = frozenset({OPERATOR, SYSTEM, "broker", "hive", "all", "self"})

#: First uid of the range that agents' containers use, a range's size, and how many there are.
UID_FIRST: Final = 0x70000000
UID_RANGE: Final = 65536
UID_RANGES: Final = 3584


def uid_base(name: str) -> int:
    """First host uid of the container of agent `name`; the same function stands in `modules/uid-base.nix`."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return UID_FIRST + UID_RANGE * (int(digest[:12], 16) % UID_RANGES)


def name_refusal(name: str | None, role: object) -> str:
    """Why no agent with this role may have this name, or an empty text."""
    if name in RESERVED_NAMES:
        return f"name {name!r} is reserved"
    if name == MANAGER and role != "manager":
        return 'the agent called "manager" is the manager: set role = "manager"'
    return ""


def agent_rules(agents: Any) -> Iterator[Mistake]:
    """What is wrong between agents; keys begin with an agent's name."""
    tables = _tables(agents)
    managers = sorted(name for name, agent in tables.items() if agent.get("role") == "manager")
    if len(managers) > 1:
        yield Mistake((), f"more than one manager: {', '.join(managers)}")
    for name, agent in tables.items():
        yield from recipient_rules((name,), agent, tables)


def recipient_rules(
    where: tuple[str | int, ...], table: Mapping[str, Any], agents: Mapping[str, Any]
) -> Iterator[Mistake]:
    """Who stands in a table's `allowed_recipients` and is nobody."""
    reachable = [*agents, *sorted({OPERATOR, MANAGER} - agents.keys())]
    given = table.get("allowed_recipients")
    for index, recipient in enumerate(given if isinstance(given, list) else []):
        if isinstance(recipient, str) and recipient not in {*reachable, EVERYONE}:
            key = (*where, "allowed_recipients", index)
            yield Mistake(key, f"nobody is called {recipient!r}", hint=did_you_mean(recipient, reachable))


def name_rules(agents: Any) -> Iterator[Mistake]:
    """Agents whose own name is another than that of their table."""
    for name, agent in _tables(agents).items():
        own = agent.get("name", name)
        if isinstance(own, str) and own != name:
            yield Mistake((name, "name"), f"is {own!r}, but its key is {name!r}")


def server_rules(servers: Any) -> Iterator[Mistake]:
    """Tools of an agent's MCP servers that its session could not tell apart, or not call."""
    for name, server in _tables(servers).items():
        tools = server.get("allowed_tools")
        words = [tool for tool in tools if isinstance(tool, str)] if isinstance(tools, list) else []
        for fault in tool_faults(name, words):
            yield Mistake((name, "allowed_tools"), fault)


def uid_rules(agents: Any) -> Iterator[Mistake]:
    """Agents whose containers would have the same users; only where agents have containers."""
    bases: dict[int, str] = {}
    for name in sorted(_tables(agents)):
        other = bases.setdefault(uid_base(name), name)
        if other != name:
            yield Mistake((), f"{other!r} and {name!r} share one uid range: rename one of them")


def _tables(agents: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(agents, dict):
        return {}
    return {str(name): table if isinstance(table, dict) else {} for name, table in agents.items()}
