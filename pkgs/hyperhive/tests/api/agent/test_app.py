"""The application of an agent's socket as a whole."""

from tests.api.conftest import RunningHive, refusal


async def test_an_unknown_route_and_a_wrong_method_have_the_one_shape(hive: RunningHive) -> None:
    alice = hive.agents["alice"]
    assert await refusal(alice, "GET", "/v1/nothing") == (404, "not_found")
    assert await refusal(alice, "DELETE", "/v1/messages") == (405, "method_not_allowed")
    assert await refusal(alice, "GET", "/") == (404, "not_found")
