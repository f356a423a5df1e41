"""An agent has the allowed tool of an extra MCP server; for the agent there is no other."""

import json


def order(what: str, report: str) -> None:
    """Give the agent an order and wait for its report: a part of a line."""
    machine.wait_until_succeeds(reported(report, int(machine.succeed(mail("alice", what)))))


machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds(in_state("alice", "idle"))

with subtest("the allowed tool answers"):
    order("Count the jars", "counted: 12 jars")

with subtest("the other one cannot be called by a model that knows its name"):
    order("Take them away", "No such tool available: mcp__stock__clear")
    order("Count the jars once more", "counted: 12 jars")

with subtest("the other one is not offered"):
    machine.succeed("hyperhive send alice 'What have you got?'")
    log = "http://localhost/api/agents/alice/events"
    read_log = f"{ADMIN} {log}"
    fault = "Script fault: the tool mcp__stock__clear was not offered; offered were: "
    machine.wait_until_succeeds(f"{read_log} | grep --fixed-strings '{fault}'")
    page = json.loads(machine.succeed(read_log))
    texts = [event["data"]["text"] for event in page["events"] if event["kind"] == "text"]
    (text,) = [text for text in texts if text.startswith(fault)]
    offered = sorted(text.removeprefix(fault).split(", "))
    assert [tool for tool in offered if tool.startswith("mcp__stock__")] == ["mcp__stock__count"], offered
    assert "mcp__hyperhive__send" in offered, offered
