"""What the observations of a container, and of a weakened one, mean."""

import pytest

from hyperhive.config import uid_base
from hyperhive.domain import walls
from hyperhive.protocol.selftest import Observation, Outcome

BASE = uid_base("alice")
HOST_USER = "user:[4026531837]"
OWN_USER = "user:[4026532574]"
NET_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0
{}"""


def outcome(seen: Observation) -> tuple[Outcome, str]:
    return seen.outcome, seen.found


OK, FAILED, NONE, SKIPPED = Outcome.OK, Outcome.FAILED, Outcome.NONE, Outcome.SKIPPED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"         0 {BASE}      65536\n", (OK, f"uids 0 to 65535 are the host's from {BASE}")),
        ("         0          0 4294967295\n", (FAILED, "uids 0 to 4294967294 are the host's from 0")),
        (f"0 {BASE + 65536} 65536", (FAILED, f"uids 0 to 65535 are the host's from {BASE + 65536}")),
        (
            f"0 {BASE} 65536\n65536 1000 1",
            (
                FAILED,
                f"uids 0 to 65535 are the host's from {BASE}; uids 65536 to 65536 are the host's from 1000",
            ),
        ),
        ("", (FAILED, "no uid is mapped")),
    ],
)
def test_only_its_own_whole_range_is_its_own(text: str, expected: tuple[Outcome, str]) -> None:
    assert outcome(walls.user_range(text, BASE)) == expected


def test_a_namespace_of_the_hosts_is_named() -> None:
    own = {"user": OWN_USER, "pid": "pid:[4026532578]", "ipc": "ipc:[4026532577]"}
    assert outcome(walls.namespaces(own)) == (OK, "its own: cgroup, ipc, pid, user, uts")
    assert outcome(walls.namespaces(own | {"user": HOST_USER, "pid": "pid:[4026531836]"})) == (
        FAILED,
        "the host's: pid, user",
    )


def test_one_mount_with_setuid_programs_is_one_too_many() -> None:
    text = "1 0 0:1 / / rw - ext4 x rw\n2 1 0:1 / /a/state rw,nosuid,nodev - ext4 x rw\n"
    assert outcome(walls.mounts(text, ["/a/state"])) == (OK, "/a/state: nodev,nosuid")
    assert outcome(walls.mounts(text, ["/a/claude", "/a/state"])) == (
        FAILED,
        "/a/claude: neither nosuid nor nodev; /a/state: nodev,nosuid",
    )
    assert outcome(walls.mounts("", ["/a"])) == (FAILED, "/a: neither nosuid nor nodev")


def test_what_can_be_written_is_good_for_the_state_and_bad_for_the_socket() -> None:
    assert outcome(walls.state_directory("/s", None)) == (OK, "/s: can be written")
    assert outcome(walls.state_directory("/s", "No space left")) == (FAILED, "/s: No space left")
    assert outcome(walls.socket_directory("/r", "Read-only file system")) == (OK, "/r: Read-only file system")
    assert outcome(walls.socket_directory("/r", None)) == (FAILED, "/r: can be written")


def test_others_and_the_brokers_files_are_named_when_they_are_visible() -> None:
    assert outcome(walls.other_agents("/agents", ["alice"], "alice")) == (OK, "/agents: nothing but alice")
    assert outcome(walls.other_agents("/agents", None, "alice")) == (OK, "/agents: cannot be listed")
    assert outcome(walls.other_agents("/agents", ["bob", "alice"], "alice")) == (FAILED, "/agents: bob")
    assert outcome(walls.broker_files(["/x", "/y"], [])) == (OK, "not visible: /x, /y")
    assert outcome(walls.broker_files(["/x", "/y"], ["/y"])) == (FAILED, "visible: /y")


def test_one_address_that_takes_a_connection_is_enough() -> None:
    assert outcome(walls.dashboard({"10.0.0.1:7": False, "127.0.0.1:7": True})) == (
        FAILED,
        "10.0.0.1:7 takes no connection; 127.0.0.1:7 takes a connection",
    )
    assert outcome(walls.dashboard({"127.0.0.1:7": False})) == (OK, "127.0.0.1:7 takes no connection")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("  eth0: 1 1\n", (OK, "eth0, lo")),
        (" host0: 1 1\n sit0: 0 0\n", (OK, "host0, lo")),
        ("", (OK, "lo")),
        ("  eth0: 1\n  wlan0: 1\n", (FAILED, "eth0, lo, wlan0")),
    ],
)
def test_only_the_links_of_a_container_are_expected(more: str, expected: tuple[Outcome, str]) -> None:
    assert outcome(walls.network(NET_DEV.format(more))) == expected


def test_what_the_kernel_lets_through_is_named() -> None:
    assert outcome(walls.sysctls(["/a", "/b"], [])) == (OK, "refused or not there: /a, /b")
    assert outcome(walls.sysctls(["/a", "/b"], ["/b"])) == (FAILED, "can be opened for writing: /b")
    assert outcome(walls.devices("Operation not permitted")) == (OK, "mknod: Operation not permitted")
    assert outcome(walls.devices(None)) == (FAILED, "mknod: a device could be made")


@pytest.mark.parametrize(
    ("capabilities", "user", "disabled", "expected"),
    [
        ("000001ffffffffff", HOST_USER, "0\n", (FAILED, "CAP_SYS_MODULE counts on the host")),
        ("000001ffffffffff", OWN_USER, "0\n", (OK, "CAP_SYS_MODULE counts inside alone")),
        ("000001fffffeffff", HOST_USER, "", (OK, "CAP_SYS_MODULE is not there")),
        (
            "000001ffffffffff",
            HOST_USER,
            "1\n",
            (OK, "nobody can load any until the host is started again"),
        ),
    ],
)
def test_modules_need_a_capability_that_counts(
    capabilities: str, user: str, disabled: str, expected: tuple[Outcome, str]
) -> None:
    status = f"Name:\tx\nCapPrm:\t0\nCapEff:\t{capabilities}\n"
    assert outcome(walls.kernel_modules(status, user, disabled)) == expected


def test_limits_out_of_sight_are_no_failure_inside_and_one_outside() -> None:
    none = {"memory": None, "tasks": None, "cpu": None}
    some = {"memory": 1048576.0, "tasks": 5.0, "cpu": None}
    full = some | {"cpu": 50.0}
    assert [walls.limits_inside(one).outcome for one in (none, some, full)] == [SKIPPED, SKIPPED, OK]
    assert [walls.limits(one).outcome for one in (none, some, full)] == [FAILED, FAILED, OK]
    assert walls.limits(full).found == "1 MiB of memory, 5 tasks, 50 % of a processor"


@pytest.mark.parametrize(
    ("text", "writable", "expected"),
    [
        ('{"permissions": {}}', [], (OK, "/m: cannot be written")),
        (None, [], (FAILED, "/m: is not there or cannot be read")),
        ("{", [], (FAILED, "/m: is no JSON, so Claude Code ignores it")),
        ("{}", ["/m", "/"], (FAILED, "can be written: /m, /")),
    ],
)
def test_managed_settings_are_there_to_stay(
    text: str | None, writable: list[str], expected: tuple[Outcome, str]
) -> None:
    assert outcome(walls.managed_settings("/m", text, writable)) == expected


def test_the_nix_daemon_is_for_those_who_were_given_nix() -> None:
    assert outcome(walls.nix_daemon("/n", "Permission denied", None)) == (OK, "/n: Permission denied")
    assert outcome(walls.nix_daemon("/n", None, "/bin/nix")) == (
        NONE,
        "/n takes connections, and it has /bin/nix",
    )
    assert outcome(walls.nix_daemon("/n", None, None)) == (FAILED, "/n takes connections")


def test_the_peer_is_root_of_its_own_range() -> None:
    assert outcome(walls.peer(BASE, BASE, 990)) == (OK, f"uid {BASE}, the first of its range")
    assert outcome(walls.peer(BASE + 5, BASE, 990)) == (FAILED, f"uid {BASE + 5}, of its range")
    assert outcome(walls.peer(BASE + 65536, BASE, 990)) == (FAILED, f"uid {BASE + 65536}, not its own")
    assert outcome(walls.peer(990, BASE, 990)) == (FAILED, "uid 990, the broker's own")
    assert outcome(walls.peer(0, BASE, 990)) == (FAILED, "uid 0, not its own")


def test_a_socket_is_an_identity_only_while_others_are_kept_away() -> None:
    assert outcome(walls.socket("/a/s", "/a/s", 0o40700, 990, 990)) == (OK, "/a/s, closed to all others")
    assert outcome(walls.socket("/a/s", "/a/s", 0o40711, 990, 990)) == (
        FAILED,
        "/a/s, open to others (mode 0711)",
    )
    assert walls.socket("/a/s", "/a/s", 0o40700, 1000, 990).outcome is FAILED
    assert outcome(walls.socket("/b/s", "/a/s", 0o40700, 990, 990)) == (FAILED, "/b/s in place of /a/s")


def test_files_belong_to_the_range_alone() -> None:
    good = walls.files("/s", BASE, 0o40700, BASE, safe=True)
    assert outcome(good) == (OK, f"/s: uid {BASE}, mode 0700, nosuid and nodev")
    bad = [
        walls.files("/s", 0, 0o40700, BASE, safe=True),
        walls.files("/s", BASE, 0o40755, BASE, safe=True),
        walls.files("/s", BASE, 0o40700, BASE, safe=False),
    ]
    assert [one.outcome for one in bad] == [FAILED] * 3
    assert bad[2].found == f"/s: uid {BASE}, mode 0700, not nosuid and nodev"


def test_a_disk_is_the_agents_own_and_within_its_limit() -> None:
    mib = 1024 * 1024
    assert outcome(walls.disk("/s", 256 * mib, own=True)) == (OK, "/s: a file system of 256 MiB of its own")
    assert outcome(walls.disk("/s", 9 * mib, own=False)) == (
        FAILED,
        "/s: a file system of 9 MiB that is the broker's as well",
    )
    assert outcome(walls.disk_inside({"/s": 255 * mib, "/": 256 * mib}, 256)) == (
        OK,
        "/s: 255 MiB, /: 256 MiB; its limit is 256",
    )
    assert walls.disk_inside({"/s": 255 * mib, "/": 257 * mib}, 256).outcome is FAILED
