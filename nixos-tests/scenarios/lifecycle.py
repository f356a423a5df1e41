"""The broker starts, stops and restarts agents at the operator's word, and may do so to no other unit."""

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


def message(number: int) -> str:
    """Command that prints a message as JSON."""
    return f"{SNAPSHOT} | jq --compact-output '.messages[] | select(.id == {number})'"


def delivered(number: int) -> str:
    """State of a message, and how often it was handed to an agent."""
    return machine.succeed(f"{message(number)} | jq --compact-output '[.state, .deliveries]'").strip()


machine.wait_for_unit("hyperhive.service")
for agent in ("alice", "bob"):
    machine.wait_until_succeeds(in_state(agent, "idle"))
before = int(machine.succeed(NEWEST))

with subtest("a stopped agent's container is gone, the others' are not"):
    bob = invocation(BOB)
    machine.succeed("hyperhive stop alice")
    machine.wait_until_succeeds(f"test $(systemctl is-active {ALICE}) = inactive")
    machine.wait_until_succeeds(in_state("alice", "stopped"))
    machine.fail("machinectl status h-alice")
    assert (active(BOB), invocation(BOB)) == ("active", bob)

with subtest("mail to a stopped agent outlives a restart of the broker, and wakes the agent that is started"):
    kept = int(machine.succeed(mail("alice", "Are you back?")))
    machine.succeed("systemctl restart hyperhive.service")
    machine.wait_until_succeeds(SNAPSHOT)
    assert (delivered(kept), active(ALICE)) == ('["queued",0]', "inactive")
    machine.succeed("hyperhive start alice")
    machine.wait_for_unit(ALICE)
    machine.wait_until_succeeds(reported("done: Are you back?", before))
    machine.wait_until_succeeds(f"{message(kept)} | jq --exit-status '.state == \"acked\"'")
    assert delivered(kept) == '["acked",1]'

with subtest("there is nothing to start under a name that no agent has"):
    for verb in ("start", "stop", "restart"):
        machine.fail(f"hyperhive {verb} carol")

with subtest("a restarted agent is a new run of its container"):
    alice = invocation(ALICE)
    machine.succeed("hyperhive restart bob")
    machine.wait_until_succeeds(f"test $(systemctl show {BOB} --property=InvocationID --value) != {bob}")
    machine.wait_for_unit(BOB)
    assert (active(ALICE), invocation(ALICE)) == ("active", alice)

with subtest("the broker's user may do nothing else to them, and nothing to other units"):
    bob = invocation(BOB)
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
