"""Mail from the operator over two agents and back, each turn run by the real Claude Code."""

import json

QUESTION = "How many hives stand in the orchard?"


def turns_today() -> dict[str, int]:
    """How many turns each agent has had."""
    agents = json.loads(machine.succeed(SNAPSHOT))["agents"]
    return {agent["name"]: agent["turns_today"] for agent in agents}


machine.wait_for_unit("hyperhive.service")
for agent in ("alice", "bob"):
    machine.wait_until_succeeds(in_state(agent, "idle"))
machine.succeed("hyperhive inbox --read")
before = int(machine.succeed(NEWEST))
turns = turns_today()

with subtest("the answer comes back to the operator over both agents"):
    machine.succeed(f"hyperhive send alice '{QUESTION}'")
    machine.wait_until_succeeds(reported("Bob says: Seven.", before))

with subtest("a message is acked when the turn that carried it has ended, and was delivered once"):
    sent = f'.messages[] | select(.id > {before} and .recipient != "operator")'
    done = f'[{sent} | .state] == ["acked", "acked", "acked"]'
    machine.wait_until_succeeds(f"{SNAPSHOT} | jq --exit-status '{done}'")
    messages = json.loads(machine.succeed("hyperhive status --json"))["messages"]
    story = [
        (m["id"], m["sender"], m["recipient"], m["body"], m["in_reply_to"], m["state"], m["deliveries"])
        for m in reversed(messages)
        if m["id"] > before
    ]
    assert story == [
        (before + 1, "operator", "alice", QUESTION, None, "acked", 1),
        (before + 2, "alice", "bob", f"The operator asks: {QUESTION}", None, "acked", 1),
        (before + 3, "bob", "alice", "Seven.", before + 2, "acked", 1),
        (before + 4, "alice", "operator", "Bob says: Seven.", None, "queued", 0),
    ], story

with subtest("the operator's own mail waits until it is read"):
    assert machine.succeed("hyperhive inbox --read") == "1 marked as read\n"
    assert machine.succeed("hyperhive inbox") == "nothing new\n"

with subtest("an agent's turns are counted"):
    more = {agent: count - turns[agent] for agent, count in turns_today().items()}
    assert more == {"alice": 2, "bob": 1, "manager": 0}, more
