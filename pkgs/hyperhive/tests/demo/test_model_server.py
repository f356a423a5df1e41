import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from hyperhive.demo.model_request import RequestKind
from hyperhive.demo.model_script import ModelScript, parse_script
from hyperhive.demo.model_server import ModelServer, RecordedRequest
from hyperhive.errors import UnavailableError

SCRIPT = parse_script(
    """
    [[turn]]
    when = "slow"
    step = [{ text = "at last", delay_seconds = 30.0 }]
    [[turn]]
    when = "busy"
    [[turn.step]]
    error_status = 529
    retry_after = 2.0
    [[turn]]
    agent = "alice"
    step = [{ text = "I am alice.", headers = { x-limit = "9" } }]
    """
)


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    server = ModelServer(SCRIPT)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


def messages(prompt: str, **more: object) -> dict[str, Any]:
    return {"model": "claude-x", "max_tokens": 100, "messages": [{"role": "user", "content": prompt}], **more}


async def test_an_answer_is_streamed_when_asked_for(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    url = f"{server.base_url('alice')}/v1/messages?beta=true"
    async with client.post(url, json=messages("hi", stream=True)) as response:
        lines = (await response.text()).splitlines()

    assert (response.status, response.content_type, response.headers["x-limit"]) == (
        200,
        "text/event-stream",
        "9",
    )
    assert [line.removeprefix("event: ") for line in lines if line.startswith("event: ")] == [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]


async def test_an_answer_is_whole_otherwise(server: ModelServer, client: aiohttp.ClientSession) -> None:
    async with client.post(f"{server.base_url('alice')}/v1/messages", json=messages("hi")) as response:
        body = await response.json()

    assert body.pop("id").startswith("msg_")
    assert body == {
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": [{"type": "text", "text": "I am alice."}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 7,
            "output_tokens": 2,
            "cache_creation_input_tokens": 12,
            "cache_read_input_tokens": 0,
        },
    }


async def test_an_error_has_its_status_and_retry_after(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    async with client.post(f"{server.base_url('')}/v1/messages", json=messages("busy")) as response:
        body = await response.json()

    assert (response.status, response.headers["retry-after"], body["error"]["type"]) == (
        529,
        "2",
        "overloaded_error",
    )


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "answer"),
    [
        ("POST", "/v1/messages/count_tokens", messages("x" * 400), 200, {"input_tokens": 110}),
        ("GET", "/v1/models", None, 200, {"data": [], "has_more": False, "first_id": None, "last_id": None}),
        ("HEAD", "", None, 200, None),
        (
            "GET",
            "/v1/nothing",
            None,
            404,
            {
                "type": "error",
                "error": {"type": "not_found_error", "message": "The scripted model has no GET /v1/nothing."},
            },
        ),
        (
            "POST",
            "/v1/messages",
            ["no object"],
            400,
            {
                "type": "error",
                "error": {"type": "invalid_request_error", "message": "The body is not a JSON object."},
            },
        ),
    ],
)
async def test_everything_else_that_a_cli_may_ask_is_answered_at_once(
    server: ModelServer,
    client: aiohttp.ClientSession,
    method: str,
    path: str,
    sent: object,
    status: int,
    answer: object,
) -> None:
    async with client.request(method, server.base_url("alice") + path, json=sent) as response:
        assert (response.status, await response.json(content_type=None)) == (status, answer)


async def test_requests_are_recorded_under_the_agent_of_their_path(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    await client.post(f"{server.base_url('')}/v1/messages", json=messages("one"))
    await client.post(f"{server.base_url('bob')}/v1/messages", json=messages("two", tools=[{"name": "Bash"}]))
    await client.post(f"{server.base_url('bob')}/v1/messages/count_tokens", json=messages("three"))

    at = [request.at for request in server.requests]
    assert at == sorted(at)
    assert server.requests == [
        RecordedRequest("", at[0], "POST", "/v1/messages", RequestKind.TURN, prompt="one", model="claude-x"),
        RecordedRequest(
            "bob",
            at[1],
            "POST",
            "/v1/messages",
            RequestKind.TURN,
            prompt="two",
            tools=("Bash",),
            model="claude-x",
        ),
        RecordedRequest("bob", at[2], "POST", "/v1/messages/count_tokens", RequestKind.COUNT_TOKENS),
    ]
    assert [request.side for request in server.requests] == [False, False, True]


async def test_waiting_finds_past_requests_and_those_to_come(
    server: ModelServer, client: aiohttp.ClientSession
) -> None:
    waiting = asyncio.create_task(server.wait_for_request(lambda request: request.prompt == "new", 5))
    await client.post(f"{server.base_url('bob')}/v1/messages", json=messages("old"))
    await client.post(f"{server.base_url('bob')}/v1/messages", json=messages("new"))

    assert (await waiting).prompt == "new"
    assert (await server.wait_for_request(lambda request: request.prompt == "old", 0.1)).prompt == "old"
    with pytest.raises(TimeoutError):
        await server.wait_for_request(lambda request: request.prompt == "never", 0.01)


async def test_stopping_does_not_wait_for_a_delayed_answer(client: aiohttp.ClientSession) -> None:
    server = ModelServer(SCRIPT)
    await server.start()
    url = f"{server.base_url('bob')}/v1/messages"
    asking = asyncio.create_task(client.post(url, json=messages("slow")))
    await server.wait_for_request(lambda request: request.prompt == "slow", 5)
    began = time.monotonic()

    await server.stop()

    assert time.monotonic() - began < 1
    with pytest.raises(aiohttp.ClientError):
        await asking
    with pytest.raises(UnavailableError, match="the model server is not started"):
        server.base_url("bob")


async def test_a_port_in_use_is_an_error_that_names_it(server: ModelServer) -> None:
    port = int(server.base_url("").rpartition(":")[2])

    with pytest.raises(UnavailableError, match=f"cannot listen on 127.0.0.1:{port}"):
        await ModelServer(ModelScript(), port=port).start()
