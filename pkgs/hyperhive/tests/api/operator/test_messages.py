"""The operator's history, composer and inbox."""

from tests.api.conftest import RunningHive, call


async def test_the_operator_writes_to_agents_and_to_everyone(hive: RunningHive) -> None:
    status, answer = await call(hive.browser, "POST", "/api/messages", {"to": "*", "body": "all"})
    assert status == 200
    assert [(one["sender"], one["recipient"], one["broadcast"]) for one in answer["messages"]] == [
        ("operator", "alice", True),
        ("operator", "bob", True),
        ("operator", "boss", True),
    ]
    [mail] = await hive.lease("bob", "t1")
    assert mail["body"] == "all"


async def test_history_is_paged_and_filtered(hive: RunningHive) -> None:
    sent = [(await hive.send("alice", "bob", f"number {number}"))[0] for number in range(5)]
    await hive.send("boss", "alice", "something else")
    _, page = await call(hive.browser, "GET", "/api/messages?agent=bob&limit=2")
    assert page == {"messages": [sent[4], sent[3]], "next_before": sent[3]["id"]}
    _, page = await call(hive.browser, "GET", f"/api/messages?before={sent[1]['id']}")
    assert page == {"messages": [sent[0]], "next_before": None}
    _, page = await call(hive.browser, "GET", "/api/messages?text=number%202&state=queued")
    assert page == {"messages": [sent[2]], "next_before": None}
    _, page = await call(hive.browser, "GET", "/api/messages?recipient=alice")
    assert [message["body"] for message in page["messages"]] == ["something else"]
    await hive.lease("bob", "t1")
    _, page = await call(hive.browser, "GET", "/api/messages?recipient=bob&state=leased")
    assert [message["id"] for message in page["messages"]] == [sent[0]["id"]]


async def test_a_wrong_query_is_refused_with_field_and_value(hive: RunningHive) -> None:
    for query, said in {
        "limit=0": "query.limit: Input should be greater than or equal to 1 (value: '0')",
        "limit=many": "query.limit: Input should be a valid integer",
        "before=99999999999999999999": "query.before: Input should be less than",
        "state=lost": "query.state: Input should be",
        "agent=a&recipient=b": "query: give either agent or recipient",
        "agents=bob": "query.agents: Extra inputs are not permitted (value: 'bob')",
    }.items():
        status, answer = await call(hive.browser, "GET", f"/api/messages?{query}")
        assert (status, answer["error"]["key"]) == (400, "invalid_request")
        assert answer["error"]["message"].startswith(said)
