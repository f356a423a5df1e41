"""What the operator has read."""

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
