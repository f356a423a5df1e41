"""No mail is lost when the whole machine restarts, and none when its power is cut."""

import json
import shlex


def send(text: str) -> int:
    """Send to Alice; the message's id."""
    return int(machine.succeed(mail("alice", text)))


def wait_until(message: int, condition: str) -> None:
    """Until jq's condition holds for the message."""
    select = f".messages[] | select(.id == {message}) | {condition}"
    machine.wait_until_succeeds(f"{SNAPSHOT} | jq --exit-status {shlex.quote(select)}")


def wait_for_report(text: str) -> None:
    """Until the operator has mail that says so."""
    machine.wait_until_succeeds(reported(text, before))


machine.wait_for_unit("hyperhive.service")
machine.wait_until_succeeds(in_state("alice", "idle"))
before = int(machine.succeed(NEWEST))

with subtest("mail is under way in every state"):
    done = send("A short task.")
    wait_until(done, '.state == "acked"')
    leased = send("A long task before the shutdown.")
    wait_until(leased, '.state == "leased"')
    queued = send("A task behind it.")

with subtest("after a shutdown the hive comes up by itself and goes on with what was left"):
    machine.shutdown()
    machine.start()
    wait_for_report("done at last: A long task before the shutdown.")
    wait_for_report("done: A task behind it.")
    for message in (leased, queued):
        wait_until(message, '.state == "acked"')
    wait_until(leased, ".redelivered and .deliveries > 1")
    wait_until(done, '.state == "acked" and .deliveries == 1')

with subtest("the same is true when the power is cut in the middle of a turn"):
    leased = send("A long task before the power cut.")
    wait_until(leased, '.state == "leased"')
    queued = send("Another task behind it.")
    machine.crash()
    machine.start()
    wait_for_report("done at last: A long task before the power cut.")
    wait_for_report("done: Another task behind it.")
    for message in (leased, queued):
        wait_until(message, '.state == "acked"')
    wait_until(leased, ".redelivered and .deliveries > 1")

with subtest("the operator's mail is all there, in its order, and nothing was said twice"):
    new = f"[.messages[] | select(.id > {before}).body]"
    said = machine.succeed(f"hyperhive inbox --json | jq --compact-output '{new}'")
    assert json.loads(said) == [
        "done: A short task.",
        "done at last: A long task before the shutdown.",
        "done: A task behind it.",
        "done at last: A long task before the power cut.",
        "done: Another task behind it.",
    ], said
