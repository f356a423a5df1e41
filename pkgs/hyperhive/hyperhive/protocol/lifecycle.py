"""What runs an agent (the unit of a container, or a child process) and what may be done to it."""

from enum import StrEnum
from typing import Final

from hyperhive.protocol.base import ApiModel

#: The longest that starting, stopping or restarting one agent may take, in seconds. systemd's own limits
#: come first; this one only keeps a call from waiting for ever.
OPERATION_SECONDS: Final = 300


class Verb(StrEnum):
    START = "start"
    STOP = "stop"
    RESTART = "restart"


class UnitState(StrEnum):
    """How it is with what runs an agent; `retrying` ended by itself and starts again soon."""

    UNKNOWN = "unknown"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    RETRYING = "retrying"
    FAILED = "failed"


class UnitStatus(ApiModel):
    #: Its name for the operator: a systemd unit, or `process NAME`.
    unit: str
    state: UnitState
    #: Why it is so, on one line; may be empty.
    reason: str


class UnitMap(ApiModel):
    #: By the agent's name.
    units: dict[str, UnitStatus]
