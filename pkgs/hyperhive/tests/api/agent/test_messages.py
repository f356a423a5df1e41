"""An agent sends and looks at its messages."""

from tests.api.conftest import RunningHive, StartHive, call, refusal


async def test_a_message_is_the_socket_owners_and_both_sides_and_the_operator_see_it(
    hive: RunningHive,
) -> None:
    [sent] = await hive.send("alice", "bob", "hello", idempotency_key="k1")
    assert (sent["sender"], sent["recipient"], sent["state"], sent["body"]) == (
        "alice",
        "bob",
        "queued",
        "hello",
    )
    for client in (hive.agents["alice"], hive.agents["bob"]):
        assert await call(client, "GET", f"/v1/messages/{sent['id']}") == (200, sent)
    assert await call(hive.browser, "GET", f"/api/messages/{sent['id']}") == (200, sent)
    assert await refusal(hive.agents["boss"], "GET", f"/v1/messages/{sent['id']}") == (404, "not_found")


async def test_a_repeated_key_returns_the_first_calls_result(hive: RunningHive) -> None:
    first = await hive.send("alice", "bob", "hello", idempotency_key="k1")
    assert await hive.send("alice", "bob", "hello", idempotency_key="k1") == first
    assert (await call(hive.agents["bob"], "GET", "/v1/me"))[1]["pending"] == 1


async def test_a_refused_recipient_has_its_own_key(start_hive: StartHive) -> None:
    hive = await start_hive(
        agents={"boss": {"role": "manager"}, "alice": {"allowed_recipients": ["bob"]}, "bob": {}}
    )
    expected = {
        "carol": (404, "unknown_recipient"),
        "boss": (403, "recipient_denied"),
        "operator": (403, "recipient_denied"),
        "alice": (400, "invalid_request"),
        "system": (400, "invalid_request"),
    }
    alice = hive.agents["alice"]
    answers = {to: await refusal(alice, "POST", "/v1/messages", {"to": to, "body": "x"}) for to in expected}
    assert answers == expected
