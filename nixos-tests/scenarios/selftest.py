"""The self-test says what is true of an agent's walls: it is green while they stand, and red without one."""

import json
from typing import Any

AGENTS = ("alice", "bob")
DASHBOARD = 7000
ALICE = "container@h-alice.service"
#: Of Alice's network, as shell words.
LEADER = "$(machinectl show h-alice --property=Leader --value)"
GATEWAY = f"$(nsenter --target {LEADER} --net ip -4 route show default | cut --delimiter=' ' --fields=3)"


def doctor(agent: str) -> dict[str, Any]:
    """What `hyperhive doctor` found out about the agent, whatever it came to."""
    found: dict[str, Any] = json.loads(machine.execute(f"hyperhive doctor --agent {agent} --json")[1])
    return found


def self_test() -> dict[str, Any]:
    """The same of Alice, as the broker tells the command."""
    run = f"{ADMIN} --json '{{}}' http://localhost/api/agents/alice/selftest"
    found: dict[str, Any] = json.loads(machine.succeed(run))
    return found


def named(test: dict[str, Any], outcome: str) -> set[str]:
    """Probes that came to it."""
    return {one["name"] for one in (*test["outside"], *test["inside"]) if one["outcome"] == outcome}


def is_noticed(probe: str, take_away: str, give_back: str) -> None:
    """Show that Alice's self-test notices what a command takes away on the host, and nothing else."""
    machine.succeed(take_away)
    test = self_test()
    machine.succeed(give_back)
    assert (test["ok"], named(test, "failed")) == (False, {probe}), test


machine.wait_for_unit("hyperhive.service")
for name in AGENTS:
    machine.wait_until_succeeds(in_state(name, "idle"))

with subtest("of an agent in its container everything holds"):
    for name in AGENTS:
        test = doctor(name)
        assert (test["contained"], test["ok"]) == (True, True), test
        # Inside of the container its limits are out of sight; the broker sees them.
        assert named(test, "skipped") | named(test, "none") == {"limits inside"}, test

with subtest("a directory of sockets that is open to others is noticed"):
    is_noticed("socket", "chmod 0755 /run/hyperhive/agents", "chmod 0700 /run/hyperhive/agents")

with subtest("a state directory that others may read is noticed"):
    state = "/var/lib/hyperhive/agents/alice/state"
    is_noticed("files", f"chmod 0755 {state}", f"chmod 0700 {state}")

with subtest("a limit that was lifted is noticed"):
    lift = f"systemctl set-property --runtime {ALICE} MemoryMax="
    is_noticed("limits", f"{lift}infinity", f"{lift}1024M")

with subtest("a packet filter that lets an agent get to the dashboard's port is noticed"):
    forward = f"socat TCP-LISTEN:{DASHBOARD},bind={GATEWAY},reuseaddr,fork TCP:127.0.0.1:{DASHBOARD}"
    is_noticed(
        "dashboard",
        f"nft delete table inet hyperhive; {forward} > /dev/null 2>&1 & echo $! > /tmp/forward.pid; sleep 2",
        "systemctl reload hyperhive-network.service; kill $(cat /tmp/forward.pid)",
    )

with subtest("with all of it given back everything holds again"):
    test = self_test()
    assert test["ok"], test
