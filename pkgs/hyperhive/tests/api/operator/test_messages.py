"""The operator's history, composer, inbox and questions."""

import asyncio
import json

from tests.api.conftest import RunningHive, call, refusal


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


async def test_what_the_operator_read_leaves_the_inbox(hive: RunningHive) -> None:
    [sent] = await hive.send("alice", "operator", "done")
    _, state = await call(hive.browser, "GET", "/api/state")
    assert state["inbox"] == [sent]
    ids = [sent["id"], 10**6, 2**63 - 1]
    assert await call(hive.browser, "POST", "/api/inbox/ack", {"ids": ids}) == (200, {"ids": [sent["id"]]})
    _, state = await call(hive.browser, "GET", "/api/state")
    assert state["inbox"] == []
    for wrong in ({"ids": []}, {"ids": ["1"]}, {"ids": [10**30]}, {}):
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
        async with asyncio.timeout(30):
            while len(said) < 5:
                line = await stream.content.readline()
                if line.startswith(b"data: "):
                    said.append(json.loads(line[6:])["unread"])
    # The two that were read in one go are one change.
    assert said == [1, 2, 3, 1, 1]


async def test_the_operator_answers_and_the_asker_gets_the_answer_as_mail(hive: RunningHive) -> None:
    _, question = await call(hive.agents["alice"], "POST", "/v1/questions", {"question": "may I?"})
    _, listed = await call(hive.browser, "GET", "/api/questions")
    assert listed == {"questions": [question]}
    path = f"/api/questions/{question['id']}/answer"
    assert (await call(hive.browser, "POST", path, {"answer": "yes"}))[0] == 200
    [mail] = await hive.lease("alice", "t1")
    assert (mail["sender"], mail["kind"], mail["question"]) == (
        "system",
        "question_answered",
        question["id"],
    )


async def test_the_operator_may_close_a_question_between_agents(hive: RunningHive) -> None:
    _, question = await call(hive.agents["alice"], "POST", "/v1/questions", {"question": "why?", "to": "bob"})
    path = f"/api/questions/{question['id']}/cancel"
    status, closed = await call(hive.browser, "POST", path)
    assert (status, closed["state"], closed["closed_by"]) == (200, "cancelled", "operator")
    assert await refusal(hive.browser, "POST", path) == (409, "conflict")
    assert await refusal(hive.browser, "POST", "/api/questions/99/cancel") == (404, "not_found")


async def test_a_parked_message_is_in_the_snapshot_and_the_operator_decides(hive: RunningHive) -> None:
    [sent] = await hive.send("alice", "bob", "poison")
    for turn in ("t1", "t2", "t3"):
        await hive.lease("bob", turn)
        body = {"turn": turn, "failed": "API Error: 400"}
        assert await call(hive.agents["bob"], "POST", "/v1/inbox/requeue", body) == (
            200,
            {"ids": [sent["id"]]},
        )
    _, state = await call(hive.browser, "GET", "/api/state")
    [parked] = state["parked"]
    assert (parked["id"], parked["state"], parked["failures"], parked["error"]) == (
        sent["id"],
        "parked",
        3,
        "API Error: 400",
    )
    _, page = await call(hive.browser, "GET", "/api/messages?state=parked")
    assert page["messages"] == state["parked"]

    path = f"/api/messages/{sent['id']}"
    status, retried = await call(hive.browser, "POST", f"{path}/retry")
    assert (status, retried["state"], retried["failures"]) == (200, "queued", 0)
    for verb in ("retry", "drop"):
        assert await refusal(hive.browser, "POST", f"{path}/{verb}") == (409, "conflict")
        assert await refusal(hive.browser, "POST", f"/api/messages/99/{verb}") == (404, "not_found")
        assert await refusal(hive.browser, "POST", f"/api/messages/x/{verb}") == (400, "invalid_request")


async def test_a_failure_longer_than_its_limit_is_refused(hive: RunningHive) -> None:
    body = {"turn": "t1", "failed": "x" * 501}
    assert await refusal(hive.agents["bob"], "POST", "/v1/inbox/requeue", body) == (400, "invalid_request")
