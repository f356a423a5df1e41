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

with subtest("mail waits for a stopped agent and wakes it after its start"):
    machine.succeed("hyperhive send alice 'Are you back?'")
    machine.succeed("hyperhive start alice")
    machine.wait_for_unit(ALICE)
    machine.wait_until_succeeds(reported("done: Are you back?", before))

with subtest("there is nothing to start under a name that no agent has"):
    for verb in ("start", "stop", "restart"):
        machine.fail(f"hyperhive {verb} carol")

with subtest("a restarted agent is a new run of its container"):
    alice = invocation(ALICE)
    machine.succeed("hyperhive restart bob")
    machine.wait_until_succeeds(f"test $(systemctl show {BOB} --property=InvocationID --value) != {bob}")
    machine.wait_for_unit(BOB)
    assert (active(ALICE), invocation(ALICE)) == ("active", alice)

with subtest("the broker's user may do these three things to agents' containers"):
    bob = invocation(BOB)
    machine.succeed(f"{AS_BROKER} restart {BOB}")
    assert (active(BOB), invocation(BOB) != bob) == ("active", True)

with subtest("the broker's user may do nothing else to them, and nothing to other units"):
    bob = invocation(BOB)
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
