"""Questions over an agent's socket."""

from tests.api.conftest import RunningHive, call, refusal


async def test_a_question_to_a_peer_is_answered_by_that_peer_alone(hive: RunningHive) -> None:
    alice, bob, boss = (hive.agents[name] for name in ("alice", "bob", "boss"))
    status, question = await call(alice, "POST", "/v1/questions", {"question": "why?", "to": "bob"})
    assert (status, question["asker"], question["target"], question["state"]) == (
        200,
        "alice",
        "bob",
        "open",
    )
    path = f"/v1/questions/{question['id']}"
    assert await call(boss, "GET", "/v1/questions") == (200, {"questions": []})
    assert await call(alice, "GET", "/v1/questions") == (200, {"questions": [question]})
    for client, expected in ((boss, (404, "not_found")), (alice, (403, "forbidden"))):
        assert await refusal(client, "POST", f"{path}/answer", {"answer": "mine"}) == expected
    for client, expected in ((boss, (404, "not_found")), (bob, (403, "forbidden"))):
        assert await refusal(client, "POST", f"{path}/cancel") == expected
    status, answered = await call(bob, "POST", f"{path}/answer", {"answer": "because"})
    assert (status, answered["state"], answered["answer"], answered["closed_by"]) == (
        200,
        "answered",
        "because",
        "bob",
    )
    assert await refusal(bob, "POST", f"{path}/answer", {"answer": "again"}) == (409, "conflict")


async def test_an_asker_takes_its_question_back(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    _, question = await call(alice, "POST", "/v1/questions", {"question": "may I?"})
    status, closed = await call(alice, "POST", f"/v1/questions/{question['id']}/cancel")
    assert (status, closed["state"], closed["closed_by"]) == (200, "cancelled", "alice")
    assert await refusal(
        hive.browser, "POST", f"/api/questions/{question['id']}/answer", {"answer": "yes"}
    ) == (409, "conflict")
