"""What the model answers: an assistant message of blocks with usage, or an API error."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ThinkingBlock:
    """A thinking block."""

    thinking: str


@dataclass(frozen=True)
class TextBlock:
    """A text block."""

    text: str


@dataclass(frozen=True)
class ToolBlock:
    """A tool call; its id is given by the one who sends it."""

    name: str
    input: dict[str, Any]


Block = ThinkingBlock | TextBlock | ToolBlock


@dataclass(frozen=True)
class Usage:
    """Token counts of one answer, as the API reports them."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0


@dataclass(frozen=True)
class Message:
    """An assistant message, sent `delay_seconds` after the request."""

    blocks: tuple[Block, ...]
    usage: Usage
    delay_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def stop_reason(self) -> str:
        """`tool_use` or `end_turn`."""
        return "tool_use" if any(isinstance(block, ToolBlock) for block in self.blocks) else "end_turn"


@dataclass(frozen=True)
class Failure:
    """An API error, sent `delay_seconds` after the request."""

    status: int
    error_type: str
    message: str
    delay_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


Reply = Message | Failure
