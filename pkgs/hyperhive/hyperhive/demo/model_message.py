"""What the model answers, a message of blocks or an API error, and how the Messages API writes it down."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_TEXT_CHUNK: Final = 48
_JSON_CHUNK: Final = 32
# Nobody checks it here, and the CLI only hands it back.
_SIGNATURE: Final = "c2NyaXB0"

#: Makes an id that was never used before, from its prefix (`msg_`, `toolu_`).
NewId = Callable[[str], str]


@dataclass(frozen=True)
class ThinkingBlock:
    thinking: str


@dataclass(frozen=True)
class TextBlock:
    text: str


@dataclass(frozen=True)
class ToolBlock:
    name: str
    input: dict[str, Any]


Block = ThinkingBlock | TextBlock | ToolBlock


@dataclass(frozen=True)
class Usage:
    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0


@dataclass(frozen=True)
class AssistantMessage:
    """An assistant message, sent `delay_seconds` after the request."""

    blocks: tuple[Block, ...]
    usage: Usage
    delay_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    #: None for the one that the blocks ask for.
    ending: str | None = None

    @property
    def stop_reason(self) -> str:
        if self.ending is not None:
            return self.ending
        return "tool_use" if any(isinstance(block, ToolBlock) for block in self.blocks) else "end_turn"


@dataclass(frozen=True)
class Failure:
    status: int
    error_type: str
    message: str
    delay_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


Reply = AssistantMessage | Failure


def ping() -> bytes:
    return _event({"type": "ping"})


def stream_start(message: AssistantMessage, model: str, new_id: NewId) -> bytes:
    envelope = _envelope(message, model, new_id)
    envelope |= {"content": [], "stop_reason": None}
    envelope["usage"] = {**envelope["usage"], "output_tokens": 1}
    return _event({"type": "message_start", "message": envelope})


def stream_rest(message: AssistantMessage, new_id: NewId) -> Iterator[bytes]:
    """Everything after the first event: blocks in several deltas, stop reason, usage, end."""
    for index, block in enumerate(message.blocks):
        start, deltas = _block_events(block, new_id)
        yield _event({"type": "content_block_start", "index": index, "content_block": start})
        for delta in deltas:
            yield _event({"type": "content_block_delta", "index": index, "delta": delta})
        yield _event({"type": "content_block_stop", "index": index})
    yield _event(
        {
            "type": "message_delta",
            "delta": {"stop_reason": message.stop_reason, "stop_sequence": None},
            "usage": dataclasses.asdict(message.usage),
        }
    )
    yield _event({"type": "message_stop"})


def whole_message(message: AssistantMessage, model: str, new_id: NewId) -> dict[str, Any]:
    return {
        **_envelope(message, model, new_id),
        "content": [_whole_block(block, new_id) for block in message.blocks],
        "stop_reason": message.stop_reason,
    }


def error_body(failure: Failure) -> dict[str, Any]:
    return {"type": "error", "error": {"type": failure.error_type, "message": failure.message}}


def _envelope(message: AssistantMessage, model: str, new_id: NewId) -> dict[str, Any]:
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": model,
        "stop_sequence": None,
        "usage": dataclasses.asdict(message.usage),
    }


def _whole_block(block: Block, new_id: NewId) -> dict[str, Any]:
    match block:
        case ThinkingBlock(thinking):
            return {"type": "thinking", "thinking": thinking, "signature": _SIGNATURE}
        case TextBlock(text):
            return {"type": "text", "text": text}
        case ToolBlock(name, arguments):
            return {"type": "tool_use", "id": new_id("toolu_"), "name": name, "input": arguments}


def _block_events(block: Block, new_id: NewId) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The block as it starts (empty) and the deltas that fill it."""
    start = _whole_block(block, new_id)
    match block:
        case ThinkingBlock(thinking):
            deltas = [{"type": "thinking_delta", "thinking": part} for part in _parts(thinking, _TEXT_CHUNK)]
            deltas.append({"type": "signature_delta", "signature": _SIGNATURE})
            return {**start, "thinking": "", "signature": ""}, deltas
        case TextBlock(text):
            return {**start, "text": ""}, [
                {"type": "text_delta", "text": part} for part in _parts(text, _TEXT_CHUNK)
            ]
        case ToolBlock(_, arguments):
            source = json.dumps(arguments, ensure_ascii=False)
            return {**start, "input": {}}, [
                {"type": "input_json_delta", "partial_json": part}
                for part in ("", *_parts(source, _JSON_CHUNK))
            ]


def _parts(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
