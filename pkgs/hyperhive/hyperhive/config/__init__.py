"""What the broker and the harnesses are told: the models of their files, and what reads them.

`hive_file` and `schema` are imported by name: only `hyperhive up` and `hyperhive schema` need them.
"""

from hyperhive.config.agents import UID_FIRST, UID_RANGE, UID_RANGES, uid_base
from hyperhive.config.files import load_broker_config, load_harness_config
from hyperhive.config.models import (
    LOOPBACK,
    AgentConfig,
    BrokerConfig,
    BudgetConfig,
    ClaudeConfig,
    ConfigModel,
    HarnessConfig,
    LoopBreakerConfig,
    McpServerConfig,
    NtfyConfig,
    TlsConfig,
)

__all__ = [
    "LOOPBACK",
    "UID_FIRST",
    "UID_RANGE",
    "UID_RANGES",
    "AgentConfig",
    "BrokerConfig",
    "BudgetConfig",
    "ClaudeConfig",
    "ConfigModel",
    "HarnessConfig",
    "LoopBreakerConfig",
    "McpServerConfig",
    "NtfyConfig",
    "TlsConfig",
    "load_broker_config",
    "load_harness_config",
    "uid_base",
]
