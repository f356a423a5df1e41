"""Network namespaces inside of the test itself: a thread each, so that they end with it in any case."""

import ctypes
import os
import select
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_CLONE_NEWNET: Final = 0x40000000
_IP_TRANSPARENT: Final = 19
_AWAITED_SECONDS: Final = 10
_SURPRISE_SECONDS: Final = 0.5
#: `tools/install-network` installs them on Debian.
_PROGRAMS: Final = ("ip", "nft")

#: Where a connection goes: an address, with `%` and a link for IPv6's link-local ones, and a TCP port.
Target = tuple[str, int]


class Namespace:
    """A network namespace with nothing but a loopback device that is up."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._resources = ExitStack()
        self.path: Final = Path(f"/proc/{os.getpid()}/task/{self.run(_unshare)}/ns/net")
        self.command("ip", "link", "set", "lo", "up")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()
        self._thread.shutdown()

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function inside; a socket that it makes stays inside when it is used elsewhere."""
        return self._thread.submit(function, *args, **kwargs).result(timeout=20)

    def command(self, *words: str, given: str | None = None) -> str:
        """What a program prints inside, when it is handed `given`."""
        done = self.run(
            subprocess.run, words, input=given, capture_output=True, text=True, check=False, timeout=10
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return str(done.stdout)

    def setting(self, name: str, value: int) -> None:
        """Set a `net` sysctl, named by its path."""
        self.run(Path("/proc/sys/net", name).write_text, str(value))

    def udp(self, address: str, port: int) -> socket.socket:
        """A datagram socket at an address that need not be one of the namespace's."""
        found = self._keep(socket.AF_INET, socket.SOCK_DGRAM)
        found.setsockopt(socket.IPPROTO_IP, _IP_TRANSPARENT, 1)
        found.bind((address, port))
        return found

    def serve(self, address: str, port: int) -> socket.socket:
        """A listening socket."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        found = self._keep(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind((address, port))
        found.listen(64)
        return found

    def ping(self, address: str) -> socket.socket:
        """Send an ICMP echo request; the answer comes to the socket that is returned."""
        found = self._keep(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        found.connect((address, 0))
        found.send(bytes.fromhex("0800f7fd00010001"))
        return found

    def raw6(self, device: str) -> socket.socket:
        """A socket for whole ICMPv6 messages on one link."""
        found = self._keep(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        return found

    def connect(self, target: Target) -> socket.socket:
        """A socket that is on its way to a target; it does not block."""
        address, port = target
        found = self._keep(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        found.setblocking(False)
        plain, _, link = address.partition("%")
        scope = self.run(socket.if_nametoindex, link) if link else 0
        found.connect_ex((plain, port, 0, scope) if ":" in plain else (plain, port))
        return found

    def reached(self, targets: Iterable[Target], awaited: Collection[Target] = ()) -> set[Target]:
        """Which of the targets take a connection, all tried at once.

        Args:
            targets: What to try.
            awaited: Those of them that get ten seconds; a surprise gets half a second after them.
        """
        waiting = {self.connect(target): target for target in targets}
        found: set[Target] = set()
        deadline = time.monotonic() + _AWAITED_SECONDS
        surprises = False
        while waiting:
            if found.issuperset(awaited) and not surprises:
                surprises = True
                deadline = time.monotonic() + _SURPRISE_SECONDS
            _, ready, _ = select.select([], waiting, [], max(0, deadline - time.monotonic()))
            if not ready:
                break
            for connection in ready:
                target = waiting.pop(connection)
                if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    found.add(target)
        return found

    def _keep(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        return self._resources.enter_context(self.run(socket.socket, family, kind, protocol))


def link(one: Namespace, its_name: str, other: Namespace, other_name: str) -> None:
    """Join two namespaces with a cable; both ends are up."""
    end = ["type", "veth", "peer", "name", other_name, "netns", str(other.path)]
    one.command("ip", "link", "add", its_name, *end)
    one.command("ip", "link", "set", its_name, "up")
    other.command("ip", "link", "set", other_name, "up")


def missing() -> str | None:
    """What this machine lacks for the above, or None."""
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            return f"no program {program}: install Debian's packages iproute2 and nftables"
    try:
        with Namespace() as trial:
            trial.command("nft", "add", "table", "inet", "trial")
            trial.setting("ipv4/ip_forward", 1)
    except (OSError, AssertionError) as error:
        return f"no network namespaces with nftables here (they need root): {error}"
    return None


def answers(connection: socket.socket, seconds: float = 5.0) -> bool:
    """Whether something comes to read within `seconds`."""
    return bool(select.select([connection], [], [], seconds)[0])


def _unshare() -> int:
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return int(library.gettid())
