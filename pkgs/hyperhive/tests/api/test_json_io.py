"""The edge between bytes and types: limits, malformed bodies, numbers that are none."""

import asyncio
import contextlib
import io
import json

import aiohttp
import pytest
from yarl import URL

from hyperhive.protocol.base import REPLACED_HEADER
from tests.api.conftest import RunningHive, call, refusal

#: Malformed bodies of a send, and what the refusal says.
MALFORMED = [
    (b"{", "body: Invalid JSON"),
    (b"\xff\xfe", "body: Invalid JSON"),
    (b"[]", "body: Input should be an object (value: [])"),
    (b'{"to": "bob"}', "body.body: Field required"),
    (b'{"to": "bob", "body": ""}', "body.body: String should have at least 1 character (value: '')"),
    (b'{"to": 7, "body": "x"}', "body.to: Input should be a valid string (value: 7)"),
    (b'{"to": "bob", "body": "x", "from": "boss"}', "body.from: Extra inputs are not permitted"),
    (b'{"to": "bob", "body": "x", "in_reply_to": "1"}', "body.in_reply_to: Input should be a valid int"),
    (b"[" * 10_000, "body: Invalid JSON"),
]


async def test_a_malformed_body_is_refused_with_field_and_value(hive: RunningHive) -> None:
    for body, said in MALFORMED:
        async with hive.agents["alice"].post("/v1/messages", data=body) as response:
            answer = await response.json()
        message = answer["error"]["message"]
        assert (response.status, answer["error"]["key"]) == (400, "invalid_request")
        assert message.startswith(said)
        assert len(message) < 500


async def test_text_that_nobody_can_keep_is_replaced_and_the_caller_is_told(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    sent = {
        rb'{"to": "bob", "body": "half \ud800, nul \u0000"}': ("half \ufffd, nul \ufffd", "2"),
        b'{"to": "bob", "body": "caf\xe9"}': ("caf\ufffd", "1"),
        '{"to": "bob", "body": "whole 😀 \\ud83d\\ude00"}'.encode(): ("whole 😀 😀", None),
    }
    for raw, (body, replaced) in sent.items():
        async with alice.post("/v1/messages", data=raw) as response:
            answer = await response.json()
        assert response.status == 200, answer
        assert response.headers.get(REPLACED_HEADER) == replaced
        _, kept = await call(alice, "GET", f"/v1/messages/{answer['messages'][0]['id']}")
        assert kept["body"] == body
    question = rb'{"question": "Which \udfff?", "options": ["\ud83d", "b"]}'
    async with alice.post("/v1/questions", data=question) as response:
        asked = await response.json()
    assert (asked["question"], asked["options"]) == ("Which \ufffd?", ["\ufffd", "b"])
    assert response.headers[REPLACED_HEADER] == "2"
    path = f"/api/questions/{asked['id']}/answer"
    async with hive.browser.post(path, data=rb'{"answer": "yes \ud83d"}') as response:
        answered = await response.json()
    assert (answered["answer"], response.headers[REPLACED_HEADER]) == ("yes \ufffd", "1")


async def test_what_stands_behind_a_nul_is_found(hive: RunningHive) -> None:
    await call(hive.browser, "POST", "/api/messages", {"to": "bob", "body": "before\0behind"})
    _, found = await call(hive.browser, "GET", "/api/messages?text=behind")
    assert [message["body"] for message in found["messages"]] == ["before\ufffdbehind"]


async def test_addresses_and_headers_with_bytes_that_are_no_text_are_refusals(hive: RunningHive) -> None:
    for path in ("/v1/caf%E9", "/v1/%ED%A0%BD", "/v1/%00", "/v1/messages/%E9", "/v1/terminals/%E9%00"):
        async with hive.agents["alice"].get(URL(path, encoded=True)) as response:
            assert (response.status, list(await response.json())) in [(400, ["error"]), (404, ["error"])]
    for query in ("text=%E9", "text=%00", "text=%ED%A0%BD", "agent=%E9", "state=%E9", "%E9=1"):
        async with hive.browser.get(URL(f"/api/messages?{query}", encoded=True)) as response:
            assert response.status in {200, 400}
            assert isinstance(await response.json(), dict)
    for path in ("/api/agents/%E9", "/api/agents/%ED%A0%BD/events", "/api/agents/a%00/explain"):
        async with hive.browser.get(URL(path, encoded=True)) as response:
            assert (response.status, list(await response.json())) in [(404, ["error"]), (405, ["error"])]


async def test_a_body_that_is_no_json_is_not_repeated(hive: RunningHive) -> None:
    async with hive.agents["alice"].post("/v1/messages", data=b'{"body": "a secret') as response:
        assert "secret" not in await response.text()
    many = {"to": "bob", "body": "x", **{f"{'k' * 1000}{number}": "v" * 1000 for number in range(50)}}
    _, answer = await call(hive.agents["alice"], "POST", "/v1/messages", many)
    assert len(answer["error"]["message"]) < 2500


async def test_a_long_value_is_cut_in_the_refusal(hive: RunningHive) -> None:
    body = {"to": "bob", "body": "x", "idempotency_key": "k" * 100_000}
    status, answer = await call(hive.agents["alice"], "POST", "/v1/messages", body)
    assert (status, answer["error"]["message"]) == (
        400,
        "body.idempotency_key: String should have at most 64 characters (value: '" + "k" * 199 + "…)",
    )


async def test_a_body_over_the_limit_is_refused_however_it_comes(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    big = json.dumps({"to": "bob", "body": "x" * (1024 * 1024)}).encode()

    async def chunks() -> object:
        for start in range(0, len(big), 65536):
            yield big[start : start + 65536]

    for data in (io.BytesIO(big), chunks()):
        async with alice.post("/v1/messages", data=data) as response:
            assert (response.status, (await response.json())["error"]["key"]) == (413, "too_large")
    assert await refusal(alice, "POST", "/v1/inbox/requeue", {"turn": "x" * 70_000}) == (413, "too_large")


async def test_an_agent_s_large_bodies_are_read_in_turns_and_small_ones_wait_for_none(
    hive: RunningHive,
) -> None:
    head = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    _, holder = await asyncio.open_unix_connection(hive.socket("alice"))
    with contextlib.closing(holder):
        holder.transport.set_write_buffer_limits(0)
        # More than waits anywhere below: once it is gone, it was read.
        holder.write(head + b"f0000\r\n" + b" " * 0xF0000 + b"\r\n")
        await asyncio.wait_for(holder.drain(), 10)
        large = asyncio.ensure_future(hive.send("alice", "bob", "x" * 200_000))
        assert await hive.send("alice", "bob", "small")
        assert await hive.send("bob", "alice", "x" * 200_000)
        assert not large.done()
    assert await asyncio.wait_for(large, 10)


async def test_a_numbers_edges_are_refusals_and_no_failures(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    huge = 10**30
    assert await refusal(alice, "GET", f"/v1/messages/{huge}") == (400, "invalid_request")
    assert await refusal(alice, "GET", "/v1/messages/-1") == (400, "invalid_request")
    assert await refusal(alice, "GET", "/v1/messages/one") == (400, "invalid_request")
    assert await refusal(alice, "GET", f"/v1/messages/{2**63 - 1}") == (404, "not_found")
    body = {"to": "bob", "body": "x", "in_reply_to": huge}
    assert await refusal(alice, "POST", "/v1/messages", body) == (400, "invalid_request")


#: Requests whose bytes are no text where a text belongs.
RAW = [
    b"GET /v1/caf\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/me?x=\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /v1/me HTTP/1.1\r\nHost: \xe9\r\n\r\n",
    b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-\xe9: \xe9\r\n\r\n",
    b"\xe9\xe9 /v1/me HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: text/\xe9\r\nContent-Length: 1\r\n\r\n\xe9",
]


async def test_a_request_whose_bytes_are_no_text_is_a_refusal_and_no_failure(
    hive: RunningHive, caplog: pytest.LogCaptureFixture
) -> None:
    for request in RAW:
        reader, writer = await asyncio.open_unix_connection(hive.socket("alice"))
        writer.write(request)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 30)
        writer.close()
        assert head.split()[1] in {b"200", b"400", b"404", b"405"}, (request, head)
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_frame_whose_bytes_are_no_text_ends_the_link_and_no_other(
    hive: RunningHive, caplog: pytest.LogCaptureFixture
) -> None:
    async with hive.agents["alice"].ws_connect("/v1/link") as link:
        await link.send_frame(b'{"type": "hello", "version": "\xe9", "turns": []}', aiohttp.WSMsgType.TEXT)
        await link.receive()
        assert link.closed
    assert (await call(hive.agents["alice"], "GET", "/v1/me"))[0] == 200
    assert [record for record in caplog.records if record.exc_info] == []
