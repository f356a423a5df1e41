"""What the observations of a container, and of a weakened one, mean."""

import pytest

from hyperhive.config import uid_base
from hyperhive.diagnosis import isolation
from hyperhive.diagnosis.isolation import effective, mount_options, own_group, shown
from hyperhive.diagnosis.probe import Judgement
from hyperhive.protocol.diagnosis import Outcome

BASE = uid_base("alice")
HOST_USER = "user:[4026531837]"
OWN_USER = "user:[4026532574]"
NET_DEV = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0
{}"""

MOUNTINFO = """\
22 27 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:5 - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 254:0 /a /agents rw,noatime - ext4 /dev/vda rw
41 40 254:0 /a/state /agents/alice/state rw,nosuid,nodev,relatime master:3 - ext4 /dev/vda rw
42 27 254:0 /sp /with\\040space ro,relatime - ext4 /dev/vda rw
43 40 0:99 / /agents/alice/state rw,nodev - tmpfs tmpfs rw

cut off
"""


def outcome(seen: Judgement) -> tuple[Outcome, str]:
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
    assert outcome(isolation.user_range(text, BASE)) == expected


def test_a_namespace_of_the_hosts_is_named() -> None:
    own = {"user": OWN_USER, "pid": "pid:[4026532578]", "ipc": "ipc:[4026532577]"}
    assert outcome(isolation.namespaces(own)) == (OK, "its own: cgroup, ipc, pid, user, uts")
    assert outcome(isolation.namespaces(own | {"user": HOST_USER, "pid": "pid:[4026531836]"})) == (
        FAILED,
        "the host's: pid, user",
    )


def test_one_mount_with_setuid_programs_is_one_too_many() -> None:
    text = "1 0 0:1 / / rw - ext4 x rw\n2 1 0:1 / /a/state rw,nosuid,nodev - ext4 x rw\n"
    assert outcome(isolation.mounts(text, ["/a/state"])) == (OK, "/a/state: nodev,nosuid")
    assert outcome(isolation.mounts(text, ["/a/claude", "/a/state"])) == (
        FAILED,
        "/a/claude: neither nosuid nor nodev; /a/state: nodev,nosuid",
    )
    assert outcome(isolation.mounts("", ["/a"])) == (FAILED, "/a: neither nosuid nor nodev")


def test_what_can_be_written_is_good_for_the_state_and_bad_for_the_socket() -> None:
    assert outcome(isolation.state_directory("/s", None)) == (OK, "/s: can be written")
    assert outcome(isolation.state_directory("/s", "No space left")) == (FAILED, "/s: No space left")
    assert outcome(isolation.socket_directory("/r", "Read-only file system")) == (
        OK,
        "/r: Read-only file system",
    )
    assert outcome(isolation.socket_directory("/r", None)) == (FAILED, "/r: can be written")


def test_others_and_the_brokers_files_are_named_when_they_are_visible() -> None:
    assert outcome(isolation.other_agents("/agents", ["alice"], "alice")) == (
        OK,
        "/agents: nothing but alice",
    )
    assert outcome(isolation.other_agents("/agents", None, "alice")) == (OK, "/agents: cannot be listed")
    assert outcome(isolation.other_agents("/agents", ["bob", "alice"], "alice")) == (FAILED, "/agents: bob")
    assert outcome(isolation.broker_files(["/x", "/y"], [])) == (OK, "not visible: /x, /y")
    assert outcome(isolation.broker_files(["/x", "/y"], ["/y"])) == (FAILED, "visible: /y")


def test_one_address_that_takes_a_connection_is_enough() -> None:
    assert outcome(isolation.dashboard({"10.0.0.1:7": False, "127.0.0.1:7": True})) == (
        FAILED,
        "10.0.0.1:7 takes no connection; 127.0.0.1:7 takes a connection",
    )
    assert outcome(isolation.dashboard({"127.0.0.1:7": False})) == (OK, "127.0.0.1:7 takes no connection")


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
    assert outcome(isolation.network(NET_DEV.format(more))) == expected


def test_what_the_kernel_lets_through_is_named() -> None:
    assert outcome(isolation.sysctls(["/a", "/b"], [])) == (OK, "refused or not there: /a, /b")
    assert outcome(isolation.sysctls(["/a", "/b"], ["/b"])) == (FAILED, "can be opened for writing: /b")
    assert outcome(isolation.devices("Operation not permitted")) == (OK, "mknod: Operation not permitted")
    assert outcome(isolation.devices(None)) == (FAILED, "mknod: a device could be made")


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
    assert outcome(isolation.kernel_modules(status, user, disabled)) == expected


def test_limits_out_of_sight_are_no_failure_inside() -> None:
    none = {"memory": None, "tasks": None, "cpu": None}
    some = {"memory": 1048576.0, "tasks": 5.0, "cpu": None}
    full = some | {"cpu": 50.0}
    assert [isolation.limits_inside(one).outcome for one in (none, some, full)] == [SKIPPED, SKIPPED, OK]
    assert isolation.limits_inside(full).found == "1 MiB of memory, 5 tasks, 50 % of a processor"


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
    assert outcome(isolation.managed_settings("/m", text, writable)) == expected


def test_the_nix_daemon_is_for_those_who_were_given_nix() -> None:
    assert outcome(isolation.nix_daemon("/n", "Permission denied", None)) == (OK, "/n: Permission denied")
    assert outcome(isolation.nix_daemon("/n", None, "/bin/nix")) == (
        NONE,
        "/n takes connections, and it has /bin/nix",
    )
    assert outcome(isolation.nix_daemon("/n", None, None)) == (FAILED, "/n takes connections")


def test_a_disk_is_within_its_limit() -> None:
    mib = 1024 * 1024
    assert outcome(isolation.disk_inside({"/s": 255 * mib, "/": 256 * mib}, 256)) == (
        OK,
        "/s: 255 MiB, /: 256 MiB; its limit is 256",
    )
    assert isolation.disk_inside({"/s": 255 * mib, "/": 257 * mib}, 256).outcome is FAILED


def test_the_deepest_and_latest_mount_above_a_path_is_its_own() -> None:
    assert mount_options(MOUNTINFO, "/agents/alice/state/x/y") == {"rw", "nodev"}
    assert mount_options(MOUNTINFO, "/agents/alice") == {"rw", "noatime"}


def test_a_name_that_only_begins_the_same_is_not_below() -> None:
    assert mount_options(MOUNTINFO, "/agents-of-others") == {"rw", "relatime"}


def test_escaped_characters_are_read() -> None:
    assert mount_options(MOUNTINFO, "/with space/x") == {"ro", "relatime"}


def test_without_a_word_about_a_path_there_is_no_mount() -> None:
    assert mount_options("", "/x") == frozenset()


def test_the_group_is_that_of_the_unified_hierarchy() -> None:
    assert own_group("9:name=systemd:/a\n0::/machine.slice/x\n") == "/machine.slice/x"
    assert own_group("8:pids:/\n") is None


def test_the_smallest_limit_on_the_way_up_counts() -> None:
    texts = {
        "memory.max": ["max", "4294967296", "8589934592"],
        "pids.max": ["max", "1024"],
        "cpu.max": ["max 100000", "200000 100000"],
    }
    found = effective(texts)
    assert found == {"memory": 4294967296.0, "tasks": 1024.0, "cpu": 200.0}
    assert shown(found) == "4096 MiB of memory, 1024 tasks, 200 % of a processor"


def test_without_files_or_with_max_alone_there_is_no_limit() -> None:
    found = effective({"memory.max": ["max"], "cpu.max": ["max 100000", ""]})
    assert found == {"memory": None, "tasks": None, "cpu": None}
    assert shown(found) == "memory without limit, tasks without limit, processor without limit"
