"""The broker starts and stops agents, mid-turn as well, at the operator's word: these and no other units."""

import json

ALICE = "container@h-alice.service"
BOB = "container@h-bob.service"

#: As the broker's user; what polkit does not allow is refused at once.
AS_BROKER = "runuser --user hyperhive -- systemctl --no-ask-password"


def active(unit: str) -> str:
    """State of a unit, in systemd's word."""
    return machine.execute(f"systemctl is-active {unit}")[1].strip()


def invocation(unit: str) -> str:
    """Systemd's id of the present run of a unit."""
    return machine.succeed(f"systemctl show {unit} --property=InvocationID --value").strip()


machine.wait_for_unit("hyperhive.service")
for agent in ("alice", "bob"):
    machine.wait_until_succeeds(in_state(agent, "idle"))
before = int(machine.succeed(NEWEST))
bob = invocation(BOB)

with subtest("an agent that is stopped in the middle of a turn takes its container with it, and no other"):
    begun = int(machine.succeed(mail("alice", "A long task.")))
    machine.wait_until_succeeds(about(begun, '.state == "leased"'))
    machine.succeed("hyperhive stop alice")
    machine.wait_until_succeeds(f"test $(systemctl is-active {ALICE}) = inactive")
    machine.wait_until_succeeds(in_state("alice", "stopped"))
    machine.fail("machinectl status h-alice")
    assert (active(BOB), invocation(BOB)) == ("active", bob)

with subtest("its mail waits for it, over a restart of the broker as well"):
    waiting = int(machine.succeed(mail("alice", "A task behind it.")))
    machine.succeed("systemctl restart hyperhive.service")
    machine.wait_until_succeeds(SNAPSHOT)
    assert machine.succeed(about(begun, "[.state, .deliveries]")) == '["queued",1]\n'
    assert machine.succeed(about(waiting, "[.state, .deliveries]")) == '["queued",0]\n'
    assert active(ALICE) == "inactive"

with subtest("an agent that is started gets what was left of its turn, marked as such, and what came since"):
    machine.succeed("hyperhive start alice")
    machine.wait_for_unit(ALICE)
    machine.wait_until_succeeds(reported("done at last: A long task.", before))
    machine.wait_until_succeeds(reported("done: A task behind it.", before))
    for message, delivered in ((begun, "[2,true]\n"), (waiting, "[1,false]\n")):
        machine.wait_until_succeeds(about(message, '.state == "acked"'))
        assert machine.succeed(about(message, "[.deliveries, .redelivered]")) == delivered
    new = f"[.messages[] | select(.id > {before}).body]"
    said = machine.succeed(f"hyperhive inbox --json | jq --compact-output '{new}'")
    assert json.loads(said) == ["done at last: A long task.", "done: A task behind it."], said

with subtest("there is nothing to start under a name that no agent has"):
    for verb in ("start", "stop", "restart"):
        machine.fail(f"hyperhive {verb} carol")

with subtest("the broker's user may do nothing else to them, and nothing to other units"):
    # What it may do is asked for in the same way; here there is nothing left to do.
    machine.succeed(f"{AS_BROKER} start {BOB}")
    for verb in (
        f"kill {BOB}",
        f"set-property --runtime {BOB} CPUQuota=1%",
        f"mask --runtime {BOB}",
        "restart scripted-model.service",
        "stop hyperhive.service",
        "start container@h-carol.service",
        "daemon-reload",
        "reboot",
    ):
        machine.fail(f"{AS_BROKER} {verb}")
    assert (active(BOB), invocation(BOB)) == ("active", bob)
    assert (active("scripted-model.service"), active("hyperhive.service")) == ("active", "active")
