"""No mail is lost when the machine's power is cut, and none when it restarts, in the middle of a turn."""

import json


def send(text: str) -> int:
    """Send to Alice; the message's id."""
    return int(machine.succeed(mail("alice", text)))


machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds(in_state("alice", "idle"))
before = int(machine.succeed(NEWEST))

with subtest("mail is under way in every state"):
    done = send("A short task.")
    machine.wait_until_succeeds(about(done, '.state == "acked"'))
    leased = send("A long task before the power cut.")
    machine.wait_until_succeeds(about(leased, '.state == "leased"'))
    queued = send("A long task behind it.")
    assert machine.succeed(about(queued, ".state")) == '"queued"\n'

with subtest("after a power cut the hive comes up by itself and goes on with what was left"):
    machine.crash()
    machine.start()
    machine.wait_until_succeeds(about(queued, '.state == "leased"'))
    assert machine.succeed(about(leased, "[.deliveries, .redelivered]")) == "[2,true]\n"
    assert machine.succeed(about(done, "[.state, .deliveries]")) == '["acked",1]\n'

with subtest("the same is true when it is shut down in the middle of that"):
    machine.shutdown()
    machine.start()
    machine.wait_until_succeeds(reported("done at last: A long task before the power cut.", before))
    machine.wait_until_succeeds(reported("done at last: A long task behind it.", before))
    for message in (leased, queued):
        machine.wait_until_succeeds(about(message, '.state == "acked" and .redelivered'))
    assert machine.succeed(about(done, "[.state, .deliveries]")) == '["acked",1]\n'

with subtest("the operator's mail is all there, in its order, and nothing was said twice"):
    new = f"[.messages[] | select(.id > {before}).body]"
    said = machine.succeed(f"hyperhive inbox --json | jq --compact-output '{new}'")
    assert json.loads(said) == [
        "done: A short task.",
        "done at last: A long task before the power cut.",
        "done at last: A long task behind it.",
    ], said
