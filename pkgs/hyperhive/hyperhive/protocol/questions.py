"""Questions: asked of the operator or a peer, answered, cancelled or expired."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hyperhive.protocol.base import ApiModel, Body, RecipientName, Timestamp
from hyperhive.protocol.messages import OPERATOR

#: Longest time a question may stay open before it expires, in seconds (6 hours).
TTL_LIMIT = 6 * 3600

Option = Annotated[str, Field(min_length=1, max_length=500)]


class QuestionState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Question(ApiModel):
    """One question. `options` are suggestions: free text is always a valid answer."""

    id: int
    asker: str
    #: `operator` or the name of the agent that was asked.
    target: str
    question: str
    options: list[str]
    #: Whether several options may be chosen; they come back joined by `, `.
    multi: bool
    asked_at: Timestamp
    deadline_at: Timestamp | None
    state: QuestionState
    answer: str | None
    #: Who answered or cancelled it; `system` when it expired.
    closed_by: str | None
    closed_at: Timestamp | None


class AskRequest(ApiModel):
    """Body of `POST /v1/questions`."""

    question: Body
    options: Annotated[list[Option], Field(default_factory=list, max_length=20, fail_fast=True)]
    multi: bool = False
    ttl_seconds: Annotated[int, Field(ge=1, le=TTL_LIMIT)] | None = None
    to: RecipientName = OPERATOR
    idempotency_key: Annotated[str, Field(min_length=1, max_length=64)] | None = None


class AnswerRequest(ApiModel):
    """Body of `POST …/questions/{id}/answer`."""

    answer: Body


class QuestionList(ApiModel):
    """Answer of `GET /v1/questions` (the caller's open ones) and `GET /api/questions`, newest first."""

    questions: list[Question]
