"""Answers that end without being done, byte by byte from a raw model, as the real CLI reports them."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from hyperhive.protocol.agents import AgentState
from hyperhive.protocol.messages import MessageState
from tests.harness.conftest import MakeHive, SmallHive


def event(data: dict[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode()


def start() -> bytes:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1},
    }
    return event({"type": "message_start", "message": message})


def block(content: dict[str, Any], delta: dict[str, Any], index: int = 0) -> bytes:
    return (
        event({"type": "content_block_start", "index": index, "content_block": content})
        + event({"type": "content_block_delta", "index": index, "delta": delta})
        + event({"type": "content_block_stop", "index": index})
    )


def text(words: str) -> bytes:
    return block({"type": "text", "text": ""}, {"type": "text_delta", "text": words})


def thinking(words: str) -> bytes:
    content = {"type": "thinking", "thinking": "", "signature": ""}
    return block(content, {"type": "thinking_delta", "thinking": words})


def call(name: str, given: dict[str, Any]) -> bytes:
    content = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
    return block(content, {"type": "input_json_delta", "partial_json": json.dumps(given)})


def end(reason: str | None, output_tokens: int = 5, sequence: str | None = None) -> bytes:
    delta = {"stop_reason": reason, "stop_sequence": sequence}
    usage = {"output_tokens": output_tokens}
    return event({"type": "message_delta", "delta": delta, "usage": usage}) + event({"type": "message_stop"})


class RawModel:
    """Answers every request with the given bytes; the one that brings a tool's result with `then`."""

    def __init__(self) -> None:
        self.answer = b""
        self.then: bytes | None = None
        self.url = ""

    async def start(self) -> web.AppRunner:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{_:.*}", self._reply)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _reply(self, http: web.Request) -> web.StreamResponse:
        body = await http.json() if http.can_read_body else {}
        if not http.path.endswith("/v1/messages"):
            return web.json_response({"input_tokens": 10})
        if not body.get("stream"):
            error = {"type": "api_error", "message": "no answer in one piece"}
            return web.json_response({"type": "error", "error": error}, status=500)
        ran = "tool_result" in json.dumps(body["messages"][-2:])
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(http)
        if data := self.answer if self.then is None or not ran else self.then:
            await response.write(data)
        await response.write_eof()
        return response


@pytest.fixture
async def raw_model() -> AsyncIterator[RawModel]:
    model = RawModel()
    runner = await model.start()
    yield model
    await runner.cleanup()


async def awake(small_hive: MakeHive, model: RawModel, **agent: Any) -> SmallHive:
    hive = await small_hive("", alice=agent)
    env = hive.quick_failures("alice") | {"ANTHROPIC_BASE_URL": model.url}
    await hive.wake("alice", env=env)
    return hive


BASH = call("Bash", {"command": "echo ran"})


@pytest.mark.parametrize(
    ("answer", "then", "said"),
    [
        (start() + end("end_turn", 0), None, "the answer was empty (end_turn, 0 tokens)"),
        (start() + text(" \n") + end("end_turn"), None, "the answer was empty (end_turn"),
        (start() + thinking("hm") + end("end_turn"), None, "the answer was empty (end_turn"),
        (start() + text("hi") + end("pause_turn"), None, "(pause_turn)"),
        (start() + end("pause_turn"), None, "(pause_turn)"),
        (start() + end("refusal"), None, "the model refused (refusal): API Error: "),
        (start() + text("No.") + end("refusal"), None, "the model refused (refusal): API Error: "),
        (start() + text("hi") + end("max_tokens"), None, "output token maximum"),
        (start() + text("hi") + end("something_new"), None, "does not know (something_new)"),
        (start() + text("hi") + end(None), None, "broke off without a stop reason"),
        (start() + text("hi") + end("tool_use"), None, "tool call could not be parsed"),
        (start() + text("hi"), None, ""),
        (start(), None, ""),
        (b"", None, ""),
        (start() + BASH + end("tool_use"), start() + end("pause_turn"), "(pause_turn)"),
    ],
)
async def test_an_answer_that_is_not_done_acks_no_mail_and_is_shown(
    small_hive: MakeHive, raw_model: RawModel, answer: bytes, then: bytes | None, said: str
) -> None:
    raw_model.answer, raw_model.then = answer, then
    hive = await awake(small_hive, raw_model, bash=None)
    mail = await hive.say("alice", "one")
    await hive.state("alice", AgentState.FAILED)
    assert (await hive.settled(mail, MessageState.QUEUED)).acked_at is None
    shown = hive.broker.services.agents.view("alice").status.detail
    assert shown
    assert said in shown
    [told] = [one["error"] for one in await hive.events("alice", "turn_end")][:1]
    assert said in told
    # The next answer is done, and so is the mail.
    raw_model.answer, raw_model.then = start() + text("done") + end("end_turn"), None
    assert (await hive.settled(mail)).redelivered


@pytest.mark.parametrize(
    ("answer", "then"),
    [
        (start() + text("hi") + end("stop_sequence", sequence="X"), None),
        # The stop reason has come: nothing is missing but the last event.
        (start() + text("hi") + end("end_turn").removesuffix(event({"type": "message_stop"})), None),
        (start() + BASH + end("tool_use"), start() + text("done") + end("end_turn")),
        # A refused call, one of no tool and one at the output limit go on with their result.
        (
            start() + call("Bash", {"command": "whoami"}) + end("tool_use"),
            start() + text("x") + end("end_turn"),
        ),
        (start() + call("Nothing", {"a": 1}) + end("tool_use"), start() + text("done") + end("end_turn")),
        (start() + BASH + end("max_tokens"), start() + text("done") + end("end_turn")),
    ],
)
async def test_an_answer_that_is_done_acks_its_mail(
    small_hive: MakeHive, raw_model: RawModel, answer: bytes, then: bytes | None
) -> None:
    raw_model.answer, raw_model.then = answer, then
    hive = await awake(small_hive, raw_model, bash=["echo *"])
    assert (await hive.settled(await hive.say("alice", "one"))).deliveries == 1
