"""What root inside of an agent's container cannot reach. Whoever gets that far has broken out of Claude Code.

It enters the container's namespaces with all capabilities there, which is more than a process of the
container can have.
"""

import hashlib
import re
import shlex

DASHBOARD = 7000
MODEL = 4000
STATE = "/var/lib/hyperhive/agents/alice/state"


def uid_base(agent: str) -> int:
    """First uid of the agent's range on the host."""
    digest = hashlib.sha256(agent.encode()).hexdigest()
    return 0x70000000 + 65536 * (int(digest[:12], 16) % 3584)


def leader(agent: str) -> str:
    """Pid of the container's init, as shell words."""
    return f"$(machinectl show h-{agent} --property=Leader --value)"


def inside(agent: str, command: str) -> str:
    """Shell line that runs a command as root of the agent's container."""
    enter = f"nsenter --target {leader(agent)} --all -- /usr/bin/env -i /bin/sh -lc"
    return f"{enter} {shlex.quote(command)}"


def refused(agent: str, command: str) -> None:
    """Show that a command fails in the container; that it cannot be entered is no such failure."""
    machine.succeed(inside(agent, f"! {command}"))


def connect(address: str, port: int) -> str:
    """Shell line that succeeds when a TCP connection is accepted."""
    return f"timeout 5 bash -c '</dev/tcp/{address}/{port}'"


def addresses(command: str) -> list[str]:
    """IPv4 addresses in what a command prints."""
    return re.findall(r"\b(\d+\.\d+\.\d+\.\d+)/\d+", machine.succeed(command))


machine.wait_for_unit("hyperhive.service")
for agent in ("alice", "bob"):
    machine.wait_until_succeeds(f"hyperhive status | grep --extended-regexp '^{agent} +agent +idle '")

show_addresses = "ip -4 -oneline address show scope global"
host = machine.succeed(f"nsenter --target {leader('alice')} --net -- ip -4 route show default").split()[2]
(bob,) = addresses(f"nsenter --target {leader('bob')} --net -- {show_addresses}")

with subtest("root inside is nobody outside"):
    assert machine.succeed(inside("alice", "id -u")) == "0\n"
    machine.succeed(inside("alice", "touch /agents/alice/state/made-inside"))
    owner = machine.succeed(f"stat --format '%u:%g' {STATE}/made-inside").strip()
    assert owner == f"{uid_base('alice')}:{uid_base('alice')}", owner

with subtest("it reaches the port of the host that was opened for it, and so the test can tell"):
    machine.wait_until_succeeds(inside("alice", connect(host, MODEL)))

with subtest("it does not reach the dashboard"):
    machine.succeed(connect("127.0.0.1", DASHBOARD))
    for address in ("127.0.0.1", host):
        refused("alice", connect(address, DASHBOARD))

with subtest("it does not reach the host's loopback or another address of the host"):
    machine.succeed(connect("127.0.0.1", MODEL))
    for address in ["127.0.0.1", *addresses(show_addresses)]:
        if address != host:
            refused("alice", connect(address, MODEL))

with subtest("it does not reach another agent"):
    machine.succeed("echo 'default_text = \"Hello.\"' > /tmp/listener.toml")
    listener = "hyperhive scripted-model --host 0.0.0.0 --port 4100 --script /tmp/listener.toml"
    in_bob = f"nsenter --target {leader('bob')} --net -- {listener}"
    machine.succeed(f"{in_bob} > /tmp/listener.log 2>&1 & echo $! > /tmp/listener.pid")
    machine.wait_until_succeeds(connect(bob, 4100))
    refused("alice", connect(bob, 4100))
    machine.succeed("kill $(cat /tmp/listener.pid)")

with subtest("it sees its own files and socket, and nobody else's"):
    assert machine.succeed(inside("alice", "ls /agents")) == "alice\n"
    assert machine.succeed(inside("alice", "ls /run/hyperhive")) == "broker.sock\n"
    for path in ("/var/lib/hyperhive", "/agents/bob", "/run/hyperhive/admin.sock", "/run/hyperhive/agents"):
        refused("alice", f"test -e {path}")

with subtest("it cannot put anything beside the broker's socket"):
    refused("alice", "touch /run/hyperhive/made-inside")

with subtest("another agent's uid on the host opens neither the database nor files of others"):
    as_bob = f"setpriv --reuid {uid_base('bob')} --regid {uid_base('bob')} --clear-groups"
    machine.succeed("test -e /var/lib/hyperhive/broker/db/broker.sqlite")
    machine.succeed(f"{as_bob} id")
    for path in ("/var/lib/hyperhive/broker/db", STATE, "/run/hyperhive/agents/alice"):
        machine.fail(f"{as_bob} ls {path}")

with subtest("a setuid program or a device that it makes is none on the host"):
    machine.succeed(
        inside(
            "alice",
            "cp --dereference $(command -v id) /agents/alice/state/id && chmod 4755 /agents/alice/state/id",
        )
    )
    assert machine.succeed(f"stat --format '%a' {STATE}/id") == "4755\n"
    assert machine.succeed(f"{STATE}/id -u") == "0\n"
    refused("alice", "mknod /agents/alice/state/disk b 8 0")
    options = machine.succeed(f"findmnt --noheadings --output OPTIONS --target {STATE}").strip().split(",")
    assert {"nosuid", "nodev"} <= set(options), options

with subtest("it has no way to the host's Nix daemon"):
    refused("alice", "test -S /nix/var/nix/daemon-socket/socket")
