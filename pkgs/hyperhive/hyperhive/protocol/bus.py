"""What the bus carries inside the broker: each event says what has changed, after it was committed."""

from dataclasses import dataclass
from typing import Literal

from hyperhive.protocol.events import AgentEvent
from hyperhive.protocol.messages import Message
from hyperhive.protocol.questions import Question

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """A message is new or in another state."""

    message: Message
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class QueueChanged:
    """Messages of this recipient changed.

    Attributes:
        depth: How many are queued now.
        has_mail: Whether there is something to lease that could not be leased before.
    """

    recipient: str
    depth: int
    has_mail: bool


@dataclass(frozen=True, slots=True)
class RefusalUnstored:
    """A refused message of this sender was not stored, because too many were."""

    sender: str


@dataclass(frozen=True, slots=True)
class QuestionChanged:
    """A question is new or closed."""

    question: Question


@dataclass(frozen=True, slots=True)
class EventStored:
    """An agent's log has one more event."""

    event: AgentEvent


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the operator should see once."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """An agent came, went or is shown differently now."""

    name: str


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """An agent's harness connected or is gone."""

    agent: str


Event = (
    MessageChanged
    | QueueChanged
    | RefusalUnstored
    | QuestionChanged
    | EventStored
    | Notice
    | AgentChanged
    | LinkChanged
)
