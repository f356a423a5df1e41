"""What one request of the Claude Code CLI to its model says: its kind, the turn's prompt, the step in it."""

import enum
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

JsonObject = Mapping[str, Any]

_REMINDER: Final = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)
# What the CLI adds to a user message by itself, each in a text block of its own.
_ADDED_PREFIXES: Final = (
    "<local-command-",
    "<command-name>",
    "<command-message>",
    "This session is being continued from a previous conversation",
    "Tool loaded.",
)
_INTERRUPTED: Final = "[Request interrupted by user"
_SUMMARY_REQUEST: Final = "Your task is to create a detailed summary"


class RequestKind(enum.StrEnum):
    """Why the CLI asked; only `TURN` is played from the script."""

    TURN = "turn"
    COMPACT = "compact"
    COUNT_TOKENS = "count_tokens"
    PROBE = "probe"
    STRUCTURED = "structured"
    OTHER = "other"


@dataclass(frozen=True)
class ModelRequest:
    """One `POST /v1/messages`, read."""

    kind: RequestKind
    #: The text that started the running turn, without what the CLI added; empty for other kinds.
    prompt: str
    #: How many assistant messages the turn already has.
    step: int
    #: For each of these, the text of the tool results after it, in the order of the calls.
    results: tuple[str, ...]
    tools: tuple[str, ...]
    session: str
    #: Whether the conversation has no assistant message yet.
    first: bool
    #: Characters of JSON since the last assistant message, and of the whole request.
    fresh_size: int
    size: int


@dataclass
class _UserRun:
    """What came from the user between two assistant messages."""

    texts: list[str] = field(default_factory=list)
    #: By id and in the order of the calls; the CLI sends them in the order in which the tools finish.
    results: dict[str, str] = field(default_factory=dict)
    size: int = 0

    @property
    def prompt(self) -> str:
        """The text of the newest user message in this run.

        Where earlier prompts got no answer, the CLI joins them with the new one into one message and
        ends every text but the last with a line feed.
        """
        real: list[str] = []
        for position, text in enumerate(self.texts, start=1):
            bare = _REMINDER.sub("", text).strip()
            if bare and not bare.startswith(_ADDED_PREFIXES):
                real.append(bare)
            if text.startswith(_INTERRUPTED) or (text.endswith("\n") and position < len(self.texts)):
                real.clear()
        return "\n".join(real)


def read_request(body: JsonObject) -> ModelRequest:
    runs = _user_runs(body.get("messages", ()))
    kind = _kind(body, runs[-1])
    start = max((index for index, run in enumerate(runs) if run.prompt), default=0)
    return ModelRequest(
        kind=kind,
        prompt=runs[start].prompt if kind is RequestKind.TURN else "",
        step=len(runs) - 1 - start,
        results=tuple("\n".join(filter(None, run.results.values())) for run in runs[start + 1 :]),
        tools=tuple(str(tool.get("name", "")) for tool in body.get("tools") or ()),
        session=str((body.get("metadata") or {}).get("user_id", "")),
        first=len(runs) == 1,
        fresh_size=runs[-1].size,
        size=_size(body),
    )


def text_of(content: object) -> str:
    """The text of a message's or tool result's `content`: a string, or blocks of which some are text."""
    return "\n".join(block["text"] for block in _blocks(content) if block.get("type") == "text")


def structured_keys(body: JsonObject) -> tuple[str, ...]:
    """Properties of the JSON object that the CLI wants, e.g. to name a conversation; empty for free text."""
    wanted = (body.get("output_config") or {}).get("format") or {}
    return tuple((wanted.get("schema") or {}).get("properties") or ())


def estimated_tokens(body: JsonObject) -> int:
    return max(1, _size({key: body[key] for key in ("system", "tools", "messages") if key in body}) // 4)


def _user_runs(messages: Sequence[JsonObject]) -> list[_UserRun]:
    runs = [_UserRun()]
    following: _UserRun | None = None
    for message in messages:
        match message.get("role"):
            case "assistant":
                following = following or _UserRun()
                for block in _blocks(message.get("content")):
                    if block.get("type") == "tool_use":
                        following.results[str(block.get("id"))] = ""
            case "user":
                if following is not None:
                    runs.append(following)
                    following = None
                _add(runs[-1], message)
            case _:
                # Newer CLIs add messages of the role "system" in between; they are nobody's prompt.
                pass
    return runs


def _add(run: _UserRun, message: JsonObject) -> None:
    run.size += _size(message)
    for block in _blocks(message.get("content")):
        if block.get("type") == "text":
            run.texts.append(block["text"])
        elif block.get("type") == "tool_result":
            text = _REMINDER.sub("", text_of(block.get("content"))).strip()
            run.results[str(block.get("tool_use_id"))] = text


def _blocks(content: object) -> list[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, list):
        return [block for block in content if isinstance(block, dict)]
    return []


def _kind(body: JsonObject, last: _UserRun) -> RequestKind:
    if body.get("max_tokens") == 1:
        return RequestKind.PROBE
    if last.texts and _SUMMARY_REQUEST in last.texts[-1]:
        return RequestKind.COMPACT
    if not body.get("tools") and structured_keys(body):
        return RequestKind.STRUCTURED
    return RequestKind.TURN


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
