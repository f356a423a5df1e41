"""`GET /api/doctor` of a real broker."""

from tests.api.conftest import RunningHive, call

HELLO = {"type": "hello", "version": "1", "turns": []}


async def test_the_checks_of_the_broker_are_answered_with_what_to_do(hive: RunningHive) -> None:
    link = await hive.agents["alice"].ws_connect("/v1/link")
    await link.send_json(HELLO)
    await link.receive_json(timeout=5)
    status, answer = await call(hive.browser, "GET", "/api/doctor")
    assert status == 200
    found = {(check["about"], check["name"]): check for check in answer["checks"]}
    assert found["", "open sockets"]["found"].startswith("4 below ")
    assert (found["", "database"]["outcome"], found["alice", "connection"]["outcome"]) == ("ok", "ok")
    # The pages of this test have no browser modules, and so the hive is not well.
    assert found["", "dashboard"] == {
        "name": "dashboard",
        "about": "",
        "outcome": "failed",
        "found": f"{hive.config.dashboard_dir} lacks vendor",
        "option": "dashboard_dir",
        "command": "make vendor",
    }
    assert answer["ok"] is False
    assert (await call(hive.admin, "GET", "/api/doctor"))[0] == 200
    await link.close()
