"""Events: what a harness reports of a turn, and what the broker streams to the operator."""

import json
import math
import re
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from hyperhive.protocol.agents import AgentView
from hyperhive.protocol.base import LARGEST_ID, ApiModel, Timestamp, TokenCount
from hyperhive.protocol.messages import Message, MessageHeader
from hyperhive.protocol.questions import Question
from hyperhive.text import sound_text

#: Longest text in one field of an event, in characters; longer ones end in a note of the cut.
EVENT_TEXT_LIMIT: Final = 32 * 1024
#: Most bytes of one event, and of all of one frame, as JSON.
EVENT_SIZE_LIMIT: Final = 256 * 1024
#: Longest input of a tool as JSON, in characters; a longer one becomes one text, cut.
INPUT_LIMIT: Final = 2 * EVENT_TEXT_LIMIT
#: Most values in what a tool was called with, or in what stands where a text belongs; the rest is left out.
VALUE_LIMIT: Final = 1024
#: Most values in all of one frame; see `hyperhive.text.json_size`.
FRAME_VALUES: Final = 8 * 1024
#: Longest name or id in an event, in characters.
NAME_LIMIT: Final = 200
#: Most tools that the end of a turn names, and most calls of one turn.
TOOLS_PER_TURN: Final = 200
MOST_CALLS: Final = 1_000_000
#: What one turn can cost at most, in USD: more is a harness's fault, or a lie, and must not spoil the sums.
MOST_USD: Final = 10_000

_DEPTH: Final = 16
_MORE: Final = "[… more]"
_CUT: Final = re.compile(r"\n\[… \d{1,9} more characters\]")


class EventKind(StrEnum):
    """Kinds of agent events; each has a model of its data."""

    TURN_START = "turn_start"
    TEXT = "text"
    THINKING = "thinking"
    TOOL_USE = "tool_use"
    TOOL_RESULT = "tool_result"
    REFUSED = "refused"
    NOTE = "note"
    TURN_END = "turn_end"


class TurnResult(StrEnum):
    """The exit kinds of a turn; only `ok` acks its mail."""

    OK = "ok"
    CANCELLED = "cancelled"
    RATE_LIMITED = "rate_limited"
    UNAUTHENTICATED = "unauthenticated"
    TOO_LONG = "too_long"
    FAILED = "failed"


def cut(text: str, limit: int = EVENT_TEXT_LIMIT) -> str:
    """The text, cut to the limit with a note of how much is missing; what was cut already stays."""
    if len(text) > limit and not _CUT.fullmatch(text, limit):
        text = f"{text[:limit]}\n[… {len(text) - limit} more characters]"
    return sound_text(text).text


def _text(value: object) -> str:
    match value:
        case str():
            return cut(value)
        case None:
            return ""
        case _:
            return cut(_json(_plain(value)))


def _name(value: object) -> str:
    return _text(value)[:NAME_LIMIT]


def _input(value: object) -> object:
    """Plain JSON, not too deep, not too long and not of too many values."""
    plain = _plain(value)
    text = _json(plain)
    return plain if len(text) <= INPUT_LIMIT else {"(cut)": cut(text)}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _plain(value: object) -> object:
    return _Plain().of(value, _DEPTH)


class _Plain:
    """Takes over a value of JSON, and whatever is in it up to `VALUE_LIMIT`."""

    def __init__(self) -> None:
        self._room = VALUE_LIMIT

    def of(self, value: object, depth: int) -> object:
        match value:
            case str():
                return cut(value)
            case dict() if depth:
                plain: dict[str, object] = {}
                for key, one in value.items():
                    if not self._takes_one():
                        plain[_MORE] = ""
                        break
                    plain[_name(key)] = self.of(one, depth - 1)
                return plain
            case list() if depth:
                listed: list[object] = []
                for one in value:
                    if not self._takes_one():
                        listed.append(_MORE)
                        break
                    listed.append(self.of(one, depth - 1))
                return listed
            case dict() | list():
                return "[… nested too deeply]"
            case float() if not math.isfinite(value):
                return None
            case _:
                return value

    def _takes_one(self) -> bool:
        self._room -= 1
        return self._room >= 0


def _seconds(value: object) -> object:
    """A number too large for a float is infinite, as others that are no time."""
    return math.inf if isinstance(value, int) and abs(value) >= 2**63 else value


def _counts(value: object) -> object:
    """Calls by tool: those of the first tools, that can be."""
    if not isinstance(value, dict):
        return value
    first = list(value.items())[:TOOLS_PER_TURN]
    return {_name(name): calls for name, calls in first if type(calls) is int and 0 <= calls <= MOST_CALLS}


LogText = Annotated[str, BeforeValidator(_text)]
LogName = Annotated[str, BeforeValidator(_name)]
ToolInput = Annotated[dict[str, Any], BeforeValidator(_input)]
MessageIds = Annotated[
    list[Annotated[int, Field(ge=1, le=LARGEST_ID)]], Field(max_length=512, fail_fast=True)
]
Level = Literal["info", "warning", "error"]


class _EventModel(ApiModel):
    """The data of an event. It comes from inside a container: what does not fit a field is left out."""

    model_config = ConfigDict(allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _without_misfits(cls, given: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(given, dict):
            return handler(given)
        known = {name: given[name] for name in cls.model_fields if name in given}
        try:
            return handler(known)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=False, include_input=False)
            misfits = {one["loc"][0] for one in found}
            return handler({name: value for name, value in known.items() if name not in misfits})


class TurnStart(_EventModel):
    """A turn begins with this prompt and the messages of these ids."""

    kind: Literal[EventKind.TURN_START] = EventKind.TURN_START
    prompt: LogText = ""
    messages: MessageIds = Field(default_factory=list)


class Text(_EventModel):
    """The model wrote to nobody in particular."""

    kind: Literal[EventKind.TEXT] = EventKind.TEXT
    text: LogText = ""


class Thinking(_EventModel):
    kind: Literal[EventKind.THINKING] = EventKind.THINKING
    text: LogText = ""


class ToolUse(_EventModel):
    """The model called a tool; its result has the same `id`."""

    kind: Literal[EventKind.TOOL_USE] = EventKind.TOOL_USE
    id: LogName = ""
    name: LogName = ""
    input: ToolInput = Field(default_factory=dict)


class ToolResult(_EventModel):
    """What came of the call with that `id`."""

    kind: Literal[EventKind.TOOL_RESULT] = EventKind.TOOL_RESULT
    id: LogName = ""
    is_error: bool = False
    text: LogText = ""
    #: The line that Bash got, where it is another than the one that the call gave.
    runs: LogText = ""


class ToolRefusal(_EventModel):
    """A call of a tool was refused by a rule of hyperhive."""

    kind: Literal[EventKind.REFUSED] = EventKind.REFUSED
    tool: LogName = ""
    input: ToolInput = Field(default_factory=dict)
    rule: LogName = ""
    reason: LogText = ""


class Note(_EventModel):
    """A line of hyperhive itself; `retry` when the API is asked again, `silent` when it says nothing."""

    kind: Literal[EventKind.NOTE] = EventKind.NOTE
    level: Level = "info"
    text: LogText = ""
    retry: bool = False
    silent: bool = False


class Tokens(_EventModel):
    """Token counts of one turn, by kind."""

    input: TokenCount = 0
    output: TokenCount = 0
    cache_read: TokenCount = 0
    cache_write: TokenCount = 0


class TurnEnd(_EventModel):
    """A turn ended; null is what is not known."""

    kind: Literal[EventKind.TURN_END] = EventKind.TURN_END
    result: Annotated[TurnResult, Field(strict=False)] = TurnResult.FAILED
    error: LogText = ""
    duration_ms: Annotated[int, Field(ge=0, le=30 * 86_400_000)] | None = None
    tool_calls: Annotated[int, Field(ge=0, le=MOST_CALLS)] | None = None
    tools: Annotated[dict[str, int], BeforeValidator(_counts)] = Field(default_factory=dict)
    #: An estimate.
    cost_usd: Annotated[float, Field(ge=0, le=MOST_USD)] | None = None
    #: Of all that worked in the turn.
    tokens: Tokens | None = None
    #: Those of them that subagents used.
    subagent_tokens: Tokens | None = None
    #: Tokens in the context after the last inference.
    context_used: TokenCount | None = None
    #: The model's context window, in tokens.
    context_max: TokenCount | None = None
    #: Size of the agent's notes after the turn.
    notes_bytes: Annotated[int, Field(ge=0, le=2**40)] | None = None


EventData = Annotated[
    TurnStart | Text | Thinking | ToolUse | ToolResult | ToolRefusal | Note | TurnEnd,
    Field(discriminator="kind"),
]


class NewEvent(ApiModel):
    """One event as the harness sends it; the broker adds agent and id.

    As JSON the `kind` stands beside the `data`: {ts, kind, turn, data}.
    """

    ts: Annotated[Timestamp, BeforeValidator(_seconds)]
    turn: Annotated[str, AfterValidator(lambda turn: turn[:64])] | None
    data: EventData

    @property
    def kind(self) -> EventKind:
        return self.data.kind

    @model_validator(mode="before")
    @classmethod
    def _kind_into_data(cls, given: object) -> object:
        """What no version of ours knows becomes a note, so that one event spoils no page and no link."""
        if not isinstance(given, dict) or isinstance(given.get("data"), _EventModel):
            return given
        fields = dict(given)
        kind, data = fields.pop("kind", None), fields.pop("data", None)
        if kind in tuple(EventKind) and isinstance(data, dict):
            return {**fields, "data": {**data, "kind": kind}}
        return {**fields, "data": Note(level="warning", text=f"an event of no known kind: {_text(given)}")}

    @model_serializer(mode="wrap")
    def _kind_beside_data(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = handler(self)
        return {**fields, "kind": fields["data"].pop("kind")}


class AgentEvent(NewEvent):
    """One stored event of an agent's live log; `id` grows over the whole hive."""

    id: int
    agent: str


class EventPage(ApiModel):
    """A page of one agent's log, newest first."""

    events: list[AgentEvent]
    #: The `before` of the next older page, null when there is none.
    next_before: int | None
    #: The `after` of the next newer page, when this one was asked for with `after`.
    next_after: int | None


class OperatorInfo(ApiModel):
    pronouns: str


class HiveState(ApiModel):
    """Answer of `GET /api/state`. Frames with `seq` not above this one's are already in it."""

    seq: int
    #: Changes with every start of the broker.
    boot: str
    version: str
    operator: OperatorInfo
    agents: list[AgentView]
    #: The latest of the hive, newest first, fewer the longer they are.
    messages: list[Message]
    #: The `before` of the next older page; null when there is none.
    messages_before: int | None
    #: Messages to the operator that are not acked, oldest first, fewer the longer they are.
    inbox: list[Message]
    #: The `after` of the inbox's next page; null when this is all of it.
    inbox_after: int | None
    #: How many messages the whole inbox has.
    unread: int
    #: Parked messages of the hive, newest first, fewer the longer they are.
    parked: list[Message]
    #: The `before` of the next older page of them; null when this is all.
    parked_before: int | None
    #: The open ones of the hive and the 20 latest closed ones, newest first.
    questions: list[Question]


class MessageFrame(ApiModel):
    """A message is new or changed its state: replace it by id; `unread` is the operator's inbox now.

    A change has no `body`, as the text stays what it was. One that is parked, or was, comes whole, as not
    everybody knows it.
    """

    seq: int
    kind: Literal["message"] = "message"
    data: Message | MessageHeader
    unread: int


class QuestionFrame(ApiModel):
    """A question is new or closed: replace it by id."""

    seq: int
    kind: Literal["question"] = "question"
    data: Question


class AgentFrame(ApiModel):
    """An agent's view changed: replace it by name."""

    seq: int
    kind: Literal["agent"] = "agent"
    data: AgentView


class NoticeFrame(ApiModel):
    """Something the operator should see once: level and one sentence."""

    seq: int
    kind: Literal["notice"] = "notice"
    level: Level
    text: str


HiveFrame = MessageFrame | QuestionFrame | AgentFrame | NoticeFrame
