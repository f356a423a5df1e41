"""What the broker and the harnesses are told: the models of their files, and what reads them.

`hive_file` and `schema` are imported by name: only `hyperhive up` and `hyperhive schema` need them.
"""

from hyperhive.config.files import describe_errors, load_broker_config, load_harness_config
from hyperhive.config.models import (
    LOOPBACK,
    UID_FIRST,
    UID_RANGE,
    UID_RANGES,
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
    uid_base,
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
    "describe_errors",
    "load_broker_config",
    "load_harness_config",
    "uid_base",
]
