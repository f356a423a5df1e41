from tests.cli.conftest import Run, Running


def test_every_agent_has_one_line(run: Run, broker: Running) -> None:
    lines = run("status", "--socket", broker.socket).out.splitlines()
    assert lines[0].split() == [
        "AGENT",
        "ROLE",
        "STATE",
        "MODEL",
        "CONTEXT",
        "INBOX",
        "TURNS",
        "COST",
        "LAST",
        "TURN",
    ]
    assert lines[1].split()[:5] == ["ada", "agent", "offline", "sonnet", "-"]
    assert lines[2].split()[:5] == ["manager", "manager", "offline", "sonnet", "-"]


def test_json_is_the_dashboards_snapshot(run: Run, broker: Running) -> None:
    document = run("status", "--json", "--socket", broker.socket).document
    assert [agent["name"] for agent in document["agents"]] == ["ada", "manager"]
    assert {"seq", "boot", "messages", "inbox", "questions"} <= set(document)
