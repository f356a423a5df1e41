"""Diagnosis: the checks of the doctor, and the self-test of the isolation of one agent."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Timestamp

#: The longest that a self-test may take, in seconds.
SELF_TEST_SECONDS: Final = 30.0
#: Longest text of one observation, in characters; harnesses cut theirs.
FOUND_LIMIT: Final = 500


class Outcome(StrEnum):
    """How a probe ended.

    `none`: there is no wall, and nobody said that there would be one. `skipped`: it could not be looked at.
    """

    OK = "ok"
    FAILED = "failed"
    NONE = "none"
    SKIPPED = "skipped"


class Observation(ApiModel):
    """What one probe of a self-test saw.

    Attributes:
        key: Of the probe, as in `hyperhive/diagnosis/`.
        found: What was seen, on one line.
    """

    key: Annotated[str, Field(max_length=64)]
    outcome: Outcome
    found: Annotated[str, Field(max_length=FOUND_LIMIT)]


class Finding(Observation):
    """An observation with the probe's name, and with what it means for the operator."""

    name: str
    meaning: str


class SelfTest(ApiModel):
    """One agent's self-test.

    Attributes:
        at: When it began.
        contained: Whether the agent is in a container, and so whether walls are promised.
        ok: Whether nothing failed.
        outside: Seen by the broker; the agent cannot change it.
        inside: Said by the agent itself, and as true as the agent is honest.
    """

    agent: str
    at: Timestamp
    seconds: float
    contained: bool
    ok: bool
    outside: list[Finding]
    inside: list[Finding]


class SelfTestView(ApiModel):
    """Answer of `GET /api/agents/{name}/selftest`; `last` is null until one was run by this broker."""

    running: bool
    last: SelfTest | None


class Check(ApiModel):
    """What one probe of the doctor came to.

    Attributes:
        key: Of the probe; with `about` no other check has it.
        about: Name of the agent that it is about; empty for the machine and the broker.
        outcome: Never `none`.
        option: What to change; empty unless it failed.
        command: What to run; empty unless it failed.
    """

    key: str
    name: str
    about: str = ""
    outcome: Outcome
    found: str
    option: str = ""
    command: str = ""


class Diagnosis(ApiModel):
    """Answer of `GET /api/doctor`.

    Attributes:
        at: When the checks began.
        ok: Whether none has failed.
        checks: The machine and the broker first, then agent by agent.
    """

    at: Timestamp
    seconds: float
    ok: bool
    checks: list[Check]
