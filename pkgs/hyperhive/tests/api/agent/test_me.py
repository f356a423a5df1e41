"""Who an agent is."""

from tests.api.conftest import StartHive, call


async def test_who_one_is_says_whom_one_may_reach(start_hive: StartHive) -> None:
    hive = await start_hive(
        agents={"boss": {"role": "manager"}, "alice": {"allowed_recipients": ["bob"]}, "bob": {}}
    )
    assert await call(hive.agents["alice"], "GET", "/v1/me") == (
        200,
        {"name": "alice", "role": "agent", "recipients": ["bob"], "restricted": True, "pending": 0},
    )
    assert await call(hive.agents["boss"], "GET", "/v1/me") == (
        200,
        {
            "name": "boss",
            "role": "manager",
            "recipients": ["operator", "alice", "bob"],
            "restricted": False,
            "pending": 0,
        },
    )
