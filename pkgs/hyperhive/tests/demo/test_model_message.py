import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any

from hyperhive.demo.model_message import (
    AssistantMessage,
    Block,
    Failure,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
    error_body,
    ping,
    stream_rest,
    stream_start,
    whole_message,
)

MESSAGE = AssistantMessage(
    (
        ThinkingBlock("hmm"),
        TextBlock("word " * 30),
        ToolBlock("Bash", {"command": "x" * 40}),
        ToolBlock("Read", {}),
    ),
    Usage(10, 20, 30, 40),
)


def numbered() -> Callable[[str], str]:
    numbers = itertools.count(1)
    return lambda prefix: f"{prefix}{next(numbers)}"


def events(chunks: Iterable[bytes]) -> list[dict[str, Any]]:
    read = []
    for chunk in b"".join(chunks).decode().removesuffix("\n\n").split("\n\n"):
        name, data = chunk.split("\n")
        read.append(json.loads(data.removeprefix("data: ")))
        assert name == f"event: {read[-1]['type']}"
    return read


def test_the_first_event_carries_the_empty_message_and_the_usage_of_the_input() -> None:
    assert events([stream_start(MESSAGE, "claude-x", numbered())]) == [
        {
            "type": "message_start",
            "message": {
                "id": "msg_1",
                "type": "message",
                "role": "assistant",
                "model": "claude-x",
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {
                    "input_tokens": 10,
                    "output_tokens": 1,
                    "cache_creation_input_tokens": 30,
                    "cache_read_input_tokens": 40,
                },
            },
        }
    ]


def test_the_deltas_add_up_to_the_whole_message() -> None:
    streamed = events(stream_rest(MESSAGE, numbered()))

    content: list[dict[str, Any]] = []
    for event in streamed:
        delta = event.get("delta", {})
        match event["type"], delta.get("type"):
            case "content_block_start", _:
                assert event["index"] == len(content)
                content.append({**event["content_block"], "json": ""})
            case "content_block_delta", "text_delta":
                content[event["index"]]["text"] += delta["text"]
            case "content_block_delta", "thinking_delta":
                content[event["index"]]["thinking"] += delta["thinking"]
            case "content_block_delta", "signature_delta":
                content[event["index"]]["signature"] += delta["signature"]
            case "content_block_delta", "input_json_delta":
                content[event["index"]]["json"] += delta["partial_json"]
    for block in content:
        source = block.pop("json")
        if block["type"] == "tool_use":
            block["input"] = json.loads(source)
    assert content == whole_message(MESSAGE, "claude-x", numbered_from_tools())["content"]
    assert sum(event["type"] == "content_block_delta" for event in streamed) > len(content) + 4
    assert streamed[-2:] == [
        {
            "type": "message_delta",
            "delta": {"stop_reason": "tool_use", "stop_sequence": None},
            "usage": {
                "input_tokens": 10,
                "output_tokens": 20,
                "cache_creation_input_tokens": 30,
                "cache_read_input_tokens": 40,
            },
        },
        {"type": "message_stop"},
    ]


def numbered_from_tools() -> Callable[[str], str]:
    """As `numbered`, but the id of the message itself takes no number."""
    new_id = numbered()
    return lambda prefix: prefix if prefix == "msg_" else new_id(prefix)


def test_every_tool_call_has_its_own_id() -> None:
    content = whole_message(MESSAGE, "claude-x", numbered())["content"]

    assert [block["id"] for block in content[2:]] == ["toolu_2", "toolu_3"]


def test_an_error_has_the_shape_of_the_api() -> None:
    assert error_body(Failure(529, "overloaded_error", "Busy.")) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Busy."},
    }


def test_a_ping_is_an_event_of_its_own() -> None:
    assert ping() == b'event: ping\ndata: {"type": "ping"}\n\n'


def test_a_message_with_a_tool_call_stops_for_it_and_any_other_ends_the_turn() -> None:
    def stop_reason(*blocks: Block) -> str:
        return AssistantMessage(blocks, Usage(1, 1)).stop_reason

    assert stop_reason(TextBlock("x"), ToolBlock("Bash", {})) == "tool_use"
    assert stop_reason(TextBlock("x")) == "end_turn"
