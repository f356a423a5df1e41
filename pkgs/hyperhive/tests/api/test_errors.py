"""What goes wrong has one shape; what nobody foresaw is logged in full and answered without details."""

import json
import logging

import aiohttp
import pytest

from tests.api.conftest import RunningHive, call, refusal


async def test_an_unknown_exception_is_an_internal_error_without_details(
    hive: RunningHive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def state() -> None:
        raise ValueError("the secret of the house")

    monkeypatch.setattr(hive.broker.services.hive, "state", state)
    status, answer = await call(hive.browser, "GET", "/api/state")
    assert (status, answer["error"]["key"]) == (500, "internal_error")
    assert "secret" not in json.dumps(answer)
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage() == "GET /api/state failed"
    assert record.exc_info is not None


async def test_an_answer_that_fails_half_way_is_cut_instead_of_ending_well(
    hive: RunningHive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_item: object) -> bytes:
        raise ValueError("no such item")

    monkeypatch.setattr("hyperhive.api.operator.stream._event", broken)
    async with hive.browser.get("/messages/stream") as stream:
        await stream.content.readuntil(b"\n\n")
        await hive.send("alice", "operator", "hello")
        with pytest.raises(aiohttp.ClientError):
            await stream.content.read()
    assert [record.getMessage() for record in caplog.records] == ["GET /messages/stream failed"]


async def test_an_unknown_route_and_a_wrong_method_have_the_one_shape(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    assert await refusal(alice, "GET", "/v1/nothing") == (404, "not_found")
    assert await refusal(alice, "DELETE", "/v1/messages") == (405, "method_not_allowed")
    assert await refusal(alice, "GET", "/") == (404, "not_found")
