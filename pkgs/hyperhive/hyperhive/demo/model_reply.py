"""Decides what the scripted model answers to one request; a pure function of script, request and counters."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from hyperhive.demo.model_message import Reply
from hyperhive.demo.model_render import ScriptFaultError, failure, message, template_names, text_message
from hyperhive.demo.model_request import JsonObject, ModelRequest, RequestKind, read_request, structured_keys
from hyperhive.demo.model_script import REGEX_FLAGS, ModelScript, ScriptStep, ScriptTurn

_REMEMBERED_TURNS: Final = 256


@dataclass(frozen=True)
class Counters:
    """What the model remembers between requests; replaced as a whole, never changed.

    Attributes:
        matches: How often an agent entered a turn, by (agent, index of the turn).
        errors: How many errors an agent got, by (agent, index of the turn, index of the step).
        running: The turn that a prompt started, by (agent, session, prompt): index (`None`: no turn
            matched) and whether the last answer to it was an error.
    """

    matches: Mapping[tuple[str, int], int] = field(default_factory=dict)
    errors: Mapping[tuple[str, int, int], int] = field(default_factory=dict)
    running: Mapping[tuple[str, str, str], tuple[int | None, bool]] = field(default_factory=dict)


def reply(
    script: ModelScript, agent: str, body: JsonObject, counters: Counters | None = None
) -> tuple[Reply, Counters]:
    """Answer one `POST /v1/messages`.

    Args:
        script: What to play.
        agent: Who asks.
        body: The request's JSON.
        counters: What the previous call returned; `None` at first.

    Returns:
        The answer, and the counters for the next call.
    """
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
    """The number of the step to answer with when the turn has `messages` assistant messages.

    A step that is only an error makes no assistant message, so it is passed once its errors are served.

    Args:
        turn: The turn that is played.
        messages: Its assistant messages so far.
        served: For each step, how many errors were already answered.
    """
    for number, step in enumerate(turn.step):
        if messages == 0 and (step.has_content or _still_fails(step, served[number])):
            return number
        messages -= step.has_content
    return None


def _still_fails(step: ScriptStep, served: int) -> bool:
    return step.error_status is not None and (step.error_times == 0 or served < step.error_times)
