"""What the operator has read."""

import asyncio
import json

from tests.api.conftest import RunningHive, call, refusal


async def test_what_the_operator_read_leaves_the_inbox(hive: RunningHive) -> None:
    [sent] = await hive.send("alice", "operator", "done")
    _, state = await call(hive.browser, "GET", "/api/state")
    assert state["inbox"] == [sent]
    ids = [sent["id"], 10**6, 10**30]
    assert await call(hive.browser, "POST", "/api/inbox/ack", {"ids": ids}) == (200, {"ids": [sent["id"]]})
    _, state = await call(hive.browser, "GET", "/api/state")
    assert state["inbox"] == []
    for wrong in ({"ids": []}, {"ids": ["1"]}, {}):
        assert await refusal(hive.browser, "POST", "/api/inbox/ack", wrong) == (400, "invalid_request")


async def test_the_inbox_is_paged_oldest_first(hive: RunningHive) -> None:
    ids = [(await hive.send("alice", "operator", f"note {number}"))[0]["id"] for number in range(5)]

    async def page(query: str) -> tuple[list[int], int | None]:
        status, found = await call(hive.browser, "GET", f"/api/inbox?{query}")
        assert status == 200, found
        return [one["id"] for one in found["messages"]], found["next_after"]

    assert await page("limit=2") == (ids[:2], ids[1])
    assert await page(f"limit=2&after={ids[1]}") == (ids[2:4], ids[3])
    assert await page(f"after={ids[3]}") == (ids[4:], None)
    for wrong in ("after=-1", "limit=0", "limit=501", "before=1"):
        assert await refusal(hive.browser, "GET", f"/api/inbox?{wrong}") == (400, "invalid_request")


async def test_every_message_frame_says_how_many_are_unread(hive: RunningHive) -> None:
    async with hive.browser.get("/messages/stream") as stream:
        for number in range(3):
            await hive.send("alice", "operator", f"note {number}")
        _, state = await call(hive.browser, "GET", "/api/state")
        ids = [one["id"] for one in state["inbox"]]
        await call(hive.browser, "POST", "/api/inbox/ack", {"ids": ids[:2]})
        said = []
        async with asyncio.timeout(5):
            while len(said) < 5:
                line = await stream.content.readline()
                if line.startswith(b"data: "):
                    said.append(json.loads(line[6:])["unread"])
    # The two that were read in one go are one change.
    assert said == [1, 2, 3, 1, 1]
