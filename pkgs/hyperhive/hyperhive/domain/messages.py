"""Messages: sizes of what is kept of refusals, and the texts of returned and parked mail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from hyperhive.domain.timing import Backoff
from hyperhive.errors import ConflictError, NotFoundError
from hyperhive.protocol.messages import MessageHeader, MessageState

#: Most refused messages of one sender that are stored in a minute; further ones are only counted.
REFUSED_PER_MINUTE: Final = 60
#: Most characters that are kept of a refused message.
REFUSED_BODY_LIMIT: Final = 2000
#: What is said of a failure that said nothing.
NO_REASON: Final = "no reason was given."
#: What is said of a turn that nobody ended.
HARNESS_VANISHED: Final = (
    "the agent's harness was killed in the middle of the turn, as it is when its container has no memory left"
)
#: Most ids that a sentence lists.
_LISTED: Final = 20
#: From so many times in a row on an agent that gives its mail back gets none for a while.
_GIVEN_BACK: Final = 3


@dataclass
class Rest:
    """How long an agent gets no mail because it gives back what it gets; times in seconds of one clock."""

    until: float = 0.0
    _times: int = 0
    _pauses: Backoff = field(default_factory=lambda: Backoff(1, 60))

    def gave_back(self, now: float) -> None:
        """Once more, without having finished anything since the last time."""
        self._times += 1
        if self._times >= _GIVEN_BACK:
            self.until = now + self._pauses.next()


def refused_body(body: str) -> str:
    if len(body) <= REFUSED_BODY_LIMIT:
        return body
    return f"{body[:REFUSED_BODY_LIMIT]}\n[… {len(body) - REFUSED_BODY_LIMIT} more characters were not kept]"


def undeliverable_text(recipient: str, ids: Sequence[int]) -> str:
    """What the sender is told."""
    return f"{_numbered(ids)} to {recipient} could not be delivered: {recipient} left the hive."


def left_text(recipient: str, count: int) -> str:
    """What the operator is told when an agent left mail behind; `count` is above 0."""
    noun = "message was" if count == 1 else "messages were"
    return f"{recipient} left the hive: {count} {noun} not delivered."


def parked_text(message: MessageHeader) -> str:
    """What the sender is told."""
    return (
        f"{_numbered([message.id])} to {message.recipient} is parked: {_failed(message)}\n"
        "The operator will try it again or drop it."
    )


def parked_notice(message: MessageHeader) -> str:
    """What the operator is told."""
    pair = f"from {message.sender} to {message.recipient}"
    return f"{_numbered([message.id])} {pair} is parked: {_failed(message)}"


def dropped_text(message: MessageHeader) -> str:
    """What the sender is told."""
    return (
        f"{_numbered([message.id])} to {message.recipient} was not delivered, the operator dropped it: "
        f"{_failed(message)}"
    )


def _failed(message: MessageHeader) -> str:
    reason = message.error or NO_REASON
    return f"{message.recipient}'s turns failed with it, the last one with: {reason}"


def check_parked(message: MessageHeader | None, message_id: int) -> MessageHeader:
    """The message if it is parked; else a `NotFoundError` or a `ConflictError`."""
    if message is None:
        raise NotFoundError(f"there is no message {message_id}")
    if message.state is not MessageState.PARKED:
        raise ConflictError(f"message {message_id} is {message.state}, not parked")
    return message


def unstored_text(sender: str, count: int) -> str:
    """What the operator is told of refusals that were only counted."""
    return f"{count} more refused messages of {sender} were not stored."


def _numbered(ids: Sequence[int]) -> str:
    listed = ", ".join(str(one) for one in ids[:_LISTED])
    more = f" and {len(ids) - _LISTED} more" if len(ids) > _LISTED else ""
    return f"{'Message' if len(ids) == 1 else 'Messages'} {listed}{more}"
