"""No mail is lost when the broker or a harness goes in the middle of it."""

import json


def send(text: str) -> int:
    """Send to Alice; the message's id."""
    return int(machine.succeed(mail("alice", text)))


machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds(in_state("alice", "idle"))
before = int(machine.succeed(NEWEST))

with subtest("agents find a broker again that was killed, and what it had promised is there"):
    kept = send("A task before the crash.")
    machine.succeed("systemctl kill --signal=KILL hyperhive.service")
    machine.wait_until_succeeds(reported("done: A task before the crash.", before))
    machine.wait_until_succeeds(about(kept, '.state == "acked"'))
    machine.wait_until_succeeds(in_state("alice", "idle"))

with subtest("mail of a turn whose harness is restarted comes again, marked as such"):
    kept = send("A long task for a harness.")
    machine.wait_until_succeeds(about(kept, '.state == "leased"'))
    machine.succeed(alone("alice", "systemctl restart hyperhive-harness.service"))
    machine.wait_until_succeeds(reported("done at last: A long task for a harness.", before))
    machine.wait_until_succeeds(about(kept, '.state == "acked"'))
    assert machine.succeed(about(kept, "[.deliveries, .redelivered]")) == "[2,true]\n"

with subtest("nothing was said twice"):
    new = f"[.messages[] | select(.id > {before}).body]"
    said = machine.succeed(f"hyperhive inbox --json | jq --compact-output '{new}'")
    assert json.loads(said) == [
        "done: A task before the crash.",
        "done at last: A long task for a harness.",
    ], said
