"""Notifications for a closed page: what is pushed to the operator's phone, and how each push went."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Timestamp

#: What may need the operator. A message counts when it is to the operator, a question as well.
Kind = Literal["question", "message", "agent_failed", "agent_needs_login"]


class Push(ApiModel):
    """One notification as ntfy shows it; `priority` is 1 to 5, 3 being the usual one.

    Attributes:
        tags: Words that ntfy shows as emoji.
        click: Address that a tap opens.
    """

    title: str
    message: str
    priority: Annotated[int, Field(ge=1, le=5)]
    tags: list[str]
    click: str | None


class DeliveryState(StrEnum):
    """Where a delivery is. `skipped`: what it was about was over before it was sent."""

    PENDING = "pending"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


class Delivery(ApiModel):
    """One item that waited for the operator, and the push about it.

    Attributes:
        item: Id of the question or message, name of the agent; empty for a test.
        due_at: When it is sent if the item is still open then.
        state: Where it is.
        attempts: How often the server was asked.
        tried_at: When it was asked last.
        error: Why it was not sent, or not yet; empty when nothing went wrong.
        settled_at: When `state` stopped to be `pending`.
        summed: Whether it was sent as one of several in a single push.
    """

    id: int
    kind: Kind | Literal["test"]
    item: str
    title: str
    opened_at: Timestamp
    due_at: Timestamp
    state: DeliveryState
    attempts: int
    tried_at: Timestamp | None
    error: str
    settled_at: Timestamp | None
    summed: bool


class NtfyView(ApiModel):
    """Where pushes go.

    Attributes:
        url: Address of the topic.
        link: Where links in pushes lead, or null.
        trouble: Why the server is not asked now; empty while it works.
        resumes_at: When it is asked again, or null.
    """

    url: str
    delay_seconds: int
    kinds: list[Kind]
    link: str | None
    trouble: str
    resumes_at: Timestamp | None


class NotificationsView(ApiModel):
    """Answer of `GET /api/notifications`: the latest deliveries, newest first; `ntfy` is null when off."""

    ntfy: NtfyView | None
    deliveries: list[Delivery]


class PushTest(ApiModel):
    """Answer of `POST /api/notifications/test`: whether the server took a push, and what it said."""

    ok: bool
    said: str
