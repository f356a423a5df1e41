"""Notifications for a closed page: what is pushed to the operator's phone, and how each push went."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Timestamp

#: What may need the operator. A message counts when it is to the operator, a question as well; parked mail
#: counts whoever it is to.
Kind = Literal["question", "message", "parked", "agent_failed", "agent_needs_login"]


class Push(ApiModel):
    title: str
    message: str
    #: 3 is the usual one.
    priority: Annotated[int, Field(ge=1, le=5)]
    #: Words that ntfy shows as emoji.
    tags: list[str]
    click: str | None


class DeliveryState(StrEnum):
    """`skipped`: what it was about was over before it was sent."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


class Delivery(ApiModel):
    """One item that waited for the operator, and the push about it."""

    id: int
    kind: Kind | Literal["test"]
    #: Id of the question, message or parked mail, name of the agent; empty for a test.
    item: str
    title: str
    opened_at: Timestamp
    #: When it is sent if the item is still open then.
    due_at: Timestamp
    state: DeliveryState
    #: How often the ntfy server was asked.
    attempts: int
    tried_at: Timestamp | None
    #: Why it was not sent, or not yet, else empty.
    error: str
    #: When `state` stopped to be `pending`.
    settled_at: Timestamp | None
    #: Whether it was sent as one of several in a single push.
    summed: bool


class NtfyView(ApiModel):
    #: Address of the topic.
    url: str
    delay_seconds: int
    kinds: list[Kind]
    #: Where links in pushes lead, or null.
    link: str | None
    #: Why the server is not asked now; empty while it works.
    trouble: str
    #: When it is asked again, or null.
    resumes_at: Timestamp | None


class NotificationsView(ApiModel):
    """Answer of `GET /api/notifications`: the latest deliveries, newest first; `ntfy` is null when off."""

    ntfy: NtfyView | None
    deliveries: list[Delivery]


class PushTest(ApiModel):
    """Answer of `POST /api/notifications/test`: whether the server took a push, and what it said."""

    ok: bool
    said: str
