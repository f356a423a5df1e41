"""What root of an agent's container cannot do to the kernel, its mounts and others' processes, nor use up."""

import re

ALICE = "container@h-alice.service"
#: Alice's limits.
MEMORY_MIB = 1024
TASKS = 256
DISK_MIB = 256
#: What is the host's there. What covers parts of /proc is the container's own: it is not what protects them.
LOCKED = (
    "/run/hyperhive",
    "/agents/alice/state",
    "/nix/store",
    "/nix/var/nix/daemon-socket",
    "/nix/var/nix/profiles",
    "/nix/var/nix/gcroots",
)
#: Kinds of file systems that show the kernel, or that another machine's files lie on.
FOREIGN = ("9p", "configfs", "debugfs", "devtmpfs", "ext4", "pstore", "securityfs", "tracefs")
#: Settings that are everybody's.
SETTINGS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/fs/file-max",
    "/proc/sysrq-trigger",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/power/state",
)
#: x86-64 and AArch64 have other numbers for the same calls.
CALLS = {
    "acct": (163, 89),
    "bpf": (321, 280),
    "delete_module": (176, 106),
    "finit_module": (313, 273),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "perf_event_open": (298, 241),
    "quotactl": (179, 60),
    "swapon": (167, 224),
}


def refused(why: str, *commands: str) -> None:
    """Show that every command fails in Alice's container, and that what it says matches the pattern."""
    answers = machine.succeed(tried("alice", *commands)).splitlines()
    for command, answer in zip(commands, answers, strict=True):
        assert re.search(f"^failed: .*({why})", answer), f"`{command}` {answer}"


def limit(file: str) -> str:
    """A limit of Alice's container, as the kernel has it."""
    group = machine.succeed(f"systemctl show {ALICE} --property=ControlGroup --value").strip()
    return machine.succeed(f"cat /sys/fs/cgroup{group}/{file}").strip()


def throttled() -> int:
    """How often Alice's container had to wait as it had used up its share of the processors."""
    group = machine.succeed(f"systemctl show {ALICE} --property=ControlGroup --value").strip()
    return int(machine.succeed(f"grep --word-regexp nr_throttled /sys/fs/cgroup{group}/cpu.stat").split()[1])


def kills() -> int:
    """How many processes the kernel has killed because a limit of memory was reached."""
    log = "journalctl --dmesg --no-pager"
    return int(machine.succeed(f"({log} | grep --count 'Memory cgroup out of memory') || true"))


def healthy() -> None:
    """Show that everybody else works on."""
    machine.succeed(in_state("bob", "idle"))
    machine.succeed("curl --silent --output /dev/null http://127.0.0.1:7000/")


machine.wait_for_unit("hyperhive.service")
machine.succeed(ENTER)
for agent in ("alice", "bob"):
    machine.wait_until_succeeds(in_state(agent, "idle"))

with subtest("it has none of the host's disks and cannot mount one"):
    assert machine.succeed(inside("alice", "find /dev -type b")) == ""
    disk = machine.succeed("findmnt --noheadings --nofsroot --output SOURCE --target /").strip()
    number = machine.succeed("findmnt --noheadings --output MAJ:MIN --target /var/lib/hyperhive").strip()
    refused("denied|not exist|not permitted", f"mount {disk} /tmp")
    refused("not permitted", f"mknod /tmp/disk b {number.replace(':', ' ')}")

with subtest("it cannot mount file systems that show the kernel or lie elsewhere"):
    refused(
        "denied|not permitted|unknown filesystem",
        *(f"mount -t {kind} none /tmp" for kind in FOREIGN),
    )

with subtest("a /proc or /sys that it mounts anew gives it no more"):
    attempts = {
        "proc": (
            "echo 1 > /tmp/sys/kernel/core_pattern",
            "echo 1 > /tmp/sys/vm/overcommit_memory",
            "echo b > /tmp/sysrq-trigger",
            "head --bytes 1 /tmp/kcore",
        ),
        "sysfs": ("echo 1 > /tmp/kernel/mm/transparent_hugepage/enabled", "echo mem > /tmp/power/state"),
    }
    anew = [
        f"unshare --mount sh -c 'mount -t {kind} none /tmp; {attempt}'"
        for kind, several in attempts.items()
        for attempt in several
    ]
    refused("denied|not permitted|Read-only", *anew)

with subtest("it cannot take away what is mounted over, or make it writable"):
    mounted = machine.succeed(inside("alice", "cut --delimiter=' ' --fields=2 /proc/self/mounts")).split()
    assert set(LOCKED) <= set(mounted), mounted
    refused("not mounted|nvalid argument|not permitted", *(f"umount --lazy {path}" for path in LOCKED))
    writable = ("/run/hyperhive", "/nix/store")
    refused("denied|not permitted", *(f"mount -o remount,bind,rw {path}" for path in writable))
    refused("denied|not permitted", "mount -o remount,bind,suid,dev /agents/alice/state")

with subtest("it loads no modules, no other kernel, no program into the kernel, and takes no swap"):
    program = f"""
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
column = ("x86_64", "aarch64").index(platform.machine())
for name, numbers in {CALLS}.items():
    found = libc.syscall(numbers[column], b"/dev/null", 0, b"", 0, 0)
    print(name, "worked" if found >= 0 else os.strerror(ctypes.get_errno()), sep=": ")
"""
    answers = machine.succeed(inside("alice", python(program))).splitlines()
    assert [answer.partition(":")[0] for answer in answers] == list(CALLS), answers
    for answer in answers:
        assert re.search("not permitted|not implemented", answer), answer

with subtest("it writes no settings of the kernel"):
    for path in SETTINGS:
        machine.succeed(f"test -e {path}")
    refused(
        "Read-only|denied|nonexistent|No such file",
        *(f"sh -c 'echo 1 > {path}'" for path in SETTINGS),
    )

with subtest("settings of its own network are no others'"):
    forwarding = machine.succeed("sysctl --values net.ipv4.conf.all.rp_filter")
    machine.execute(inside("alice", "echo 2 > /proc/sys/net/ipv4/conf/all/rp_filter"))
    assert machine.succeed("sysctl --values net.ipv4.conf.all.rp_filter") == forwarding

with subtest("it does not read the kernel's log or memory, and does not set the clock"):
    refused("denied|not permitted|No such file", "dmesg", "head --bytes 1 /dev/mem")
    refused("not permitted", "date --set 2001-01-01")

with subtest("it does not see or signal processes of the host and of other agents"):
    machine.succeed("systemd-run --quiet --unit=bystander sleep infinity")
    pid = machine.succeed("systemctl show bystander.service --property=MainPID --value").strip()
    bob = machine.succeed("machinectl show h-bob --property=Leader --value").strip()
    refused("No such process", f"kill -KILL {pid}", f"kill -KILL {bob}")
    names = machine.succeed(inside("alice", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
    assert "hyperhive harness" in names, names
    for name in ("infinity", "hyperhive broker", "systemd-nspawn"):
        assert name not in names, names
    machine.succeed("systemctl is-active bystander.service")
    machine.succeed("systemctl stop bystander.service")
    healthy()

with subtest("it cannot raise its own limits"):
    files = ("memory.max", "memory.swap.max", "pids.max", "cpu.max")
    refused("denied|Read-only", *(f"sh -c 'echo max > /sys/fs/cgroup/{file}'" for file in files))
    limits = [limit(file) for file in files]
    assert limits == [str(MEMORY_MIB * 1024 * 1024), "0", str(TASKS), "80000 100000"], limits

with subtest("it cannot use up the processors"):
    before = throttled()
    burn = "timeout 2 sh -c 'while :; do :; done'"
    machine.execute(inside("alice", f"{burn} & {burn} & wait"))
    assert throttled() > before
    healthy()

with subtest("it cannot use up the memory, neither with a process nor with files in memory"):
    for command in (
        python(f"len(b'x' * ({2 * MEMORY_MIB} << 20))"),
        # To kill processes does not free it, so the container may end here, and start again.
        "unshare --mount sh -c 'mount -t tmpfs -o size=3G none /tmp; head --bytes 2G /dev/zero > /tmp/file'",
    ):
        before = kills()
        # Where systemd-run loses the container it ends well.
        said = machine.execute(f"{alone('alice', f'{command} && echo survived')} 2>&1")[1]
        assert ("survived" in said, kills() > before) == (False, True), said
        healthy()
    machine.wait_for_unit(ALICE)
    machine.wait_until_succeeds(inside("alice", "true"))

with subtest("it cannot use up the machine's disk"):
    room = "df --output=avail --block-size=1M /var/lib/hyperhive/broker | tail --lines=1"
    before = int(machine.succeed(room))
    places = ("/agents/alice/state", "/agents/alice/claude", "/var")
    refused(
        "No space left",
        *(f"head --bytes {2 * DISK_MIB}M /dev/zero > {place}/full" for place in places),
    )
    used = before - int(machine.succeed(room))
    assert used < DISK_MIB + 64, used
    sent = int(machine.succeed(mail("bob", "There is room for this.")))
    machine.wait_until_succeeds(about(sent, '.state == "acked"'))
    healthy()
    machine.succeed(inside("alice", f"rm {' '.join(f'{place}/full' for place in places)}"))
    # What it deletes is the host's again.
    machine.wait_until_succeeds(f"sync; test $({room}) -gt {before - used + 64}")

with subtest("it cannot use up the machine's processes"):
    bomb = """
import os, time
made = 0
try:
    while made < 10_000:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        made += 1
except OSError as error:
    print(made, error.strerror)
"""
    made, _, why = machine.succeed(alone("alice", python(bomb))).strip().partition(" ")
    assert (int(made) < TASKS, why) == (True, "Resource temporarily unavailable"), (made, why)
    healthy()

with subtest("Alice works on after all of it"):
    machine.wait_until_succeeds(in_state("alice", "idle"))
