"""Gzip: for whom, of what, and never of a stream."""

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from hyperhive.api.compression import LEAST_BYTES, takes_gzip
from tests.api.conftest import RunningHive

#: `Accept-Encoding` of a request, and whether gzip may come back.
ACCEPTED = [
    ("gzip, deflate, br", True),
    ("br;q=1.0, GZIP;q=0.5", True),
    ("gzip;q=nonsense", True),
    ("deflate, gzip; q=0", False),
    ("gzip;q=0.0", False),
    ("deflate, br", False),
    ("x-gzip-no", False),
    ("", False),
]


@pytest.mark.parametrize(("header", "accepted"), ACCEPTED)
def test_gzip_is_for_clients_that_name_it(header: str, *, accepted: bool) -> None:
    request = make_mocked_request("GET", "/", headers={"Accept-Encoding": header})
    assert takes_gzip(request) is accepted
    assert not takes_gzip(make_mocked_request("GET", "/"))


async def raw(hive: RunningHive, path: str, encoding: str) -> tuple[dict[str, str | None], bytes]:
    """Headers of the compression, and the body as it came over the wire."""
    options: dict[str, Any] = {"headers": {"Accept-Encoding": encoding}, "auto_decompress": False}
    async with hive.browser.get(path, **options) as response:
        assert response.status == 200
        names = ("Content-Encoding", "Vary", "Content-Type")
        return {name: response.headers.get(name) for name in names}, await response.read()


async def test_a_long_answer_is_compressed_and_a_short_one_is_not(hive: RunningHive) -> None:
    headers, plain = await raw(hive, "/api/questions", "gzip")
    assert (headers["Content-Encoding"], headers["Vary"]) == (None, None)
    assert json.loads(plain) == {"questions": []}
    for number in range(20):
        await hive.send("alice", "bob", f"note {number} " * 20)
    _, plain = await raw(hive, "/api/messages", "identity")
    headers, packed = await raw(hive, "/api/messages", "gzip, br")
    assert headers == {
        "Content-Encoding": "gzip",
        "Vary": "Accept-Encoding",
        "Content-Type": "application/json",
    }
    assert gzip.decompress(packed) == plain
    assert len(packed) * 4 < len(plain) > LEAST_BYTES


async def test_a_stream_is_never_compressed_so_that_nothing_waits_in_a_buffer(hive: RunningHive) -> None:
    options: dict[str, Any] = {"headers": {"Accept-Encoding": "gzip"}}
    async with hive.browser.get("/messages/stream", **options) as stream:
        assert "Content-Encoding" not in stream.headers
        await hive.send("alice", "bob", "at once")
        async with asyncio.timeout(30):
            while b"at once" not in await stream.content.readline():
                pass


async def test_the_admin_socket_answers_as_it_always_did(hive: RunningHive) -> None:
    async with hive.admin.get("/api/state", headers={"Accept-Encoding": "gzip"}) as response:
        assert (response.status, "Content-Encoding" in response.headers) == (200, False)
