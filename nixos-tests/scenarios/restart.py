"""No mail is lost when the broker, a harness or a container goes in the middle of it."""

import json
import shlex


def show(message: int, expression: str) -> str:
    """What jq says about one message."""
    select = f".messages[] | select(.id == {message}) | {expression}"
    return machine.succeed(f"{SNAPSHOT} | jq --compact-output {shlex.quote(select)}").strip()


def send(text: str) -> int:
    """Send to Alice; the message's id."""
    return int(machine.succeed(mail("alice", text)))


def wait_until(message: int, condition: str) -> None:
    """Until jq's condition holds for the message."""
    select = f".messages[] | select(.id == {message}) | {condition}"
    machine.wait_until_succeeds(f"{SNAPSHOT} | jq --exit-status {shlex.quote(select)}")


machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds(in_state("alice", "idle"))
before = int(machine.succeed(NEWEST))

with subtest("agents find a broker again that was killed, and what it had promised is there"):
    kept = send("A task before the crash.")
    machine.succeed("systemctl kill --signal=KILL hyperhive.service")
    machine.wait_until_succeeds(reported("done: A task before the crash.", before))
    wait_until(kept, '.state == "acked"')
    machine.wait_until_succeeds(in_state("alice", "idle"))

with subtest("mail of a turn whose harness is restarted comes again, marked as such"):
    kept = send("A long task for a harness.")
    wait_until(kept, '.state == "leased"')
    machine.succeed(alone("alice", "systemctl restart hyperhive-harness.service"))
    machine.wait_until_succeeds(reported("done at last: A long task for a harness.", before))
    wait_until(kept, '.state == "acked"')
    assert show(kept, "[.state, .deliveries, .redelivered]") == '["acked",2,true]'

with subtest("mail of a turn whose container is restarted comes again, marked as such"):
    kept = send("A long task for a container.")
    wait_until(kept, '.state == "leased"')
    machine.succeed("systemctl restart container@h-alice.service")
    machine.wait_until_succeeds(reported("done at last: A long task for a container.", before))
    wait_until(kept, '.state == "acked"')
    assert show(kept, "[.state, .deliveries, .redelivered]") == '["acked",2,true]'

with subtest("nothing was said twice"):
    new = f"[.messages[] | select(.id > {before}).body]"
    said = machine.succeed(f"hyperhive inbox --json | jq --compact-output '{new}'")
    assert json.loads(said) == [
        "done: A task before the crash.",
        "done at last: A long task for a harness.",
        "done at last: A long task for a container.",
    ], said
