"""Messages: their life between `send` and `ack`, and the bodies of the calls about them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Body, RecipientName, RowId, Timestamp

OPERATOR = "operator"
SYSTEM = "system"
MANAGER = "manager"
EVERYONE = "*"

#: Longest wait of one lease call, in seconds.
LEASE_WAIT_LIMIT = 180
#: Most messages one lease call hands out.
LEASE_COUNT_LIMIT = 32
#: Most messages that one call acks.
ACK_COUNT_LIMIT = 10_000
#: Longest text of a turn's failure, in characters.
FAILURE_LIMIT = 500


class MessageState(StrEnum):
    """`parked`: failed too many turns alone, waits for the operator and holds nothing up."""

    QUEUED = "queued"
    LEASED = "leased"
    ACKED = "acked"
    PARKED = "parked"
    UNDELIVERABLE = "undeliverable"
    REFUSED = "refused"


class MessageKind(StrEnum):
    """What a message is about; all but `text` are written by the broker itself."""

    TEXT = "text"
    QUESTION_ASKED = "question_asked"
    QUESTION_ANSWERED = "question_answered"
    QUESTION_CANCELLED = "question_cancelled"
    QUESTION_EXPIRED = "question_expired"
    UNDELIVERABLE = "undeliverable"
    NOTICE = "notice"


class MessageHeader(ApiModel):
    """Everything of a message but its text: what there is to tell when its state changes."""

    id: int
    sender: str
    recipient: str
    kind: MessageKind
    in_reply_to: int | None
    #: Whether it was sent to `*`.
    broadcast: bool
    #: Id of the question that this message carries, asks or answers.
    question: int | None
    sent_at: Timestamp
    state: MessageState
    #: Id of the turn that leases it now or acked it, or that failed with it before it was parked.
    turn: str | None
    #: How often it was leased; `redelivered` is true from the second time on.
    deliveries: int
    redelivered: bool
    leased_at: Timestamp | None
    acked_at: Timestamp | None
    #: Only with state `refused`: `recipient_denied`, `loop_rate`, `loop_duplicate` or `loop_ping_pong`.
    refused_rule: str | None
    #: Turns that failed with it for a reason that its text can have, and what was said at the last of them.
    failures: int = 0
    error: str | None = None


class Message(MessageHeader):
    """One message to one recipient, as its sender, its recipient and the operator see it."""

    body: str


class SendRequest(ApiModel):
    """Body of `POST /v1/messages` (agents) and `POST /api/messages` (operator)."""

    #: An agent's name, `manager`, `operator` or `*`.
    to: RecipientName
    body: Body
    in_reply_to: RowId | None = None
    #: The same key from the same sender returns the first call's result, so a sender that lost the answer can
    #: call again.
    idempotency_key: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class SendResult(ApiModel):
    """The committed messages, one for every recipient, in the recipients' order, without their text."""

    messages: list[MessageHeader]


class LeaseRequest(ApiModel):
    """Body of `POST /v1/inbox/lease`."""

    #: The caller's id of the turn that will carry the messages.
    turn: Annotated[str, Field(min_length=1, max_length=64)]
    max: Annotated[int, Field(ge=1, le=LEASE_COUNT_LIMIT)] = 1
    #: How long to wait for a first message; 0 looks and returns.
    wait_seconds: Annotated[float, Field(ge=0, le=LEASE_WAIT_LIMIT, allow_inf_nan=False)] = 0


class LeaseResult(ApiModel):
    """Leased messages in order, and how many more are queued behind them that this turn may take.

    Long texts make it fewer than were asked for, one at least.
    """

    messages: list[Message]
    pending: int


class AckRequest(ApiModel):
    """Body of `POST /v1/inbox/ack`."""

    turn: Annotated[str, Field(min_length=1, max_length=64)]
    #: Messages that the turn has seen; what else is leased to it goes back to the queue, because the answer
    #: that handed it out was lost. Null acks everything leased to the turn.
    ids: Annotated[list[RowId], Field(max_length=ACK_COUNT_LIMIT, fail_fast=True)] | None = None


class RequeueRequest(ApiModel):
    """Body of `POST /v1/inbox/requeue`: every message leased to the turn."""

    turn: Annotated[str, Field(min_length=1, max_length=64)]
    #: What the turn failed with, when its messages may be the reason; it counts against them. Null for a turn
    #: that was cancelled, and for failures that no text causes (a login, a rate limit, the network).
    failed: Annotated[str, Field(max_length=FAILURE_LIMIT)] | None = None


class AckResult(ApiModel):
    """Ids whose state changed; a message that was requeued before is not among them."""

    ids: list[int]


class ReadRequest(ApiModel):
    """Body of `POST /api/inbox/ack`: messages to the operator that the operator has read."""

    ids: Annotated[list[RowId], Field(min_length=1, max_length=1000, fail_fast=True)]


class MessagePage(ApiModel):
    """A page of history, newest first; `next_before` is the `before` of the next page."""

    messages: list[Message]
    next_before: int | None


class InboxPage(ApiModel):
    """A page of the operator's inbox, oldest first; `next_after` is the `after` of the next page."""

    messages: list[Message]
    next_after: int | None
