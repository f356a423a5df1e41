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
    """`none`: nothing is isolated, and nobody promised it. `skipped`: it could not be observed."""

    OK = "ok"
    FAILED = "failed"
    NONE = "none"
    SKIPPED = "skipped"


class Observation(ApiModel):
    #: Of the probe, as in `hyperhive/diagnosis/`.
    key: Annotated[str, Field(max_length=64)]
    outcome: Outcome
    found: Annotated[str, Field(max_length=FOUND_LIMIT)]


class Finding(Observation):
    """An observation with the probe's name, and with what it means for the operator."""

    name: str
    meaning: str


class SelfTest(ApiModel):
    agent: str
    at: Timestamp
    seconds: float
    #: Whether the agent is in a container, and so whether isolation is promised.
    contained: bool
    ok: bool
    #: Seen by the broker; the agent cannot change it.
    outside: list[Finding]
    #: Said by the agent itself, and as true as the agent is honest.
    inside: list[Finding]


class SelfTestView(ApiModel):
    """Answer of `GET /api/agents/{name}/selftest`; `last` is null until one was run by this broker."""

    running: bool
    last: SelfTest | None


class Check(ApiModel):
    """What one probe of the doctor came to."""

    #: Of the probe; with `about` no other check has it.
    key: str
    name: str
    #: Name of the agent that it is about; empty for the machine and the broker.
    about: str = ""
    #: Never `none`.
    outcome: Outcome
    found: str
    #: What to change; empty unless it failed.
    option: str = ""
    #: What to run; empty unless it failed.
    command: str = ""


class Diagnosis(ApiModel):
    """Answer of `GET /api/doctor`."""

    at: Timestamp
    seconds: float
    ok: bool
    #: The machine and the broker first, then agent by agent.
    checks: list[Check]
