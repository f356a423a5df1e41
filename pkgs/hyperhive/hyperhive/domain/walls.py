"""Walls around an agent: what it means that a probe was refused, or let through."""

import json
import stat
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from hyperhive.config import UID_RANGE
from hyperhive.domain import limits as rules
from hyperhive.domain.mounts import mount_of
from hyperhive.domain.selftest import observed, unclear
from hyperhive.protocol.selftest import Observation, Outcome

#: Inode numbers that the kernel gives to its first namespaces, which are the host's.
FIRST_NAMESPACES: Final = {
    "user": 0xEFFFFFFD,
    "pid": 0xEFFFFFFC,
    "ipc": 0xEFFFFFFF,
    "uts": 0xEFFFFFFE,
    "cgroup": 0xEFFFFFFB,
}
_SAFE_OPTIONS: Final = frozenset({"nosuid", "nodev"})
_OWN_LINKS: Final = frozenset({"lo", "eth0", "host0"})
#: Without a peer they lead nowhere; some kernels put them into every network namespace.
_IDLE_LINKS: Final = frozenset(
    {"tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"}
)
_CAP_SYS_MODULE: Final = 16
_MIB: Final = 1024 * 1024


def user_range(uid_map: str, base: int) -> Observation:
    """Root inside is `base` outside, and nothing beyond the range is mapped."""
    rows = [tuple(int(number) for number in line.split()) for line in uid_map.splitlines()]
    words = [f"uids {own} to {own + count - 1} are the host's from {host}" for own, host, count in rows]
    return observed("user range", "; ".join(words) or "no uid is mapped", held=rows == [(0, base, UID_RANGE)])


def namespaces(links: Mapping[str, str]) -> Observation:
    """None of the namespaces (`user` -> `user:[4026531837]`) is the host's."""
    shared = sorted(
        kind for kind, inode in FIRST_NAMESPACES.items() if links.get(kind) == f"{kind}:[{inode}]"
    )
    own = sorted(kind for kind in FIRST_NAMESPACES if kind not in shared)
    found = f"the host's: {', '.join(shared)}" if shared else f"its own: {', '.join(own)}"
    return observed("namespaces", found, held=not shared)


def mounts(mountinfo: str, paths: Iterable[str]) -> Observation:
    """Everything durable lies on mounts without setuid programs and devices."""
    words, held = [], True
    for path in paths:
        mount = mount_of(mountinfo, path)
        options = frozenset() if mount is None else mount.options
        held = held and options >= _SAFE_OPTIONS
        words.append(f"{path}: {','.join(sorted(options & _SAFE_OPTIONS)) or 'neither nosuid nor nodev'}")
    return observed("mounts", "; ".join(words), held=held)


def socket_directory(path: str, refusal: str | None) -> Observation:
    """Nothing can be made beside the broker's socket; `refusal` is None when something could."""
    return observed("socket directory", f"{path}: {refusal or 'can be written'}", held=refusal is not None)


def state_directory(path: str, refusal: str | None) -> Observation:
    """The agent's own directory can be written."""
    return observed("state directory", f"{path}: {refusal or 'can be written'}", held=refusal is None)


def other_agents(root: str, names: Iterable[str] | None, own: str) -> Observation:
    """Beside the agent's own directory there is none in `root`; `names` is None when it cannot be listed."""
    others = sorted(set(names or ()) - {own})
    found = "cannot be listed" if names is None else ", ".join(others) or f"nothing but {own}"
    return observed("other agents", f"{root}: {found}", held=not others)


def broker_files(hidden: Sequence[str], visible: Sequence[str]) -> Observation:
    """None of the broker's files is there."""
    found = f"visible: {', '.join(visible)}" if visible else f"not visible: {', '.join(hidden)}"
    return observed("broker's files", found, held=not visible)


def dashboard(reached: Mapping[str, bool]) -> Observation:
    """None of the addresses took a connection."""
    words = [
        f"{address} {'takes a' if taken else 'takes no'} connection" for address, taken in reached.items()
    ]
    return observed("dashboard", "; ".join(words), held=not any(reached.values()))


def network(net_dev: str) -> Observation:
    """The links in the text of `/proc/net/dev` are those that a container gets."""
    links = {line.partition(":")[0].strip() for line in net_dev.splitlines() if ":" in line}
    shown = sorted(links - _IDLE_LINKS)
    return observed("network", ", ".join(shown) or "no link at all", held=set(shown) <= _OWN_LINKS)


def sysctls(tried: Sequence[str], opened: Sequence[str]) -> Observation:
    """None of the kernel's dangerous settings could be opened for writing."""
    found = (
        f"can be opened for writing: {', '.join(opened)}"
        if opened
        else f"refused or not there: {', '.join(tried)}"
    )
    return observed("sysctls", found, held=not opened)


def devices(refusal: str | None) -> Observation:
    """A device could not be made."""
    return observed("devices", f"mknod: {refusal or 'a device could be made'}", held=refusal is not None)


def kernel_modules(status: str, user_link: str, disabled: str) -> Observation:
    """The capability to load modules is not there, or does not count.

    Args:
        status: Text of `/proc/self/status`.
        user_link: The user namespace, as in `namespaces`.
        disabled: Text of `/proc/sys/kernel/modules_disabled`; may be empty.
    """
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff:\t0")
    capable = bool(int(line.split()[1], 16) >> _CAP_SYS_MODULE & 1)
    if disabled.strip() == "1":
        return observed("kernel modules", "nobody can load any until the host is started again", held=True)
    if not capable:
        return observed("kernel modules", "CAP_SYS_MODULE is not there", held=True)
    hosts = user_link == f"user:[{FIRST_NAMESPACES['user']}]"
    words = "counts on the host" if hosts else "counts inside alone"
    return observed("kernel modules", f"CAP_SYS_MODULE {words}", held=not hosts)


def limits_inside(limits: Mapping[str, float | None]) -> Observation:
    """Limits as they look from inside; one that is not to be seen may still be the container's own."""
    if None in limits.values():
        return unclear("limits inside", Outcome.SKIPPED, rules.shown(limits))
    return observed("limits inside", rules.shown(limits), held=True)


def limits(found: Mapping[str, float | None]) -> Observation:
    """Limits as the broker sees them: memory, tasks and processor time all have one."""
    return observed("limits", rules.shown(found), held=None not in found.values())


def managed_settings(path: str, text: str | None, writable: Sequence[str]) -> Observation:
    """Claude Code's managed settings are there and neither they nor their directory can be written."""
    name = "managed settings"
    if text is None:
        return observed(name, f"{path}: is not there or cannot be read", held=False)
    try:
        json.loads(text)
    except ValueError:
        return observed(name, f"{path}: is no JSON, so Claude Code ignores it", held=False)
    if writable:
        return observed(name, f"can be written: {', '.join(writable)}", held=False)
    return observed(name, f"{path}: cannot be written", held=True)


def disk_inside(sizes: Mapping[str, int], limit_mib: int) -> Observation:
    """No file system that the agent keeps files on is larger than its limit.

    Args:
        sizes: Path -> bytes of the file system there.
        limit_mib: What the agent's configuration says.
    """
    words = ", ".join(f"{path}: {size // _MIB} MiB" for path, size in sizes.items())
    held = all(size <= limit_mib * _MIB for size in sizes.values())
    return observed("disk inside", f"{words}; its limit is {limit_mib}", held=held)


def nix_daemon(path: str, refusal: str | None, program: str | None) -> Observation:
    """The host's Nix daemon takes no connection; an agent with a `nix` program was given it."""
    if refusal is not None:
        return observed("Nix daemon", f"{path}: {refusal}", held=True)
    if program is not None:
        return unclear("Nix daemon", Outcome.NONE, f"{path} takes connections, and it has {program}")
    return observed("Nix daemon", f"{path} takes connections", held=False)


def peer(uid: int, base: int, own: int) -> Observation:
    """The connection's uid is `base`, root of the agent's range; `own` is the broker's uid."""
    if uid == base:
        return observed("peer", f"uid {uid}, the first of its range", held=True)
    where = (
        "the broker's own" if uid == own else "of its range" if 0 < uid - base < UID_RANGE else "not its own"
    )
    return observed("peer", f"uid {uid}, {where}", held=False)


def socket(address: str, expected: str, parent_mode: int, parent_uid: int, own: int) -> Observation:
    """The connection came on the agent's own socket, below a directory that only the broker may enter."""
    closed = stat.S_IMODE(parent_mode) & 0o077 == 0 and parent_uid == own
    words = "closed to all others" if closed else f"open to others (mode {stat.S_IMODE(parent_mode):04o})"
    if address != expected:
        return observed("socket", f"{address} in place of {expected}", held=False)
    return observed("socket", f"{address}, {words}", held=closed)


def files(path: str, uid: int, mode: int, base: int, *, safe: bool) -> Observation:
    """The agent's state directory belongs to its range alone; `safe` says nosuid and nodev."""
    private = stat.S_IMODE(mode) & 0o077 == 0
    words = f"{path}: uid {uid}, mode {stat.S_IMODE(mode):04o}, {'' if safe else 'not '}nosuid and nodev"
    return observed("files", words, held=uid == base and private and safe)


def disk(path: str, size: int, *, own: bool) -> Observation:
    """The agent's files lie on a file system of `size` bytes; `own` says that it is not the broker's."""
    whose = "of its own" if own else "that is the broker's as well"
    return observed("disk", f"{path}: a file system of {size // _MIB} MiB {whose}", held=own)
