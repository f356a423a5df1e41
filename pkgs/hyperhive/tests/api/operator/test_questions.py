"""The operator answers and cancels."""

from tests.api.conftest import RunningHive, call, refusal


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
