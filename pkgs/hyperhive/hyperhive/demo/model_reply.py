"""Decides what the scripted model answers to one request; a pure function of script, request and counters."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from hyperhive.demo.model_message import (
    AssistantMessage,
    Block,
    Failure,
    Reply,
    TextBlock,
    ThinkingBlock,
    ToolBlock,
    Usage,
)
from hyperhive.demo.model_request import JsonObject, ModelRequest, RequestKind, read_request, structured_keys
from hyperhive.demo.model_script import REGEX_FLAGS, ModelScript, ScriptStep, ScriptTurn, ScriptUsage

_REMEMBERED_TURNS: Final = 256
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


@dataclass(frozen=True)
class Counters:
    """What the model remembers between requests."""

    #: How often an agent entered a turn, by (agent, index of the turn).
    matches: Mapping[tuple[str, int], int] = field(default_factory=dict)
    #: How many errors an agent got, by (agent, index of the turn, index of the step).
    errors: Mapping[tuple[str, int, int], int] = field(default_factory=dict)
    #: The turn that a prompt started, by (agent, session, prompt): its index (None: no turn matched) and
    #: whether the last answer to it was an error.
    running: Mapping[tuple[str, str, str], tuple[int | None, bool]] = field(default_factory=dict)


def reply(
    script: ModelScript, agent: str, body: JsonObject, counters: Counters | None = None
) -> tuple[Reply, Counters]:
    """The answer to one `POST /v1/messages`, and the counters for the next call."""
    counters = counters or Counters()
    request = read_request(body)
    match request.kind:
        case RequestKind.TURN:
            return _turn_reply(script, agent, request, counters)
        case RequestKind.COMPACT:
            text = script.summary_text
            return text_message(f"<analysis>{text}</analysis>\n<summary>{text}</summary>", request), counters
        case RequestKind.STRUCTURED:
            answer = dict.fromkeys(structured_keys(body), "scripted-conversation")
            return text_message(json.dumps(answer), request), counters
        case _:
            return text_message(script.default_text, request), counters


def _turn_reply(
    script: ModelScript, agent: str, request: ModelRequest, counters: Counters
) -> tuple[Reply, Counters]:
    key = (agent, request.session, request.prompt)
    index, counters = _current_turn(script, key, request.step, counters)
    if index is None:
        return text_message(script.default_text, request), _remember(counters, key, None, failed=False)
    turn = script.turn[index]
    served = [counters.errors.get((agent, index, number), 0) for number in range(len(turn.step))]
    number = _current_step(turn, request.step, served)
    if number is None:
        return text_message(script.default_text, request), _remember(counters, key, index, failed=False)
    step = turn.step[number]
    if _still_fails(step, served[number]):
        errors = {**counters.errors, (agent, index, number): served[number] + 1}
        return failure(step), _remember(replace(counters, errors=errors), key, index, failed=True)
    counters = _remember(counters, key, index, failed=False)
    try:
        return message(step, template_names(turn, agent, request), request), counters
    except ScriptFaultError as fault:
        return text_message(f"Script fault: {fault}", request), counters


def _current_turn(
    script: ModelScript, key: tuple[str, str, str], step: int, counters: Counters
) -> tuple[int | None, Counters]:
    """The turn that this request belongs to; a turn that starts now is counted."""
    agent, _, prompt = key
    running = counters.running.get(key)
    if running is not None:
        index, failed = running
        if step > 0 or failed:
            return index, counters
    for index, turn in enumerate(script.turn):
        count = counters.matches.get((agent, index), 0)
        if _matches(turn, agent, prompt) and (turn.times is None or count < turn.times):
            return index, replace(counters, matches={**counters.matches, (agent, index): count + 1})
    return None, counters


def _matches(turn: ScriptTurn, agent: str, prompt: str) -> bool:
    if turn.agent is not None and turn.agent != agent:
        return False
    return turn.when is None or re.search(turn.when, prompt, REGEX_FLAGS) is not None


def _remember(counters: Counters, key: tuple[str, str, str], index: int | None, *, failed: bool) -> Counters:
    others = [item for item in counters.running.items() if item[0] != key]
    return replace(counters, running=dict([*others[1 - _REMEMBERED_TURNS :], (key, (index, failed))]))


def _current_step(turn: ScriptTurn, messages: int, served: Sequence[int]) -> int | None:
    """The step to answer with after `messages` assistant messages and `served` errors of each step.

    A step that is only an error makes no assistant message, so it is passed once its errors are served.
    """
    for number, step in enumerate(turn.step):
        if messages == 0 and (step.has_content or _still_fails(step, served[number])):
            return number
        messages -= step.has_content
    return None


def _still_fails(step: ScriptStep, served: int) -> bool:
    return step.error_status is not None and (step.error_times == 0 or served < step.error_times)


class ScriptFaultError(Exception):
    """The script and the request do not fit; the text becomes the model's answer."""


def failure(step: ScriptStep) -> Failure:
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


def message(step: ScriptStep, names: Mapping[str, str], request: ModelRequest) -> AssistantMessage:
    """The assistant message of a step; raises `ScriptFaultError` where a tool or a number does not fit."""
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
    return AssistantMessage(
        tuple(blocks),
        _usage(blocks, request, step.usage),
        step.delay_seconds,
        step.headers,
        step.stop_reason,
    )


def text_message(text: str, request: ModelRequest) -> AssistantMessage:
    block = TextBlock(text)
    return AssistantMessage((block,), _usage([block], request, None))


def template_names(turn: ScriptTurn, agent: str, request: ModelRequest) -> dict[str, str]:
    """What templates may name: the groups of `when` and of every `capture` up to the current step."""
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
