"""Large answers that an agent does not read: bounded, and of no concern to anybody else."""

import asyncio
import io
import json
from contextlib import AsyncExitStack

from hyperhive.api.agent.answers import UNREAD_BYTES
from tests.api.conftest import RunningHive, call


async def test_an_agent_that_reads_no_answers_is_refused_more_of_them_and_keeps_the_rest(
    hive: RunningHive,
) -> None:
    large = json.dumps({"to": "bob", "body": "\N{HONEYBEE}" * 250_000}, ensure_ascii=False)
    async with hive.agents["alice"].post("/v1/messages", data=io.BytesIO(large.encode())) as response:
        path = f"/v1/messages/{(await response.json())['messages'][0]['id']}"
    heads, open_ones = [], []
    async with AsyncExitStack() as stack, asyncio.timeout(30):
        for _ in range(UNREAD_BYTES // 1_000_000 + 3):
            reader, writer = await asyncio.open_unix_connection(hive.socket("bob"), limit=1024)
            stack.callback(writer.transport.abort)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            open_ones.append(writer)
            heads.append((await reader.readline()).split()[1])
        assert heads == [b"200"] * (UNREAD_BYTES // 1_000_000 + 1) + [b"429"] * 2
        status, answer = await call(hive.agents["bob"], "GET", path)
        assert (status, answer["error"]["key"]) == (429, "too_many_requests")
        assert (await call(hive.agents["bob"], "GET", "/v1/me"))[0] == 200
        assert (await call(hive.agents["alice"], "GET", path))[0] == 200
    async with asyncio.timeout(10):
        while (await call(hive.agents["bob"], "GET", path))[0] != 200:
            await asyncio.sleep(0.01)
