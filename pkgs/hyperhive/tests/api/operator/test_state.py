"""The snapshot."""

from collections.abc import AsyncIterator
from typing import Any

from hyperhive import __version__
from tests.api.conftest import RunningHive, call


async def _views(hive: RunningHive) -> AsyncIterator[dict[str, Any]]:
    for name in ("alice", "bob", "boss"):
        yield (await call(hive.browser, "GET", f"/api/agents/{name}"))[1]


async def test_the_snapshot_holds_the_whole_hive(hive: RunningHive) -> None:
    [sent] = await hive.send("alice", "operator", "done")
    _, question = await call(hive.agents["alice"], "POST", "/v1/questions", {"question": "may I?"})
    status, state = await call(hive.browser, "GET", "/api/state")
    _, again = await call(hive.browser, "GET", "/api/state")
    assert (status, state) == (
        200,
        {
            "seq": again["seq"],
            "boot": again["boot"],
            "version": __version__,
            "operator": {"pronouns": "they/them"},
            "agents": [
                (await call(hive.browser, "GET", f"/api/agents/{name}"))[1]
                for name in ("alice", "bob", "boss")
            ],
            "messages": [sent],
            "messages_before": None,
            "inbox": [sent],
            "inbox_after": None,
            "unread": 1,
            "questions": [question],
        },
    )
