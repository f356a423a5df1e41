"""The edge between bytes and types: limits, malformed bodies, numbers that are none."""

import io
import json

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
    (b'{"to": "bob", "body": "\\ud800"}', "body: Invalid JSON"),
    (b"[" * 100_000, "body: Invalid JSON"),
]


async def test_a_malformed_body_is_refused_with_field_and_value(hive: RunningHive) -> None:
    for body, said in MALFORMED:
        async with hive.agents["alice"].post("/v1/messages", data=body) as response:
            answer = await response.json()
        message = answer["error"]["message"]
        assert (response.status, answer["error"]["key"]) == (400, "invalid_request")
        assert message.startswith(said)
        assert len(message) < 500


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


async def test_a_numbers_edges_are_refusals_and_no_failures(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    huge = 10**30
    assert await refusal(alice, "GET", f"/v1/messages/{huge}") == (400, "invalid_request")
    assert await refusal(alice, "GET", "/v1/messages/-1") == (400, "invalid_request")
    assert await refusal(alice, "GET", "/v1/messages/one") == (400, "invalid_request")
    assert await refusal(alice, "GET", f"/v1/messages/{2**63 - 1}") == (404, "not_found")
    body = {"to": "bob", "body": "x", "in_reply_to": huge}
    assert await refusal(alice, "POST", "/v1/messages", body) == (400, "invalid_request")
