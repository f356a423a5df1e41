"""Events: what a harness reports of a turn, and what the broker streams to the operator."""

from enum import StrEnum
from typing import Any, Literal

from hyperhive.protocol.agents import AgentView
from hyperhive.protocol.base import Timestamp, Wire
from hyperhive.protocol.messages import Message
from hyperhive.protocol.questions import Question

#: Longest text in one field of an agent event, in characters; longer ones end in a note of the cut.
EVENT_TEXT_LIMIT = 32 * 1024
#: Most bytes of one agent event as JSON.
EVENT_SIZE_LIMIT = 256 * 1024


class EventKind(StrEnum):
    """Kinds of agent events and what their `data` holds.

    `turn_start` {prompt, messages:[ids]} · `text` {text} · `thinking` {text} ·
    `tool_use` {id, name, input} · `tool_result` {id, is_error, text} ·
    `refused` {tool, input, rule, reason} · `note` {level: info|warning|error, text}, with `retry` true
    when the API has to be asked again ·
    `turn_end` {result: ok|cancelled|rate_limited|unauthenticated|too_long|failed, error, duration_ms,
    tool_calls, tools: {name: count}, cost_usd, tokens: {input, output, cache_read, cache_write},
    context_used, context_max, notes_bytes; the last three may be null} · `state` {state, detail}.
    """

    TURN_START = "turn_start"
    TEXT = "text"
    THINKING = "thinking"
    TOOL_USE = "tool_use"
    TOOL_RESULT = "tool_result"
    REFUSED = "refused"
    NOTE = "note"
    TURN_END = "turn_end"
    STATE = "state"


class NewEvent(Wire):
    """One event as the harness sends it; the broker adds agent and id."""

    ts: Timestamp
    kind: EventKind
    turn: str | None
    data: dict[str, Any]


class AgentEvent(Wire):
    """One stored event of an agent's live log; `id` grows over the whole hive."""

    id: int
    agent: str
    ts: Timestamp
    kind: EventKind
    turn: str | None
    data: dict[str, Any]


class EventPage(Wire):
    """A page of one agent's log, newest first.

    Attributes:
        next_before: The `before` of the next older page, null when there is none.
        next_after: The `after` of the next newer page, when this one was asked for with `after`.
    """

    events: list[AgentEvent]
    next_before: int | None
    next_after: int | None


class OperatorInfo(Wire):
    """How agents speak of the operator."""

    pronouns: str


class HiveState(Wire):
    """Answer of `GET /api/state`. Frames with `seq` not above this one's are already in it.

    Attributes:
        boot: Changes with every start of the broker.
        messages: The latest of the hive, newest first, fewer the longer they are.
        messages_before: The `before` of the next older page; null when there is none.
        inbox: Messages to the operator that are not acked, oldest first, fewer the longer they are.
        inbox_after: The `after` of the inbox's next page; null when this is all of it.
        unread: How many messages the whole inbox has.
        questions: The open ones of the hive and the 20 latest closed ones, newest first.
    """

    seq: int
    boot: str
    version: str
    operator: OperatorInfo
    agents: list[AgentView]
    messages: list[Message]
    messages_before: int | None
    inbox: list[Message]
    inbox_after: int | None
    unread: int
    questions: list[Question]


class MessageFrame(Wire):
    """A message is new or changed its state: replace it by id; `unread` is the operator's inbox now."""

    seq: int
    kind: Literal["message"] = "message"
    data: Message
    unread: int


class QuestionFrame(Wire):
    """A question is new or closed: replace it by id."""

    seq: int
    kind: Literal["question"] = "question"
    data: Question


class AgentFrame(Wire):
    """An agent's view changed: replace it by name."""

    seq: int
    kind: Literal["agent"] = "agent"
    data: AgentView


class NoticeFrame(Wire):
    """Something the operator should see once: level and one sentence."""

    seq: int
    kind: Literal["notice"] = "notice"
    level: Literal["info", "warning", "error"]
    text: str


HiveFrame = MessageFrame | QuestionFrame | AgentFrame | NoticeFrame
