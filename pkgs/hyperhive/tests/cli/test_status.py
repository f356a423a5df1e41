from hyperhive.cli import status
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


def test_mcp_servers_that_need_a_look_have_a_line_each() -> None:
    servers = [
        {"name": "orders", "reason": "", "remarks": ["sum is left out: its inputSchema is no object."]},
        {
            "name": "gone",
            "reason": "cannot be started: gone: No such file or directory in PATH",
            "remarks": [],
        },
        {"name": "well", "reason": "", "remarks": []},
    ]
    assert list(status._servers({"name": "ada", "mcp_servers": servers})) == [
        "MCP server orders of ada: sum is left out: its inputSchema is no object.",
        "MCP server gone of ada: cannot be started: gone: No such file or directory in PATH",
        "  hyperhive restart ada, once it is mended",
    ]


def test_an_agent_whose_model_says_nothing_is_silent_with_all_that_is_to_say(broker: Running) -> None:
    agent = broker.admin.get("/api/state")["agents"][0]
    detail = "no answer for 10 min: interrupted after 20, mail comes again"
    agent["status"] |= {"state": "working", "silent": True, "detail": detail}
    row = status._row(agent, 0.0)
    assert (row[2], row[-1]) == ("silent", detail)
