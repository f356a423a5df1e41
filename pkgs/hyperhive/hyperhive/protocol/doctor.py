"""Checks of what a hive trips over: on the command line, and from where the running broker stands."""

from enum import StrEnum

from hyperhive.protocol.base import Timestamp, Wire


class CheckOutcome(StrEnum):
    """How a check ended; what is skipped needs something that is not there."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(Wire):
    """One check's result.

    Attributes:
        about: Name of the agent that it is about; empty for the machine and the broker.
        found: What was seen.
        option: What to change; empty unless it failed.
        command: What to run; empty unless it failed.
    """

    name: str
    about: str = ""
    outcome: CheckOutcome
    found: str
    option: str = ""
    command: str = ""


class Diagnosis(Wire):
    """Answer of `GET /api/doctor`.

    Attributes:
        at: When the checks began.
        seconds: How long they took.
        ok: Whether none has failed.
        checks: The machine and the broker first, then agent by agent.
    """

    at: Timestamp
    seconds: float
    ok: bool
    checks: list[Check]
