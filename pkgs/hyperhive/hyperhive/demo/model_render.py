"""Makes an answer of a script step: fills its templates, checks its tools, counts its tokens."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from hyperhive.demo.model_message import Block, Failure, Message, TextBlock, ThinkingBlock, ToolBlock, Usage
from hyperhive.demo.model_request import ModelRequest
from hyperhive.demo.model_script import REGEX_FLAGS, ScriptStep, ScriptTurn, ScriptUsage

_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?::int)?\}")
_WHOLE_INT: Final = re.compile(r"\{(\w+):int\}")
_CHARACTERS_PER_TOKEN: Final = 4
_ERROR_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class ScriptFaultError(Exception):
    """The script and the request do not fit; the text becomes the model's answer."""


def failure(step: ScriptStep) -> Failure:
    """The error of a step that has one."""
    status = step.error_status or 500
    headers = dict(step.headers)
    if step.retry_after is not None:
        headers["retry-after"] = f"{step.retry_after:g}"
    return Failure(
        status=status,
        error_type=step.error_type or _ERROR_TYPES.get(status, "api_error"),
        message=step.error_message or "The script asked for this error.",
        delay_seconds=step.delay_seconds,
        headers=headers,
    )


def message(step: ScriptStep, names: Mapping[str, str], request: ModelRequest) -> Message:
    """The assistant message of a step.

    Raises:
        ScriptFaultError: A tool was not offered, or a number is none.
    """
    blocks: list[Block] = []
    if step.thinking:
        blocks.append(ThinkingBlock(_fill(step.thinking, names)))
    if step.text:
        blocks.append(TextBlock(_fill(step.text, names)))
    for call in step.calls:
        if not call.force and call.tool not in request.tools:
            offered = ", ".join(request.tools) or "none"
            raise ScriptFaultError(f"the tool {call.tool} was not offered; offered were: {offered}")
        arguments = {key: _rendered(value, names) for key, value in call.input.items()}
        blocks.append(ToolBlock(call.tool, arguments))
    return Message(tuple(blocks), _usage(blocks, request, step.usage), step.delay_seconds, step.headers)


def text_message(text: str, request: ModelRequest) -> Message:
    """An assistant message that is only this text and ends the turn."""
    block = TextBlock(text)
    return Message((block,), _usage([block], request, None))


def template_names(turn: ScriptTurn, agent: str, request: ModelRequest) -> dict[str, str]:
    """What templates may name: the groups of `when` and of every `capture` up to the current step.

    Raises:
        ScriptFaultError: A capture does not match.
    """
    names = {"agent": agent}
    if turn.when is not None:
        found = re.search(turn.when, request.prompt, REGEX_FLAGS)
        names |= found.groupdict("") if found else {}
    content = [step for step in turn.step if step.has_content]
    for position, step in enumerate(content[: request.step + 1]):
        if step.capture is None:
            continue
        result = request.results[position - 1] if position else request.prompt
        found = re.search(step.capture, result, REGEX_FLAGS)
        if found is None:
            raise ScriptFaultError(f"capture {step.capture!r} does not match {result[:500]!r}")
        names |= found.groupdict("")
    return names


def _rendered(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case str():
            whole = _WHOLE_INT.fullmatch(value)
            if whole and whole[1] in names:
                return _number(whole[1], names[whole[1]])
            return _fill(value, names)
        case list():
            return [_rendered(item, names) for item in value]
        case dict():
            return {key: _rendered(item, names) for key, item in value.items()}
        case _:
            return value


def _number(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise ScriptFaultError(f"{{{name}:int}} is {value!r}, not a number") from error


def _fill(template: str, names: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: names.get(found[1], found[0]), template)


def _usage(blocks: list[Block], request: ModelRequest, given: ScriptUsage | None) -> Usage:
    """The script's counts, or an estimate in which all but the newest user message is in the cache."""
    output = max(1, sum(_length(block) for block in blocks) // _CHARACTERS_PER_TOKEN)
    if given is not None:
        return Usage(
            input_tokens=given.input_tokens,
            output_tokens=output if given.output_tokens is None else given.output_tokens,
            cache_creation_input_tokens=given.cache_creation_input_tokens,
            cache_read_input_tokens=given.cache_read_input_tokens,
        )
    older = (request.size - request.fresh_size) // _CHARACTERS_PER_TOKEN
    return Usage(
        input_tokens=max(1, request.fresh_size // _CHARACTERS_PER_TOKEN),
        output_tokens=output,
        cache_creation_input_tokens=older if request.first else 0,
        cache_read_input_tokens=0 if request.first else older,
    )


def _length(block: Block) -> int:
    match block:
        case ThinkingBlock(text) | TextBlock(text):
            return len(text)
        case ToolBlock(name, arguments):
            return len(name) + len(json.dumps(arguments))
