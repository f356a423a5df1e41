"""The hive comes up with the machine: units, containers, linked agents; nobody has to help."""

import json
import re
import shlex

AGENTS = {"manager": "manager", "alice": "agent", "bob": "agent"}


machine.succeed(ENTER)

with subtest("the broker and every agent's container start with the machine"):
    machine.wait_for_unit("hyperhive.service")
    for agent in AGENTS:
        machine.wait_for_unit(f"container@h-{agent}.service")

with subtest("every agent links up and is idle"):
    for agent in AGENTS:
        machine.wait_until_succeeds(in_state(agent, "idle"))
    lines = machine.succeed("hyperhive status")
    for agent in AGENTS:
        assert re.search(rf"^{agent} +[a-z]+ +idle ", lines, re.MULTILINE), lines
    state = json.loads(machine.succeed("hyperhive status --json"))
    found = {agent["name"]: (agent["role"], agent["status"]["state"]) for agent in state["agents"]}
    assert found == {name: (role, "idle") for name, role in AGENTS.items()}, found

with subtest("the broker runs as its own user and not as root"):
    assert machine.succeed("systemctl show hyperhive.service --property=User --value") == "hyperhive\n"
    machine.succeed("pgrep --uid hyperhive --full ' broker --config /etc/hyperhive/broker.json'")

with subtest("a harness is root in its container and a uid of its own range outside"):
    for agent in AGENTS:
        machine.succeed(inside(agent, "systemctl is-active hyperhive-harness.service"))
        assert machine.succeed(inside(agent, "id -u")) == "0\n"
        uid_map = machine.succeed(inside(agent, "cat /proc/self/uid_map")).split()
        assert uid_map == ["0", str(uid_base(agent)), "65536"], uid_map
        machine.succeed(
            f"pgrep --uid {uid_base(agent)} --full ' harness --config /etc/hyperhive/harness.json'"
        )

with subtest(
    "a terminal is a shell in the agent's container and state directory, and ends when it is told to"
):
    terminals = "--unix-socket /run/hyperhive/admin.sock http://localhost/api/agents/alice/terminals"
    size = shlex.quote(json.dumps({"cols": 80, "rows": 24}))
    opened = json.loads(machine.succeed(f"curl --silent --fail --json {size} {terminals}"))
    harness = f"pgrep --uid {uid_base('alice')} --full ' harness --config /etc/hyperhive/harness.json'"
    shell = machine.wait_until_succeeds(f"pgrep --uid {uid_base('alice')} --parent $({harness}) bash").strip()
    assert machine.succeed(f"readlink /proc/{shell}/cwd") == "/agents/alice/state\n"
    leader = machine.succeed("machinectl show h-alice --property=Leader --value").strip()
    # The harness has mounts of its own, in which its rules are read-only; all else is the container's.
    for space in ("net", "pid", "user"):
        links = machine.succeed(f"readlink /proc/{shell}/ns/{space} /proc/{leader}/ns/{space}").split()
        assert links[0] == links[1], (space, links)
    machine.succeed(f"curl --silent --fail --json '{{}}' {terminals}/{opened['id']}/kill")
    machine.wait_until_succeeds(f"test ! -e /proc/{shell}")

with subtest("an idle hive asks no model"):
    turns = machine.succeed(f"{SNAPSHOT} | jq --compact-output '[.agents[].turns_today]'")
    assert turns == "[0,0,0]\n", turns

with subtest("what runs says yes to its own configuration"):
    machine.succeed("hyperhive check-config --kind broker /etc/hyperhive/broker.json")
    for agent in AGENTS:
        machine.succeed(inside(agent, "test -r /etc/claude-code/managed-settings.json"))
