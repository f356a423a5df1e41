"""Isolation of an agent as its harness sees it: what is tried from inside, and what that means."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hyperhive.config import UID_RANGE, HarnessConfig, uid_base
from hyperhive.diagnosis.probe import Judgement, Probe, failed, judged, ok, skipped
from hyperhive.errors import HyperhiveError
from hyperhive.protocol.agents import Me
from hyperhive.protocol.diagnosis import Outcome
from hyperhive.protocol.link import RunSelfTest
from hyperhive.system import probes
from hyperhive.system.installation import bundled_claude

#: Less than the broker waits for all of it.
INSIDE_SECONDS: Final = 20.0
#: Files of a control group that limit something, and what.
LIMIT_FILES: Final = {"memory.max": "memory", "pids.max": "tasks", "cpu.max": "cpu"}
#: Inode numbers that the kernel gives to its first namespaces, which are the host's.
FIRST_NAMESPACES: Final = {
    "user": 0xEFFFFFFD,
    "pid": 0xEFFFFFFC,
    "ipc": 0xEFFFFFFF,
    "uts": 0xEFFFFFFE,
    "cgroup": 0xEFFFFFFB,
}
_SAFE_OPTIONS: Final = {"nosuid", "nodev"}
_OWN_LINKS: Final = frozenset({"lo", "eth0", "host0"})
#: Without a peer they lead nowhere; some kernels put them into every network namespace.
_IDLE_LINKS: Final = frozenset(
    {"tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"}
)
_CAP_SYS_MODULE: Final = 16
_MIB: Final = 1024 * 1024
_UNLIMITED: Final = "max"
_ESCAPED: Final = re.compile(r"\\([0-7]{3})")
_BROKER_SECONDS: Final = 5.0
_LOOPBACK: Final = "127.0.0.1"
#: Settings with which root of the host would be done for.
_SYSCTLS: Final = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger")
_MANAGED: Final = "/etc/claude-code/managed-settings.json"
_NIX_DAEMON: Final = "/nix/var/nix/daemon-socket/socket"


def mount_options(mountinfo: str, path: str) -> frozenset[str]:
    """Options of the mount that a path, absolute and without links and `..`, lies on; none when unknown.

    `mountinfo` is the text of `/proc/PID/mountinfo`.
    """
    deepest, options = "", frozenset[str]()
    for line in mountinfo.splitlines():
        fields = line.split(" ")
        if len(fields) < 6:
            continue
        point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        # Of two at one place the later one covers the earlier.
        if inside and len(point) >= len(deepest):
            deepest, options = point, frozenset(fields[5].split(","))
    return options


def own_group(cgroup: str) -> str | None:
    """Path of the control group in the text of `/proc/PID/cgroup`; None without the unified hierarchy."""
    return next((line[3:] for line in cgroup.splitlines() if line.startswith("0::")), None)


def effective(texts: Mapping[str, Iterable[str]]) -> dict[str, float | None]:
    """The smallest limit for `memory` in bytes, `tasks`, and `cpu` in percent of one core; None is no limit.

    `texts`: file name -> what it says in the group and in each group above it.
    """
    found: dict[str, float | None] = {}
    for file, what in LIMIT_FILES.items():
        numbers = [number for text in texts.get(file, ()) if (number := _number(text)) is not None]
        found[what] = min(numbers, default=None)
    return found


def shown(limits: Mapping[str, float | None]) -> str:
    memory, tasks, cpu = (limits.get(what) for what in ("memory", "tasks", "cpu"))
    return ", ".join(
        (
            "memory without limit" if memory is None else f"{memory / _MIB:.0f} MiB of memory",
            "tasks without limit" if tasks is None else f"{tasks:.0f} tasks",
            "processor without limit" if cpu is None else f"{cpu:.0f} % of a processor",
        )
    )


def _number(text: str) -> float | None:
    """A limit; `cpu.max` has two numbers, the time in each period and the period's length."""
    limit, *period = text.split() or [_UNLIMITED]
    if limit == _UNLIMITED:
        return None
    return 100 * int(limit) / int(period[0]) if period else float(limit)


def user_range(uid_map: str, base: int) -> Judgement:
    rows = [tuple(int(number) for number in line.split()) for line in uid_map.splitlines()]
    words = [f"uids {own} to {own + count - 1} are the host's from {host}" for own, host, count in rows]
    return judged("; ".join(words) or "no uid is mapped", held=rows == [(0, base, UID_RANGE)])


def namespaces(links: Mapping[str, str]) -> Judgement:
    """None of the namespaces (`user` -> `user:[4026531837]`) is the host's."""
    shared = sorted(
        kind for kind, inode in FIRST_NAMESPACES.items() if links.get(kind) == f"{kind}:[{inode}]"
    )
    own = sorted(kind for kind in FIRST_NAMESPACES if kind not in shared)
    found = f"the host's: {', '.join(shared)}" if shared else f"its own: {', '.join(own)}"
    return judged(found, held=not shared)


def mounts(mountinfo: str, paths: Iterable[str]) -> Judgement:
    safe = {path: sorted(mount_options(mountinfo, path) & _SAFE_OPTIONS) for path in paths}
    words = [f"{path}: {','.join(options) or 'neither nosuid nor nodev'}" for path, options in safe.items()]
    return judged("; ".join(words), held=all(set(options) == _SAFE_OPTIONS for options in safe.values()))


def socket_directory(path: str, refusal: str | None) -> Judgement:
    return judged(f"{path}: {refusal or 'can be written'}", held=refusal is not None)


def state_directory(path: str, refusal: str | None) -> Judgement:
    return judged(f"{path}: {refusal or 'can be written'}", held=refusal is None)


def other_agents(root: str, names: Iterable[str] | None, own: str) -> Judgement:
    """Beside the agent's own directory there is none in `root`; `names` is None when it cannot be listed."""
    others = sorted(set(names or ()) - {own})
    found = "cannot be listed" if names is None else ", ".join(others) or f"nothing but {own}"
    return judged(f"{root}: {found}", held=not others)


def broker_files(hidden: Sequence[str], visible: Sequence[str]) -> Judgement:
    found = f"visible: {', '.join(visible)}" if visible else f"not visible: {', '.join(hidden)}"
    return judged(found, held=not visible)


def dashboard(reached: Mapping[str, bool]) -> Judgement:
    words = [
        f"{address} {'takes a' if taken else 'takes no'} connection" for address, taken in reached.items()
    ]
    return judged("; ".join(words), held=not any(reached.values()))


def network(net_dev: str) -> Judgement:
    """The links in the text of `/proc/net/dev` are those that a container gets."""
    links = {line.partition(":")[0].strip() for line in net_dev.splitlines() if ":" in line}
    busy = sorted(links - _IDLE_LINKS)
    return judged(", ".join(busy) or "no link at all", held=set(busy) <= _OWN_LINKS)


def sysctls(tried: Sequence[str], opened: Sequence[str]) -> Judgement:
    found = (
        f"can be opened for writing: {', '.join(opened)}"
        if opened
        else f"refused or not there: {', '.join(tried)}"
    )
    return judged(found, held=not opened)


def devices(refusal: str | None) -> Judgement:
    return judged(f"mknod: {refusal or 'a device could be made'}", held=refusal is not None)


def kernel_modules(status: str, user_link: str, disabled: str) -> Judgement:
    """The capability to load modules is not there, or does not count.

    Args:
        status: Text of `/proc/self/status`.
        user_link: The user namespace, as in `namespaces`.
        disabled: Text of `/proc/sys/kernel/modules_disabled`; may be empty.
    """
    line = next((line for line in status.splitlines() if line.startswith("CapEff:")), "CapEff:\t0")
    capable = bool(int(line.split()[1], 16) >> _CAP_SYS_MODULE & 1)
    if disabled.strip() == "1":
        return ok("nobody can load any until the host is started again")
    if not capable:
        return ok("CAP_SYS_MODULE is not there")
    hosts = user_link == f"user:[{FIRST_NAMESPACES['user']}]"
    words = "counts on the host" if hosts else "counts inside alone"
    return judged(f"CAP_SYS_MODULE {words}", held=not hosts)


def limits_inside(limits: Mapping[str, float | None]) -> Judgement:
    """Limits as they look from inside; one that is not to be seen may still be the container's own."""
    if None in limits.values():
        return skipped(shown(limits))
    return ok(shown(limits))


def managed_settings(path: str, text: str | None, writable: Sequence[str]) -> Judgement:
    """Claude Code's managed settings are there and neither they nor their directory can be written."""
    if text is None:
        return failed(f"{path}: is not there or cannot be read")
    try:
        json.loads(text)
    except ValueError:
        return failed(f"{path}: is no JSON, so Claude Code ignores it")
    if writable:
        return failed(f"can be written: {', '.join(writable)}")
    return ok(f"{path}: cannot be written")


def disk_inside(sizes: Mapping[str, int], limit_mib: int) -> Judgement:
    """No file system (path -> bytes) that the agent keeps files on is larger than its limit."""
    words = ", ".join(f"{path}: {size // _MIB} MiB" for path, size in sizes.items())
    held = all(size <= limit_mib * _MIB for size in sizes.values())
    return judged(f"{words}; its limit is {limit_mib}", held=held)


def nix_daemon(path: str, refusal: str | None, program: str | None) -> Judgement:
    """The host's Nix daemon takes no connection; an agent with a `nix` program was given it."""
    if refusal is not None:
        return ok(f"{path}: {refusal}")
    if program is not None:
        return Judgement(Outcome.NONE, f"{path} takes connections, and it has {program}")
    return failed(f"{path} takes connections")


@dataclass(frozen=True)
class Inside:
    config: HarnessConfig
    #: Names what must be out of reach.
    asked: RunSelfTest
    #: Asks the broker who it takes the agent for.
    me: Callable[[], Awaitable[Me]]

    @property
    def name(self) -> str:
        return self.config.agent.name

    @property
    def state(self) -> str:
        return self.config.state_dir


def _mounts(at: Inside) -> tuple[str, list[str]]:
    paths = (at.state, at.config.claude.home)
    return probes.text_of("/proc/self/mountinfo"), [os.path.realpath(path) for path in paths]


def _socket_directory(at: Inside) -> tuple[str, str | None]:
    directory = str(Path(at.config.socket).parent)
    return directory, probes.refused_file_in(directory)


def _other_agents(at: Inside) -> tuple[str, list[str] | None, str]:
    root = str(Path(at.state).parent.parent)
    return root, probes.names_in(root), at.name


def _dashboard(at: Inside) -> tuple[dict[str, bool]]:
    addresses = [address for address in (probes.gateway(), _LOOPBACK) if address is not None]
    return ({f"{one}:{at.asked.port}": probes.takes_connection(one, at.asked.port) for one in addresses},)


def _kernel_modules(_at: Inside) -> tuple[str, str, str]:
    return (
        probes.text_of("/proc/self/status"),
        probes.namespace_links(("user",)).get("user", ""),
        probes.text_of("/proc/sys/kernel/modules_disabled"),
    )


def _limits(_at: Inside) -> tuple[dict[str, float | None]]:
    group = own_group(probes.text_of("/proc/self/cgroup"))
    return (effective({} if group is None else probes.cgroup_texts(group, LIMIT_FILES)),)


def _managed_settings(_at: Inside) -> tuple[str, str | None, list[str]]:
    text = probes.text_of(_MANAGED) or None
    writable = probes.openable((_MANAGED,))
    directory = str(Path(_MANAGED).parent)
    if text is not None and probes.refused_file_in(directory) is None:
        writable.append(directory)
    return _MANAGED, text, writable


async def _claude(at: Inside) -> Judgement:
    program = at.config.claude.cli or bundled_claude()
    if program is None:
        return failed("there is no claude program")
    try:
        version = await probes.version_of(str(program))
    except OSError as error:
        return failed(f"{program}: {error.strerror or error}")
    except subprocess.CalledProcessError:
        version = ""
    return judged(version or f"{program} says nothing", held=bool(version))


async def _broker(at: Inside) -> Judgement:
    try:
        async with asyncio.timeout(_BROKER_SECONDS):
            me = await at.me()
    except TimeoutError:
        return failed(f"no answer within {_BROKER_SECONDS:g} seconds")
    except HyperhiveError as error:
        return failed(error.message)
    return judged(f"answers {me.name}", held=me.name == at.name)


#: What the agent says of itself, in the order in which it is shown.
INSIDE: Final[tuple[Probe[Inside], ...]] = (
    Probe(
        "user_range",
        lambda at: (probes.text_of("/proc/self/uid_map"), uid_base(at.name)),
        user_range,
        "root inside is an account of the host that owns nothing but this agent's files",
        "root inside is root on the host, or an account that others have as well",
    ),
    Probe(
        "namespaces",
        lambda _: (probes.namespace_links(FIRST_NAMESPACES),),
        namespaces,
        "it has its own users, processes and names, and sees none of the host's",
        "what it does there, it does on the host",
    ),
    Probe(
        "mounts",
        _mounts,
        mounts,
        "what it leaves there is never a setuid program or a device",
        "a setuid program that it leaves there could be run on the host",
    ),
    Probe(
        "socket_directory",
        _socket_directory,
        socket_directory,
        "it cannot put anything in the place of the broker's socket",
        "it can replace the broker's socket and play the broker to its own tools",
    ),
    Probe(
        "other_agents",
        _other_agents,
        other_agents,
        "nothing of another agent is to be seen",
        "directories of other agents are to be seen",
    ),
    Probe(
        "broker_files",
        lambda at: (at.asked.hidden, probes.visible(at.asked.hidden)),
        broker_files,
        "database, operator's token and admin socket are not there",
        "whoever can read these files is the operator",
        name="broker's files",
    ),
    Probe(
        "dashboard",
        _dashboard,
        dashboard,
        "it cannot even try to log in",
        "it can try to log in; only the operator's token keeps it out",
    ),
    Probe(
        "network",
        lambda _: (probes.text_of("/proc/net/dev"),),
        network,
        "its only way out leads through the host's packet filter",
        "links that hyperhive's packet filter does not know lead out",
    ),
    Probe(
        "sysctls",
        lambda _: (_SYSCTLS, probes.openable(_SYSCTLS)),
        sysctls,
        "settings of the kernel cannot be changed",
        "it can have the kernel run programs as the host's root",
    ),
    Probe(
        "devices",
        lambda at: (probes.refused_device_in(at.state),),
        devices,
        "it cannot make itself a way to a disk",
        "it can make itself a device and read the host's disk with it",
    ),
    Probe(
        "kernel_modules",
        _kernel_modules,
        kernel_modules,
        "it cannot load code into the kernel",
        "it can load code into the kernel",
    ),
    Probe(
        "limits_inside",
        _limits,
        limits_inside,
        "it sees limits of its own on memory, processes and processor time",
        "it can use up what has no limit",
        unseen="those of its container are out of its sight; see what the broker saw",
    ),
    Probe(
        "disk_inside",
        lambda at: (
            {path: probes.disk_size(path) for path in (at.state, "/")},
            at.config.agent.limits.disk_mib,
        ),
        disk_inside,
        "all that it keeps lies on disks that are no larger than its limit",
        "it keeps files on a disk that is larger than its limit",
    ),
    Probe(
        "managed_settings",
        _managed_settings,
        managed_settings,
        "Claude Code's own rules hold below the harness's, and stay as they are",
        "Claude Code's own rules are missing or can be changed: the harness's gate is alone",
    ),
    Probe(
        "nix_daemon",
        lambda _: (_NIX_DAEMON, probes.refused_socket(_NIX_DAEMON), shutil.which("nix")),
        nix_daemon,
        "it cannot build on the host",
        "it can use the host's Nix daemon without having been given Nix",
        absent="it was given Nix: it can build with the host's daemon and read the whole store",
        name="Nix daemon",
    ),
    Probe(
        "state_directory",
        lambda at: (at.state, probes.refused_file_in(at.state)),
        state_directory,
        "what it learns is kept",
        "it cannot keep anything; look at the owner of its state directory",
        wall=False,
    ),
    Probe(
        "claude",
        _claude,
        held="the program starts",
        broken="the program does not start, so no turn can",
        wall=False,
        name="Claude Code",
    ),
    Probe(
        "broker",
        _broker,
        held="messages come and go",
        broken="its calls to the broker fail, so its tools do, too",
        wall=False,
    ),
)
