"""What the bus carries inside the broker: each event says what has changed, after it was committed."""

from dataclasses import dataclass

from hyperhive.protocol.events import AgentEvent, Level
from hyperhive.protocol.messages import Message, MessageHeader
from hyperhive.protocol.questions import Question


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """Of a message that is new, or parked, or was, the whole is told; of other changes not its text."""

    message: Message | MessageHeader
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class QueueChanged:
    recipient: str
    #: Messages queued now.
    depth: int
    #: Whether there is something to lease that could not be leased before.
    has_mail: bool


@dataclass(frozen=True, slots=True)
class RefusalUnstored:
    """A refused message of this sender was not stored, because too many were."""

    sender: str


@dataclass(frozen=True, slots=True)
class QuestionChanged:
    question: Question


@dataclass(frozen=True, slots=True)
class EventStored:
    event: AgentEvent


@dataclass(frozen=True, slots=True)
class Notice:
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class AgentChanged:
    """An agent came, went or is shown differently now."""

    name: str


@dataclass(frozen=True, slots=True)
class LinkChanged:
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
