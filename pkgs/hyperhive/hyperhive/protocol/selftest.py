"""The self-test of one agent: what was really seen of the walls around it, from inside and from outside."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from hyperhive.protocol.base import Timestamp, Wire

#: The longest that a self-test may take, in seconds.
SELF_TEST_SECONDS: Final = 30.0
#: Longest text of one observation, in characters; harnesses cut theirs.
FOUND_LIMIT: Final = 500

Name = Annotated[str, Field(max_length=64)]


class Outcome(StrEnum):
    """How a probe ended.

    `none`: there is no wall, and nobody said that there would be one. `skipped`: it could not be looked at.
    """

    OK = "ok"
    FAILED = "failed"
    NONE = "none"
    SKIPPED = "skipped"


class Observation(Wire):
    """What one probe saw.

    Attributes:
        name: Of the probe, as in `domain/selftest.py`.
        found: What was seen, on one line.
    """

    name: Name
    outcome: Outcome
    found: Annotated[str, Field(max_length=FOUND_LIMIT)]


class Finding(Observation):
    """An observation with what it means for the operator."""

    meaning: str


class SelfTest(Wire):
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


class SelfTestView(Wire):
    """Answer of `GET /api/agents/{name}/selftest`; `last` is null until one was run by this broker."""

    running: bool
    last: SelfTest | None
