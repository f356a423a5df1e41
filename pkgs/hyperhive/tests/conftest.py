"""Fixtures that every test directory shares: a clock to turn, and configs of small hives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hyperhive.config import BrokerConfig, McpServerConfig
from hyperhive.config.models import (
    AgentSettings,
    BrokerLimitsConfig,
    HiveFileContext,
    ListenConfig,
    NotificationsConfig,
    OperatorConfig,
)
from tests.systemctl import Systemctl

HiveConfig = Callable[..., BrokerConfig]


class Clock:
    """A clock that stands still until it is turned; starts at 2026-11-03 12:00 UTC."""

    def __init__(self) -> None:
        self.now = 1793707200.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


#: Of an agent's container.
CONTAINER = {"cpu_percent": 100, "memory_mib": 512, "disk_mib": 1024, "tasks": 128}


def limited(**broker: int) -> dict[str, Any]:
    """Fields of an agent that may ask of the broker what this says, and else the defaults."""
    return {"limits": CONTAINER | {"broker": BrokerLimitsConfig.default_values() | broker}}


def agent_config(name: str, **changes: Any) -> dict[str, Any]:
    """One agent of `broker.json` with everything written; nothing of its own is compacted."""
    table = {
        "model": "claude-test",
        "models": ["claude-test"],
        "tools": ["Bash"],
        "notes": {"compact_above_bytes": 0},
        "context": {"compact_above_percent": 0},
        "limits": CONTAINER,
    }
    settings = AgentSettings.model_validate(table, context=HiveFileContext(directory=Path("/")))
    return settings.model_dump() | {"name": name, "role": "agent"} | changes


def mcp_server(*allowed: str, **changes: Any) -> dict[str, Any]:
    """One MCP server of an agent with everything written; these of its tools are allowed."""
    server = McpServerConfig.model_validate({"command": "x"}, context=HiveFileContext(directory=Path("/")))
    return server.model_dump() | {"allowed_tools": list(allowed)} | changes


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Systemctl:
    """A stand-in for systemctl, first in PATH, with no unit known to it."""
    stand_in = Systemctl(tmp_path / "systemctl")
    monkeypatch.setenv("PATH", stand_in.path)
    return stand_in


@pytest.fixture
def hive_config(tmp_path: Path) -> HiveConfig:
    """`hive_config(agents={"alice": {field: value}}, **broker_fields)`; limits and retention are off.

    Without `agents` it has the manager `boss` and the agents `alice` and `bob`.
    """

    def build(agents: dict[str, dict[str, Any]] | None = None, **changes: Any) -> BrokerConfig:
        chosen = {"boss": {"role": "manager"}, "alice": {}, "bob": {}} if agents is None else agents
        return BrokerConfig.model_validate(
            {
                "runtime": "process",
                "state_dir": str(tmp_path / "state"),
                "runtime_dir": str(tmp_path / "run"),
                "dashboard_dir": str(tmp_path / "dashboard"),
                "listen": ListenConfig.default_values()
                | {"port": 0, "host_names": ["127.0.0.1", "localhost"]},
                "operator": OperatorConfig.default_values(),
                "notifications": NotificationsConfig.default_values(),
                "delivery": {"lease_seconds": 30},
                "loop_breaker": {"messages_per_minute": 0, "duplicates": 0, "ping_pong": 0},
                "retention": {
                    "messages_days": 0,
                    "events_days": 0,
                    "stats_days": 0,
                    "hive_mib": 0,
                    "agent_mib": 0,
                },
                "agents": {name: agent_config(name, **fields) for name, fields in chosen.items()},
            }
            | changes
        )

    return build
