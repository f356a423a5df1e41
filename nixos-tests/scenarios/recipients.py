"""The broker holds an agent to its recipients: `send`, `ask` and `*`; the manager may write to everyone."""

import json

REFUSAL = "recipient_denied: to: you may not send to 'manager': you can reach operator, bob"


def order(agent: str, what: str, report: str) -> None:
    """Give an agent an order and wait for its report: a part of a line."""
    machine.wait_until_succeeds(reported(report, int(machine.succeed(mail(agent, what)))))


machine.wait_for_unit("hyperhive.service")
for agent in ("alice", "bob", "manager"):
    machine.wait_until_succeeds(in_state(agent, "idle"))
before = int(machine.succeed(NEWEST))

with subtest("a recipient on the list gets the message"):
    order("alice", "Greet bob", f"greeting bob: Message #{before + 2} to bob is queued.")

with subtest("another one is refused, and the model reads why"):
    order("alice", "Greet manager", f"greeting manager: {REFUSAL}")

with subtest("a question is no way round the list"):
    order("alice", "Ask manager", f"asking manager: {REFUSAL}")

with subtest("everyone is everyone on the list"):
    order("alice", "Greet *", f"greeting *: Message #{before + 11} to bob is queued.")

with subtest("a list says nothing about the manager"):
    order("manager", "Greet alice", f"greeting alice: Message #{before + 14} to alice is queued.")

with subtest("an agent without a list writes to whom it wants"):
    order("bob", "Greet manager", f"greeting manager: Message #{before + 17} to manager is queued.")

with subtest("what was refused is shown to the operator and reaches nobody"):
    found = json.loads(machine.succeed("hyperhive status --json"))["messages"]
    messages = [m for m in found if m["id"] > before]
    sent = [
        (m["sender"], m["recipient"], m["body"], m["refused_rule"])
        for m in reversed(messages)
        if "operator" not in (m["sender"], m["recipient"])
    ]
    assert sent == [
        ("alice", "bob", "Good morning from alice.", None),
        ("alice", "manager", "Good morning from alice.", "recipient_denied"),
        ("alice", "manager", "Did you sleep well?", "recipient_denied"),
        ("alice", "bob", "Good morning from alice.", None),
        ("manager", "alice", "Good morning from manager.", None),
        ("bob", "manager", "Good morning from bob.", None),
    ], sent
    refused = [(m["state"], m["deliveries"]) for m in messages if m["refused_rule"]]
    assert refused == [("refused", 0), ("refused", 0)], refused
