"""Root of an agent's container is nobody on the host: whose its files and processes are, what it reads."""

import re

AGENTS = ("alice", "bob")
HIVE = "/var/lib/hyperhive"
STATE = f"{HIVE}/agents/alice/state"
ROOT = "/var/lib/nixos-containers/h-alice"
#: What is the host's, or Bob's.
SECRETS = (
    "/etc/shadow",
    "/root",
    "/home/operator",
    "/home/operator/diary",
    f"{HIVE}/broker/db/broker.sqlite",
    f"{HIVE}/agents/bob/state",
    f"{HIVE}/agents/bob/claude/.credentials.json",
    "/run/hyperhive/admin.sock",
    "/run/hyperhive/agents/bob/broker.sock",
)
#: An account of the host that has nothing to do with the hive.
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups"


def uid_range(agent: str) -> range:
    """The agent's uids on the host."""
    return range(uid_base(agent), uid_base(agent) + 65536)


def refused(why: str, *commands: str) -> None:
    """Show that every command fails in Alice's container, and that what it says matches the pattern."""
    answers = machine.succeed(tried("alice", *commands)).splitlines()
    for command, answer in zip(commands, answers, strict=True):
        assert re.search(f"^failed: .*({why})", answer), f"`{command}` {answer}"


def denied(command: str) -> None:
    """Show that a process that has left Alice's container, with no more than her uid, may not read a file."""
    uid = uid_base("alice")
    said = machine.fail(f"setpriv --reuid {uid} --regid {uid} --clear-groups {command} 2>&1")
    assert "Permission denied" in said, said


def wait_until_idle(agent: str) -> None:
    """Until the agent has linked up and waits for mail."""
    machine.wait_until_succeeds(in_state(agent, "idle"))


def ids_of(agent: str) -> list[int]:
    """Uids and gids of all processes of the agent's container, four of each kind for every process."""
    group = machine.succeed(
        f"systemctl show container@h-{agent}.service --property=ControlGroup --value"
    ).strip()
    pids = f"find /sys/fs/cgroup{group}/payload -name cgroup.procs -exec cat {{}} +"
    grep = "grep --no-messages --extended-regexp '^(Uid|Gid):'"
    status = machine.succeed(f"for pid in $({pids}); do {grep} /proc/$pid/status; done; true")
    return [int(word) for line in status.splitlines() for word in line.split()[1:]]


machine.wait_for_unit("hyperhive.service")
machine.succeed(ENTER)
for name in AGENTS:
    machine.wait_for_unit(f"container@h-{name}.service")
machine.succeed("install --directory --mode 0755 /home/operator && echo private > /home/operator/diary")
machine.succeed(
    f"install --mode 0600 --owner {uid_base('bob')} /dev/null {HIVE}/agents/bob/claude/.credentials.json"
)

with subtest("every process of a container runs with uids of its agent's range"):
    for name in AGENTS:
        ids = ids_of(name)
        assert set(ids) <= set(uid_range(name)), set(ids)
        # Of processes of the host's root the broker would take no message.
        wait_until_idle(name)
        ids = ids_of(name)
        # Init, its services, the harness and Claude Code.
        assert len(ids) >= 8 * 4, ids
        assert set(ids) <= set(uid_range(name)), set(ids)
        machine.succeed(
            f"pgrep --uid {uid_base(name)} --full ' harness --config /etc/hyperhive/harness.json'"
        )

with subtest("two agents share no uid"):
    for name in AGENTS:
        maps = machine.succeed(inside(name, "cat /proc/self/uid_map /proc/self/gid_map")).split()
        assert maps == ["0", str(uid_base(name)), "65536"] * 2, maps
    assert set(uid_range("alice")).isdisjoint(uid_range("bob"))

with subtest("what it writes belongs to its range, wherever it lies on the host"):
    made = "touch /made-inside /var/made-inside /agents/alice/state/made-inside"
    assert machine.succeed(inside("alice", f"{made} && id -u")) == "0\n"
    files = f"{HIVE}/agents/alice/state {HIVE}/agents/alice/claude {ROOT}/made-inside {ROOT}/var/made-inside"
    owners = {int(word) for word in machine.succeed(f"find {files} -printf '%U %G\\n'").split()}
    assert owners <= set(uid_range("alice")), owners

with subtest("none of the files of the host or of another agent is anywhere in its tree"):
    own = f"{STATE}/made-inside"
    places = machine.succeed(f"find {' '.join((*SECRETS, own))} -maxdepth 0 -printf '%D:%i\\n'").split()
    assert len(places) == len(SECRETS) + 1, places
    pruned = " -o ".join(f"-path {path}" for path in ("/proc", "/sys", "/usr", "/nix/store"))
    look = rf"find / \( {pruned} \) -prune -o -printf '%D:%i %p\n'"
    seen = machine.succeed(inside("alice", f"{look} | grep --extended-regexp '^({'|'.join(places)}) '"))
    assert seen == f"{places[-1]} /agents/alice/state/made-inside\n", seen

with subtest("it cannot read the broker's database"):
    refused("No such file", f"cat {HIVE}/broker/db/broker.sqlite")
    for file in ("broker", "broker/db", "broker/db/broker.sqlite"):
        denied(f"cat {HIVE}/{file}")

with subtest("it cannot read another agent's state"):
    refused("No such file", "ls /agents/bob", "ls /agents/alice/../bob", f"ls {HIVE}/agents/bob/state")
    denied(f"ls {HIVE}/agents/bob/state")

with subtest("it cannot read another agent's Claude credentials"):
    refused("No such file", f"cat {HIVE}/agents/bob/claude/.credentials.json")
    denied(f"cat {HIVE}/agents/bob/claude/.credentials.json")

with subtest("it cannot read the host's /home and /etc/shadow"):
    machine.succeed("cat /home/operator/diary")
    roots = ("", "/proc/1/root", "/proc/1/cwd", "/proc/self/root/../..")
    refused("No such file", *(f"cat {root}/home/operator/diary" for root in roots))
    denied("cat /etc/shadow")

with subtest("it cannot open the host's files by their numbers"):
    # Two is the root directory of ext4; a handle leads past every path.
    open_root = """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
handle = struct.pack("<IiII", 8, 1, 2, 0)
found = libc.open_by_handle_at(os.open("/agents/alice/state", os.O_RDONLY), handle, os.O_RDONLY)
raise SystemExit(0 if found >= 0 else os.strerror(ctypes.get_errno()))
"""
    refused("not permitted|Stale file handle", python(open_root))

with subtest("it cannot put anything beside the broker's socket, or take the socket away"):
    refused("Read-only file system", "touch /run/hyperhive/made-inside", "rm /run/hyperhive/broker.sock")

with subtest("it cannot write to the programs that it shares with the host"):
    refused(
        "Read-only file system",
        "touch /nix/store/made-inside",
        'rm "$(readlink -f "$(command -v id)")"',
    )

with subtest("what the tools of its Claude Code run cannot change the rules of that Claude Code"):
    harness = (
        "nsenter --mount --target $(systemctl show hyperhive-harness.service --property=MainPID --value)"
    )
    rules = ("/etc/claude-code", "/etc/hyperhive")
    refused("Read-only file system", *(f"{harness} touch {path}/made-inside" for path in rules))

with subtest("it cannot make devices"):
    directories = ("/agents/alice/state", "/tmp", "/dev", "/run")
    refused("not permitted", *(f"mknod {path}/disk b 8 0" for path in directories))
    refused("not permitted", *(f"mknod {path}/memory c 1 1" for path in directories))

with subtest("no program that it leaves behind gives an account of the host more rights"):
    leave = """
import os, shutil, struct
for line in open("/proc/self/mounts"):
    directory = line.split()[1].rstrip("/") + "/left-behind"
    try:
        os.mkdir(directory)
        for program in ("id", "cat"):
            shutil.copyfile(shutil.which(program), f"{directory}/{program}")
            os.chmod(f"{directory}/{program}", 0o4755)
    except OSError:
        continue
    print(directory)
    try:
        # To read and write everything.
        os.setxattr(f"{directory}/cat", "security.capability", struct.pack("<5I", 0x2000001, 6, 0, 0, 0))
    except OSError:
        pass
"""
    left = machine.succeed(inside("alice", python(leave))).split()
    nix = ("/nix/var/nix/profiles", "/nix/var/nix/gcroots")
    expected = {
        f"{place}/left-behind" for place in ("", "/agents/alice/state", "/tmp", "/dev/shm", "/run", *nix)
    }
    assert expected <= set(left), left
    pruned = " -o ".join(f"-path {path}" for path in ("/proc", "/sys", "/usr", "/nix/store"))
    found = machine.succeed(rf"find / \( {pruned} \) -prune -o -path '*/left-behind/*' -printf '%U %p\n'")
    programs = [line.split(maxsplit=1) for line in found.splitlines()]
    for place in (ROOT, STATE):
        assert [str(uid_base("alice")), f"{place}/left-behind/id"] in programs, found
    assert {int(uid) for uid, _ in programs} <= set(uid_range("alice")), found
    for _, path in programs:
        command = f"{path} -u" if path.endswith("/id") else f"{path} /etc/shadow"
        code, said = machine.execute(f"{NOBODY} /bin/sh -c '{command}' 2>&1")
        assert (code == 0, said) == (True, "65534\n") or "Permission denied" in said, f"{path}: {said}"

with subtest("a setuid program in its state is none on the host"):
    assert machine.succeed(f"stat --format '%u %a' {STATE}/left-behind/id") == f"{uid_base('alice')} 4755\n"
    # Were it one, it would name the agent's uid.
    assert machine.succeed(f"{STATE}/left-behind/id -u") == "0\n"
    options = machine.succeed(f"findmnt --noheadings --output OPTIONS --target {STATE}").strip().split(",")
    assert {"nosuid", "nodev"} <= set(options), options
    refused("denied|not permitted", "mount -o remount,bind,suid,dev /agents/alice/state")
